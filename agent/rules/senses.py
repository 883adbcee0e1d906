"""What the wires and the meter tell: feedback contact, emergency stop, key-switch, power. They inform, and end little.

An open contact or a pressed stop ends a session when it has held for two seconds and the meter does not read running: by
then the machine has no power anyway, and the record should say so (design rule 4).
"""

from collections.abc import Iterator
from dataclasses import replace

from agent import metering
from agent.failures import Failure
from agent.machine import Machine, Sensed
from agent.rules.common import Next
from agent.rules.end import finish
from agent.rules.trouble import failed, mended
from agent.stimuli import Effect, Failed, Felt, Measured, Mended, Record, Sense
from wire.messages import EndReason, Fault, MachineState, Stamp

OPEN_HOLDS_MS = 2_000  # contact open or stop pressed while power is commanded on


def felt(machine: Machine, stimulus: Felt, now: Stamp) -> Next:
    sensed = Sensed(stimulus.on, now.mono_ms)
    match stimulus.sense:
        case Sense.CONTACT:
            machine, effects = _contact_moved(machine, sensed, now)
        case Sense.ESTOP:
            machine, effects = replace(machine, estop=sensed), ()
        case Sense.KEY:
            machine, effects = _key_turned(replace(machine, key=sensed), now)
    machine, more = held(machine, now)
    return machine, (*effects, *more)


def held(machine: Machine, now: Stamp) -> Next:
    """What has lasted long enough to mean something."""
    if machine.powered:
        return _held_on(machine, now)
    machine = replace(machine, contradicted=False)
    if machine.key is not None and machine.key.on:
        return _key_on(machine, now)
    contact = machine.contact
    stuck = contact is not None and contact.on and _closed_since(machine, contact) + machine.contact_ms <= now.mono_ms
    if stuck and not machine.bypassed(now) and Failure.CONTACT_CLOSED not in machine.failures:
        return failed(machine, Failed(Failure.CONTACT_CLOSED, "commanded off, and the contact is closed"), now)
    return machine, ()


def moments(machine: Machine) -> Iterator[int]:
    """When (mono ms) what an input tells will have held long enough."""
    contact, estop = machine.contact, machine.estop
    if machine.powered:
        until_ms = _contradicted_ms(machine) if machine.contradicted else 0
        if _is_open(machine) and contact is not None and Failure.CONTACT_OPEN not in machine.failures:
            yield max(_since(machine, contact) + OPEN_HOLDS_MS, until_ms)
        if estop is not None and estop.on:
            yield max(_since(machine, estop) + OPEN_HOLDS_MS, until_ms)
    elif machine.key is not None and machine.key.on:
        if Failure.KEY_UNDECLARED not in machine.failures:
            yield machine.bypass_ms
    elif contact is not None and contact.on and Failure.CONTACT_CLOSED not in machine.failures:
        yield max(_closed_since(machine, contact) + machine.contact_ms, machine.bypass_ms)


def measured(machine: Machine, stimulus: Measured, now: Stamp) -> Next:
    """One reading: counted in the session, and compared with what our output was told."""
    machine = replace(machine, failures=machine.failures - {Failure.METER_SILENT})
    thresholds = machine.thresholds
    if thresholds is None:
        return machine, ()
    sample = metering.Sample(now.mono_ms, stimulus.watts, stimulus.wh)
    session = machine.session
    if machine.state is MachineState.RUNNING and session is not None:
        activity = metering.take(session.activity or metering.Activity(), sample, thresholds)
        machine = replace(machine, session=replace(session, activity=activity))
    draw = metering.watch(machine.draw, sample, machine.powered, thresholds)
    machine = replace(machine, draw=draw)
    odd = {
        Failure.POWER_WITHOUT_SESSION: metering.power_without_session(draw) and not machine.bypassed(now),
        Failure.SESSION_WITHOUT_POWER: metering.session_without_power(draw),
    }
    effects: tuple[Effect, ...] = ()
    for failure, holds in odd.items():
        machine, more = _told(machine, failure, holds, stimulus.watts, now)
        effects = (*effects, *more)
    return machine, effects


