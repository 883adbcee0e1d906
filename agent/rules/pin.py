"""A master badge's PIN, tapped on the button: each digit as so many presses and a pause."""

from dataclasses import replace

from agent.access import Denied
from agent.machine import Machine, NoticeKind, Opening, PinEntry
from agent.rules.common import Next, disarmed, notice, refuse
from agent.rules.start import start
from agent.stimuli import CheckPin, PinChecked, Record, Tapped
from wire.messages import AccessDenied, DenialReason, ListExtended, Stamp
from wire.tokens import PIN_DIGITS

PIN_MS = 20_000
DIGIT_MS = 1_200  # a pause of this length ends a digit of the PIN
WRONG_PINS = 3  # then the master badge has to wait for the server


def tries_anew(machine: Machine) -> Next:
    """The wrong ones are forgotten: by the right one, or because the server has been heard of."""
    if not machine.memory.wrong_pins:
        return machine, ()
    memory = replace(machine.memory, wrong_pins=0)
    return replace(machine, memory=memory), (Record(memory=memory),)


def asked(machine: Machine, stimulus: Tapped, now: Stamp) -> Machine | None:
    """Asking for the PIN; None where this is no master badge, or its PIN was wrong too often."""
    if stimulus.master is None or machine.memory.wrong_pins >= WRONG_PINS:
        return None
    entry = PinEntry(stimulus.token, stimulus.master, stimulus.session_id, now.mono_ms + PIN_MS)
    return replace(machine, pin=entry, notice=None)


def pressed(machine: Machine, entry: PinEntry, now: Stamp) -> Next:
    entry = replace(entry, presses=entry.presses + 1, digit_ms=now.mono_ms + DIGIT_MS, until_ms=now.mono_ms + PIN_MS)
    return replace(machine, pin=entry), ()


def digit_done(machine: Machine, entry: PinEntry, now: Stamp) -> Next:
    """The pause after the presses of one digit."""
    digits = entry.digits + str(min(entry.presses, 9))
    entry = replace(entry, digits=digits, presses=0, digit_ms=None)
    if len(digits) < PIN_DIGITS:
        return replace(machine, pin=entry), ()
    return replace(machine, pin=entry), (CheckPin(entry),)


def pin_checked(machine: Machine, stimulus: PinChecked, now: Stamp) -> Next:
    """With the right PIN the expired list holds a while longer, or else the machine starts."""
    entry = machine.pin
    if entry is None:
        return machine, ()
    machine, master = replace(disarmed(machine), notice=None), entry.master
    if hindrances := machine.hindrances(now):
        denied = Denied(hindrances, master.grant.revision, master.holder, master.grant.name, master.grant.lang)
        return refuse(machine, entry.token, denied, now)
    if not stimulus.ok:
        wrong = notice(NoticeKind.PIN_WRONG, now, lang=master.grant.lang)
        event = AccessDenied(
            machine.id, entry.token, master.holder, (DenialReason.PIN_WRONG,), master.grant.revision, now
        )
        memory = replace(machine.memory, wrong_pins=machine.memory.wrong_pins + 1)  # a power cut gives no new tries
        return replace(machine, memory=memory, notice=wrong), (Record((event,), memory=memory),)
    machine, forgotten = tries_anew(machine)
    if master.extend_until_ms is None:
        machine, started = start(machine, Opening(entry.token, master.grant, entry.session_id), now, master=True)
        return machine, (*forgotten, *started)
    revision, until_ms = master.grant.revision, master.extend_until_ms
    memory = replace(machine.memory, extended_revision=revision, extended_until_ms=until_ms)
    told = notice(NoticeKind.LIST_EXTENDED, now, lang=master.grant.lang)
    record = Record((ListExtended(machine.id, master.holder, revision, until_ms, now),), memory=memory)
    return replace(machine, memory=memory, notice=told), (record,)
