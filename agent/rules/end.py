"""How a session ends: safety first, release and then record; with a cool-down where policy keeps the power a while."""

from dataclasses import replace

from agent.access import Denied, Grant
from agent.failures import MATRIX, Column
from agent.machine import Machine, NoticeKind, Over
from agent.records import anchored, end_of, occupied_s
from agent.rules.badge import granted
from agent.rules.common import Next, at_rest, notice, refuse, session_of
from agent.stimuli import Effect, EndRecorded, Record, Release, Row, Stopping, Tapped
from wire.messages import DenialReason, EndReason, MachineState, Stamp, TimeQuality

# after these the nozzle is hot and the chips fly no more; every other end takes the power at once
_COOLS_AFTER = frozenset(
    {EndReason.HOLDER, EndReason.CARD_REMOVED, EndReason.IDLE, EndReason.MAX_DURATION, EndReason.CLASS_OVER}
)


def end(machine: Machine, reason: EndReason, now: Stamp) -> Next:
    """The use is over now."""
    session = session_of(machine)
    over = Over(_sure(machine, now), occupied_s(session, now), reason)
    if reason in _COOLS_AFTER and session.policy.cooldown_s:
        return _cool(machine, over, now)
    return close(machine, over, now)


def close(machine: Machine, over: Over, now: Stamp, cooldown_s: int = 0, powered_s: int | None = None) -> Next:
    """Release, then record. ``powered_s``: where the power was kept longer than the use and its cool-down.

    What a power loss had ended before is continued by one session, and so forgotten with its end.
    """
    session = session_of(machine)
    session = replace(session, started=anchored(session.started, now), over=over)
    shown = notice(NoticeKind.ENDED, now, session=session, occupied_s=over.occupied_s, lang=session.lang)
    ending = replace(
        machine,
        state=MachineState.ENDING,
        session=session,
        confirm=None,
        card_out_ms=None,
        notice=shown,
        look_ms=None,
        past_maximum=False,
        switched_ms=now.mono_ms,
        memory=replace(machine.memory, loss=None),
    )
    memory = None if ending.memory == machine.memory else ending.memory
    event = end_of(session, over, cooldown_s, powered_s)
    return ending, (Release(), Record((event,), Row.DROP, session, memory=memory))


def cooled(machine: Machine, now: Stamp) -> Next:
    """The cool-down is over, or something takes the power before."""
    session = session_of(machine)
    over = session.over
    if over is None:
        raise AssertionError(f"{machine.id} cools down after nothing")
    return close(machine, over, now, cooldown_s=occupied_s(session, now) - over.occupied_s)


def finish(machine: Machine, reason: EndReason, now: Stamp) -> Next:
    """Take the power now, in use or cooling down."""
    if machine.state is MachineState.COOLING:
        return cooled(machine, now)
    session = session_of(machine)
    return close(machine, Over(_sure(machine, now), occupied_s(session, now), reason), now)


def tapped_while_cooling(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """Whoever may start need not wait: the power is cut between the two. Not for a start that waits for a trainer or a
    second person, who may never come."""
    answer = stimulus.answer
    if isinstance(answer, Denied):
        return refuse(machine, stimulus.token, answer, now)
    if answer.asks_trainer or answer.policy.second_s is not None:
        reasons = frozenset({DenialReason.IN_USE})
        busy = Denied(reasons, answer.revision, answer.holder, answer.name, answer.lang, key_id=answer.key_id)
        return refuse(machine, stimulus.token, busy, now)
    machine, closing = cooled(machine, now)
    return followed_by(machine, closing, stimulus, answer, now)


def followed_by(machine: Machine, closing: tuple[Effect, ...], stimulus: Tapped, grant: Grant, now: Stamp) -> Next:
    """Another session after the one that was just closed. The end is written before the new start is."""
    machine = at_rest(replace(machine, state=MachineState.IDLE, session=None))
    if machine.state is not MachineState.IDLE:  # out of service after this job
        return machine, closing
    machine, opening = granted(machine, stimulus, grant, now)
    return machine, (*closing, *opening)


def end_recorded(machine: Machine, stimulus: EndRecorded, now: Stamp) -> Next:
    return at_rest(replace(machine, state=MachineState.IDLE, session=None)), ()


def stopping(machine: Machine, stimulus: Stopping, now: Stamp) -> Next:
    """A holding actuator keeps its session for the next start of the agent; any other ends with it."""
    if machine.column is Column.LOW_HOLD and machine.state is MachineState.RUNNING:
        session = replace(session_of(machine), checkpoint_s=occupied_s(session_of(machine), now))
        return replace(machine, session=session), (Record(row=Row.PUT, session=session),)
    return finish(machine, EndReason.SHUTDOWN, now)


def _cool(machine: Machine, over: Over, now: Stamp) -> Next:
    session = replace(session_of(machine), over=over)
    shown = notice(NoticeKind.ENDED, now, session=session, occupied_s=over.occupied_s, lang=session.lang)
    cooling = replace(
        machine,
        state=MachineState.COOLING,
        session=session,
        confirm=None,
        card_out_ms=None,
        notice=shown,
        look_ms=None,
        past_maximum=False,
    )
    return cooling, (Record(row=Row.PUT, session=session),)


def _sure(machine: Machine, now: Stamp) -> Stamp:
    """The moment, marked as a guess where what it rests on was not on disk."""
    unsure = any(MATRIX[failure][machine.column].estimated for failure in machine.failures)
    return replace(now, quality=TimeQuality.ESTIMATED) if unsure else now
