"""What time alone does to a machine, and when: deadlines that change it, and moments that change what is kept or shown."""

from collections.abc import Iterator
from dataclasses import replace

from agent import metering
from agent.machine import Machine, Session
from agent.records import anchored, occupied_s
from agent.rules import beside, senses
from agent.rules.common import Next, disarmed, session_of
from agent.rules.end import cooled, end
from agent.rules.pin import digit_done
from agent.stimuli import Measured, Record, Row, Ticked
from wire.messages import EndReason, MachineState, OnMaximum, Stamp

CHECKPOINT_S = 30


def next_deadline(machine: Machine) -> int | None:
    """The next moment (mono ms) at which time alone changes what this machine does."""
    moments = {
        MachineState.RUNNING: _moments_in_use,
        MachineState.COOLING: _moments_cooling,
    }.get(machine.state, _moments_at_rest)
    return min((*moments(machine), *senses.moments(machine)), default=None)


def next_glance(machine: Machine) -> int | None:
    """When (mono ms) an answer or a question has stood on the panel long enough, or its count is due. A tap looks at the time
    by itself."""
    looks = () if machine.look_ms is None else (machine.look_ms,)
    answers = (one.until_ms for one in (machine.confirm, machine.notice) if one is not None)
    return min((*answers, *looks), default=None)


def next_checkpoint(machine: Machine) -> int | None:
    """When (mono ms) the next 30-second checkpoint is due. It may be written late: its value does not depend on that."""
    if not machine.powered or machine.session is None:
        return None
    session = machine.session
    since = session.since or session.started
    return since.mono_ms + (session.checkpoint_s - session.before_s + CHECKPOINT_S) * 1000


def ticked_at_rest(machine: Machine, stimulus: Ticked, now: Stamp) -> Next:
    machine = _glanced(machine, now)
    if machine.armed is not None and machine.armed.until_ms <= now.mono_ms:
        machine = disarmed(machine)
    if machine.offer is not None and machine.offer.until_ms <= now.mono_ms:
        machine = replace(machine, offer=None)
    if machine.menu is not None and machine.menu.until_ms <= now.mono_ms:
        machine = replace(machine, menu=None)
    if machine.waiting is not None and machine.waiting.until_ms <= now.mono_ms:
        return beside.missed(machine, machine.waiting, now)
    pin = machine.pin
    if pin is not None and pin.digit_ms is not None and pin.digit_ms <= now.mono_ms:
        return digit_done(machine, pin, now)
    if pin is not None and pin.until_ms <= now.mono_ms:
        machine = replace(machine, pin=None)
    return senses.held(machine, now)


def ticked_in_use(machine: Machine, stimulus: Ticked, now: Stamp) -> Next:
    machine, effects = senses.held(_glanced(machine, now), now)
    if machine.state is not MachineState.RUNNING:
        return machine, effects
    if reason := _over_by_time(machine, now):
        machine, more = end(machine, reason, now)
        return machine, (*effects, *more)
    session = session_of(machine)
    longest_s = session.policy.max_s
    past = longest_s is not None and occupied_s(session, now) >= longest_s
    machine, missed = beside.watched(replace(machine, past_maximum=past), session, now)
    machine, more = _checked(machine, now)
    return machine, (*effects, *missed, *more)


def measured_in_use(machine: Machine, stimulus: Measured, now: Stamp) -> Next:
    """The meter's word also ends what has been idle for too long: a silent one ends nothing."""
    machine, effects = senses.measured(machine, stimulus, now)
    machine, more = ticked_in_use(machine, Ticked(), now)
    return machine, (*effects, *more)


def ticked_while_cooling(machine: Machine, stimulus: Ticked, now: Stamp) -> Next:
    machine, effects = senses.held(_glanced(machine, now), now)
    if machine.state is not MachineState.COOLING:
        return machine, effects
    is_over = _cooled_ms(session_of(machine)) <= now.mono_ms
    machine, more = cooled(machine, now) if is_over else _checked(machine, now)
    return machine, (*effects, *more)


# --- when ---------------------------------------------------------------------------------------------------------------


def _moments_in_use(machine: Machine) -> Iterator[int]:
    session = session_of(machine)
    policy, since = session.policy, session.since or session.started
    if policy.max_s is not None and not machine.past_maximum:
        yield since.mono_ms + (policy.max_s - session.before_s) * 1000
    if policy.removal_s is not None and machine.card_out_ms is not None:
        yield machine.card_out_ms + policy.removal_s * 1000
    if (lapses_ms := beside.lapses_ms(session)) is not None:
        yield lapses_ms


def _moments_cooling(machine: Machine) -> Iterator[int]:
    yield _cooled_ms(session_of(machine))


def _moments_at_rest(machine: Machine) -> Iterator[int]:
    for waiting in (machine.armed, machine.waiting, machine.menu, machine.offer, machine.pin):
        if waiting is not None:
            yield waiting.until_ms
    if machine.pin is not None and machine.pin.digit_ms is not None:
        yield machine.pin.digit_ms


def _cooled_ms(session: Session) -> int:
    since = session.since or session.started
    used_s = 0 if session.over is None else session.over.occupied_s
    return since.mono_ms + (used_s - session.before_s + session.policy.cooldown_s) * 1000


# --- what ---------------------------------------------------------------------------------------------------------------


def _over_by_time(machine: Machine, now: Stamp) -> EndReason | None:
    session = session_of(machine)
    policy = session.policy
    removed_ms = machine.card_out_ms
    if policy.removal_s is not None and removed_ms is not None and removed_ms + policy.removal_s * 1000 <= now.mono_ms:
        return EndReason.CARD_REMOVED
    if policy.max_s is not None and policy.on_max is OnMaximum.CUT and occupied_s(session, now) >= policy.max_s:
        return EndReason.MAX_DURATION if session.lesson is None else EndReason.CLASS_OVER
    idle_ms = None if session.activity is None else metering.idle_since_ms(session.activity, now.mono_ms)
    if policy.idle_end_s is not None and idle_ms is not None and idle_ms + policy.idle_end_s * 1000 <= now.mono_ms:
        return EndReason.IDLE
    return None


def _glanced(machine: Machine, now: Stamp) -> Machine:
    if machine.notice is not None and machine.notice.until_ms <= now.mono_ms:
        machine = replace(machine, notice=None)
    if machine.confirm is not None and machine.confirm.until_ms <= now.mono_ms:
        machine = replace(machine, confirm=None)
    if machine.look_ms is not None and machine.look_ms <= now.mono_ms:
        machine = replace(machine, look_ms=beside.next_look(machine, now))
    return machine


def _checked(machine: Machine, now: Stamp) -> Next:
    session = session_of(machine)
    reached_s = occupied_s(session, now) // CHECKPOINT_S * CHECKPOINT_S
    if reached_s <= session.checkpoint_s:
        return machine, ()
    session = replace(session, checkpoint_s=reached_s, started=anchored(session.started, now))
    return replace(machine, session=session), (Record(row=Row.PUT, session=session),)
