"""From a badge to a running machine: the answer, the button where it is asked for, the payer, the master badge's PIN."""

from dataclasses import replace

from agent.access import Denied, Grant
from agent.failures import Failure
from agent.machine import (
    Armed,
    Ask,
    Confirm,
    Machine,
    Memory,
    NoticeKind,
    Offer,
    PinEntry,
    Session,
)
from agent.records import start_of
from agent.rules.common import Next, at_rest, disarmed, notice, refuse, session_of, unlatched
from agent.stimuli import CheckPin, Energise, Latching, NotRecorded, PinChecked, Pressed, Record, Release, Row, Tapped
from wire.messages import (
    AccessDenied,
    DenialReason,
    LatchCleared,
    ListExtended,
    MachineState,
    Stamp,
)
from wire.tokens import PIN_DIGITS

OFFER_MS = 15_000
PIN_MS = 20_000
CLEAR_MS = 5_000
DIGIT_MS = 1_200  # a pause of this length ends a digit of the PIN
WRONG_PINS = 3  # then the master badge has to wait for the server


def tapped_at_rest(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    offer = machine.offer
    machine = disarmed(machine)
    if isinstance(stimulus.answer, Denied):
        return _denied(machine, offer, stimulus, stimulus.answer, now)
    return _granted(machine, stimulus, stimulus.answer, now)


def tapped_while_armed(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """The badge again steps to the next payer; another badge begins anew."""
    armed = machine.armed
    if armed is None or armed.token != stimulus.token or isinstance(stimulus.answer, Denied):
        return tapped_at_rest(machine, stimulus, now)
    grant = stimulus.answer
    paying = (armed.paying + 1) % len(grant.payers)
    until_ms = now.mono_ms + (grant.policy.press_s or 0) * 1000
    return replace(machine, armed=replace(armed, grant=grant, paying=paying, until_ms=until_ms)), ()


def tapped_while_closed(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """Out of service, maintenance or ending: no badge starts anything, whatever the list says (design rule 11). A staff
    badge, twice, clears a reported problem."""
    if stimulus.staff and machine.latch is not None and machine.latch.problem:
        return _clearing(machine, stimulus, now)
    answer = stimulus.answer
    if isinstance(answer, Denied):
        return refuse(machine, stimulus.token, answer, now)
    reason = _WHILE_CLOSED[machine.state]
    denied = Denied(frozenset({reason}), answer.revision, answer.holder, answer.name, answer.lang)
    return refuse(machine, stimulus.token, denied, now)


_WHILE_CLOSED = {
    MachineState.ENDING: DenialReason.FAULT,
    MachineState.OUT_OF_SERVICE: DenialReason.OUT_OF_SERVICE,
    MachineState.MAINTENANCE: DenialReason.MAINTENANCE,
}


def pressed_while_armed(machine: Machine, stimulus: Pressed, now: Stamp) -> Next:
    """What has come in the way since the badge was read is told instead of a start."""
    armed = machine.armed
    if armed is None:
        return machine, ()
    machine, grant = disarmed(machine), armed.grant
    if hindrances := machine.hindrances(now):
        denied = Denied(hindrances, grant.revision, grant.holder, grant.name, grant.lang)
        return refuse(machine, armed.token, denied, now)
    return start(machine, armed.token, grant, armed.session_id, armed.paying, now, chosen=armed.chosen)


def pressed_at_rest(machine: Machine, stimulus: Pressed, now: Stamp) -> Next:
    """One press of a PIN's digit, or the next payer after a closed one."""
    if machine.pin is not None:
        entry = replace(machine.pin, presses=machine.pin.presses + 1, digit_ms=now.mono_ms + DIGIT_MS)
        return replace(machine, pin=replace(entry, until_ms=now.mono_ms + PIN_MS)), ()
    if machine.offer is None:
        return machine, ()
    offer = machine.offer
    paying = 0 if offer.paying is None else (offer.paying + 1) % len(offer.grant.payers)
    offer = replace(offer, paying=paying, until_ms=now.mono_ms + OFFER_MS)
    return replace(machine, offer=offer, notice=None), ()


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
        return replace(machine, wrong_pins=machine.wrong_pins + 1, notice=wrong), (Record((event,)),)
    machine = replace(machine, wrong_pins=0)
    if master.extend_until_ms is None:
        return start(machine, entry.token, master.grant, entry.session_id, 0, now, master=True)
    revision, until_ms = master.grant.revision, master.extend_until_ms
    memory = replace(machine.memory, extended_revision=revision, extended_until_ms=until_ms)
    told = notice(NoticeKind.LIST_EXTENDED, now, lang=master.grant.lang)
    record = Record((ListExtended(machine.id, master.holder, revision, until_ms, now),), memory=memory)
    return replace(machine, memory=memory, notice=told), (record,)


def start(
    machine: Machine,
    token: str,
    grant: Grant,
    session_id: str,
    paying: int,
    now: Stamp,
    *,
    chosen: bool = False,
    master: bool = False,
) -> Next:
    """Evidence first: the record, then the relay (design rule 3). ``chosen``: even the first payer is not the default."""
    session = Session(
        id=session_id,
        machine=machine.id,
        holder=grant.holder,
        name=grant.name,
        lang=grant.lang,
        token=token,
        payers=grant.payers,
        revision=grant.revision,
        started=now,
        policy=grant.policy,
        paying=paying,
        payer_chosen=chosen or paying > 0,
        continues=_continued(machine.memory, grant, now),
        master=master,
    )
    running = replace(
        machine,
        state=MachineState.RUNNING,
        session=session,
        notice=notice(NoticeKind.GRANTED, now, session=session, lang=session.lang),
        failures=machine.failures - {Failure.CONTACT_OPEN},
        past_maximum=False,
        card_out_ms=now.mono_ms if grant.policy.removal_s is not None and machine.lying != token else None,
        switched_ms=now.mono_ms,
    )
    return running, (Record((start_of(session),), Row.PUT, session, first=True), Energise())


def start_not_recorded(machine: Machine, stimulus: NotRecorded, now: Stamp) -> Next:
    """What cannot be written does not start. The denial is shown, and not recorded: there is nothing to record it with."""
    session = session_of(machine)
    denied = Denied(frozenset({DenialReason.FAULT}), session.revision, session.holder, session.name, session.lang)
    shown = notice(NoticeKind.DENIED, now, denied=denied, lang=session.lang)
    return at_rest(replace(machine, state=MachineState.IDLE, session=None, notice=shown)), (Release(),)


# --- parts of these -----------------------------------------------------------------------------------------------------


def _granted(machine: Machine, stimulus: Tapped, grant: Grant, now: Stamp, *, chosen: bool = False) -> Next:
    if grant.policy.press_s is None:
        return start(machine, stimulus.token, grant, stimulus.session_id, 0, now, chosen=chosen)
    until_ms = now.mono_ms + grant.policy.press_s * 1000
    armed = Armed(stimulus.token, grant, stimulus.session_id, until_ms, chosen=chosen)
    return replace(machine, state=MachineState.ARMED, armed=armed, notice=None), ()


def _denied(machine: Machine, offer: Offer | None, stimulus: Tapped, denied: Denied, now: Stamp) -> Next:
    """Another payer chosen at the button, a master badge that asks for its PIN, or the reason why not."""
    grant = denied.otherwise
    if grant is not None and machine.has_button:
        if offer is not None and offer.token == stimulus.token and offer.paying is not None:
            chosen = offer.grant.payers[offer.paying]
            if chosen in grant.payers:
                return _chosen(machine, stimulus, grant, grant.payers.index(chosen), now)
        machine = replace(machine, offer=Offer(stimulus.token, grant, now.mono_ms + OFFER_MS))
        return refuse(machine, stimulus.token, denied, now)
    if stimulus.master is not None and machine.wrong_pins < WRONG_PINS:
        entry = PinEntry(stimulus.token, stimulus.master, stimulus.session_id, now.mono_ms + PIN_MS)
        return replace(machine, pin=entry, notice=None), ()
    return refuse(machine, stimulus.token, denied, now)


def _chosen(machine: Machine, stimulus: Tapped, grant: Grant, paying: int, now: Stamp) -> Next:
    """None of these payers is the default, so whichever is charged was chosen: it stands first from here on."""
    payers = (grant.payers[paying], *grant.payers[:paying], *grant.payers[paying + 1 :])
    return _granted(machine, stimulus, replace(grant, payers=payers), now, chosen=True)


def _clearing(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    confirm = machine.confirm
    if confirm is None or confirm.token != stimulus.token or confirm.until_ms < now.mono_ms:
        asked = Confirm(stimulus.token, now.mono_ms + CLEAR_MS, Ask.CLEAR)
        return replace(machine, confirm=asked, notice=None), ()
    holder = stimulus.answer.holder or 0
    told = notice(NoticeKind.CLEARED, now, lang=stimulus.answer.lang)
    cleared = replace(unlatched(machine), confirm=None, notice=told)
    return at_rest(cleared), (Record((LatchCleared(machine.id, holder, now),), latch=Latching.CLEARED),)


def _continued(memory: Memory, grant: Grant, now: Stamp) -> str | None:
    """The session that a power loss ended here, where the same holder comes back in time."""
    loss = memory.loss
    if loss is None or loss.holder != grant.holder:
        return None
    return loss.session if now.wall_ms - loss.ended_ms <= grant.policy.continue_s * 1000 else None