# --- parts of these -----------------------------------------------------------------------------------------------------


def _contact_moved(machine: Machine, sensed: Sensed, now: Stamp) -> Next:
    """The contact seen to open on our release is a proof test of the relay, and is kept. One that opens at any other time, by
    the main switch or a key that is turned back, proves nothing."""
    before = machine.contact
    by_us = now.mono_ms - machine.switched_ms <= machine.contact_ms and not machine.bypassed(now)
    opened = before is not None and before.on and not sensed.on and by_us
    machine = replace(machine, contact=sensed)
    if sensed.on or machine.powered:
        return machine, ()
    machine, effects = mended(machine, Mended(Failure.CONTACT_CLOSED), now)
    if not opened:
        return machine, effects
    memory = replace(machine.memory, proven_open_ms=now.wall_ms)
    return replace(machine, memory=memory), (*effects, Record(memory=memory))


def _key_turned(machine: Machine, now: Stamp) -> Next:
    if machine.key is None or not machine.key.on:
        return mended(machine, Mended(Failure.KEY_UNDECLARED), now)
    return _key_on(machine, now)


def _key_on(machine: Machine, now: Stamp) -> Next:
    """A bridged contact that staff have declared is no news; one they have not, or no longer, is told once."""
    if now.mono_ms < machine.bypass_ms:
        return mended(machine, Mended(Failure.KEY_UNDECLARED), now)
    if Failure.KEY_UNDECLARED in machine.failures:
        return machine, ()
    return failed(machine, Failed(Failure.KEY_UNDECLARED, "the key-switch bridges our contact"), now)


def _held_on(machine: Machine, now: Stamp) -> Next:
    contact, estop = machine.contact, machine.estop
    stopped = estop is not None and estop.on and _since(machine, estop) + OPEN_HOLDS_MS <= now.mono_ms
    opened = contact is not None and _is_open(machine) and _since(machine, contact) + OPEN_HOLDS_MS <= now.mono_ms
    if not stopped and not opened:
        return replace(machine, contradicted=False), ()
    if now.mono_ms < _contradicted_ms(machine):
        return _contradiction(machine, now)
    if stopped:
        return finish(machine, EndReason.EMERGENCY_STOP, now)
    return failed(machine, Failed(Failure.CONTACT_OPEN, "commanded on, and the contact is open"), now)


def _contradiction(machine: Machine, now: Stamp) -> Next:
    """A wire says no power, and the meter that the machine works: one of the two is wrong. Told once, and nothing ends."""
    if machine.contradicted:
        return machine, ()
    fault = Fault(machine.id, "wire_contradicted", "a wire says no power, and the meter reads running", 1, now)
    return replace(machine, contradicted=True), (Record((fault,)),)


def _is_open(machine: Machine) -> bool:
    """The contact is open though we command on, and that is not how this machine is started and stopped."""
    return machine.contact is not None and not machine.contact.on and not machine.own_start


def _contradicted_ms(machine: Machine) -> int:
    """Until when the meter's last word, that the machine works, counts against a wire. A reading at idle does not count: a
    stop that was really pressed shows at the meter at once, long before a pause is taken for the end of a job."""
    activity = None if machine.session is None else machine.session.activity
    if activity is None or not activity.running or activity.quiet_ms is not None or activity.last_ms is None:
        return 0
    return activity.last_ms + activity.gap_ms + 1


def _since(machine: Machine, sensed: Sensed) -> int:
    """An input says nothing about a switching that came after it until it has had its time."""
    return max(sensed.since_ms, machine.switched_ms)


def _closed_since(machine: Machine, contact: Sensed) -> int:
    """A contactor that was held by the key takes as long to fall as one that was held by us."""
    key_ms = 0 if machine.key is None else machine.key.since_ms
    return max(_since(machine, contact), key_ms)


def _told(machine: Machine, failure: Failure, holds: bool, watts: float, now: Stamp) -> Next:
    if holds and failure not in machine.failures:
        return failed(machine, Failed(failure, f"{watts:.0f} W"), now)
    if not holds and failure in machine.failures:
        return mended(machine, Mended(failure), now)
    return machine, ()
