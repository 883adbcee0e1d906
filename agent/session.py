"""What one machine does next: one table from its state and what happens to what it becomes and what the box then does.

Pure. The main loop (controller.py) turns the world into stimuli, calls ``step()`` and carries out the effects in their order:
at a start the record comes before the relay, at an end the relay before the record (design rules 1 to 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from agent.access import Denied
from agent.failures import MATRIX, NextStart, Power
from agent.machine import (
    NEVER,
    Confirm,
    Effect,
    EndRecorded,
    Energise,
    Failed,
    Latch,
    Latching,
    LatchRecorded,
    Machine,
    Mended,
    Notice,
    NoticeKind,
    NotRecorded,
    Record,
    Release,
    Row,
    Session,
    Stimulus,
    Stopping,
    Tapped,
    Ticked,
    Wished,
)
from agent.records import anchored, end_of, occupied_s, start_of
from wire.messages import (
    AccessDenied,
    DenialReason,
    EndReason,
    Fault,
    MachineState,
    OnMaximum,
    Service,
    Stamp,
    TimeQuality,
)

__all__ = ["MATRIX", "TRANSITIONS", "next_checkpoint", "next_deadline", "next_glance", "step"]

CHECKPOINT_MS = 30_000
NOTICE_MS = 4_000  # how long the panel shows an answer

Next = tuple[Machine, tuple[Effect, ...]]
_Handler = Callable[..., Next]


def step(machine: Machine, stimulus: Stimulus, now: Stamp) -> Next:
    """The machine after ``stimulus``, and what to do, in order."""
    after, effects = TRANSITIONS[machine.state, type(stimulus)](machine, stimulus, now)
    if after.state is not machine.state:
        after = replace(after, since_ms=now.wall_ms)
    return after, effects


def next_deadline(machine: Machine) -> int | None:
    """The next moment (mono ms) at which time alone changes what this machine does: its longest session is over."""
    if machine.state is not MachineState.RUNNING or machine.past_maximum:
        return None
    session = _session(machine)
    return None if session.policy.max_s is None else session.started.mono_ms + session.policy.max_s * 1000


def next_glance(machine: Machine) -> int | None:
    """When (mono ms) an answer or a question has stood on the panel long enough. A tap looks at the time by itself."""
    return min((one.until_ms for one in (machine.confirm, machine.notice) if one is not None), default=None)


def next_checkpoint(machine: Machine) -> int | None:
    """When (mono ms) the next 30-second checkpoint is due. It may be written late: its value does not depend on that."""
    if machine.state is not MachineState.RUNNING or machine.session is None:
        return None
    return machine.session.started.mono_ms + machine.session.checkpoint_s * 1000 + CHECKPOINT_MS


# --- what happens: one function a case ----------------------------------------------------------------------------------


def _stay(machine: Machine, stimulus: Stimulus, now: Stamp) -> Next:
    return machine, ()


def _tapped_at_rest(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    if isinstance(stimulus.answer, Denied):
        return _refuse(machine, stimulus.token, stimulus.answer, now)
    grant = stimulus.answer
    session = Session(
        id=stimulus.session_id,
        machine=machine.id,
        holder=grant.holder,
        name=grant.name,
        lang=grant.lang,
        token=stimulus.token,
        payer=grant.payer,
        payer_label=grant.payer_label,
        rate_cents=grant.rate_cents,
        revision=grant.revision,
        started=now,
        policy=grant.policy,
    )
    notice = Notice(NoticeKind.GRANTED, now.mono_ms + NOTICE_MS, session=session)
    running = replace(machine, state=MachineState.RUNNING, session=session, notice=notice, past_maximum=False)
    return running, (Record((start_of(session),), Row.PUT, session, first=True), Energise())


def _tapped_while_closed(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """Out of service, maintenance or ending: no badge starts anything, whatever the list says (design rule 11)."""
    if isinstance(stimulus.answer, Denied):
        return _refuse(machine, stimulus.token, stimulus.answer, now)
    reason = _WHILE_CLOSED[machine.state]
    grant = stimulus.answer
    denied = Denied(frozenset({reason}), grant.revision, grant.holder, grant.name, grant.lang)
    return _refuse(machine, stimulus.token, denied, now)


_WHILE_CLOSED = {
    MachineState.ENDING: DenialReason.FAULT,
    MachineState.OUT_OF_SERVICE: DenialReason.OUT_OF_SERVICE,
    MachineState.MAINTENANCE: DenialReason.MAINTENANCE,
}


def _tapped_while_running(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """The session's own badge shows the time, and the same badge again ends it; anybody else's is refused."""
    session = _session(machine)
    counted = replace(machine, session=replace(session, taps=session.taps + 1))
    confirm = machine.confirm
    if confirm is not None and confirm.token == stimulus.token and now.mono_ms <= confirm.until_ms:
        return _end(counted, EndReason.HOLDER, now)
    if stimulus.token == session.token or stimulus.answer.holder == session.holder:
        until_ms = now.mono_ms + session.policy.confirm_s * 1000
        asking = replace(counted, confirm=Confirm(stimulus.token, until_ms), notice=None)
        return asking, (Record(row=Row.PUT, session=asking.session),)
    busy = stimulus.answer if isinstance(stimulus.answer, Denied) else Denied(frozenset({DenialReason.IN_USE}))
    refused, effects = _refuse(counted, stimulus.token, busy, now)
    saved = tuple(replace(one, row=Row.PUT, session=refused.session) for one in effects if isinstance(one, Record))
    return refused, saved


def _ticked(machine: Machine, stimulus: Ticked, now: Stamp) -> Next:
    if machine.notice is not None and machine.notice.until_ms <= now.mono_ms:
        machine = replace(machine, notice=None)
    if machine.confirm is not None and machine.confirm.until_ms <= now.mono_ms:
        machine = replace(machine, confirm=None)
    return machine, ()


def _ticked_while_running(machine: Machine, stimulus: Ticked, now: Stamp) -> Next:
    machine, _ = _ticked(machine, stimulus, now)
    session = _session(machine)
    longest_s = session.policy.max_s
    if longest_s is not None and occupied_s(session, now) >= longest_s and not machine.past_maximum:
        if session.policy.on_max is OnMaximum.CUT:
            return _end(machine, EndReason.MAX_DURATION, now)
        machine = replace(machine, past_maximum=True)
    reached_s = occupied_s(session, now) // (CHECKPOINT_MS // 1000) * (CHECKPOINT_MS // 1000)
    if reached_s <= session.checkpoint_s:
        return machine, ()
    session = replace(session, checkpoint_s=reached_s, started=anchored(session.started, now))
    return replace(machine, session=session), (Record(row=Row.PUT, session=session),)


def _wished(machine: Machine, stimulus: Wished, now: Stamp) -> Next:
    """Staff's wishes. Only ``end_session`` touches a running machine; the others wait for its end."""
    upto = stimulus.clear_latch_upto
    machine = replace(
        machine,
        risk=stimulus.risk,
        service=stimulus.service,
        update_needed=stimulus.update_needed,
        cleared_upto=upto,
    )
    effects: tuple[Effect, ...] = ()
    if machine.latch is not None and machine.latch.n <= upto != machine.latch.wish:
        machine, effects = _unlatched(machine), (Record(latch=Latching.CLEARED),)
    if machine.state is MachineState.RUNNING and stimulus.end_session == _session(machine).id:
        ending, release_first = _end(machine, EndReason.STAFF, now)
        return ending, (*release_first, *effects)
    return _at_rest(machine), effects


def _failed(machine: Machine, stimulus: Failed, now: Stamp) -> Next:
    """By the matrix. A failure that is known already changes nothing, so that a flapping cable does not fill the disk."""
    answer = MATRIX[stimulus.failure][machine.column]
    latches = answer.next_start is NextStart.LATCHED
    fault = Fault(machine.id, stimulus.failure, stimulus.detail[:200], stimulus.count, now)
    alarm = (fault,) if answer.alarm and stimulus.count and stimulus.failure not in machine.failures else ()
    record = Record(alarm, latch=Latching.SET if latches and alarm else Latching.STAYS)
    machine = replace(machine, failures=machine.failures | {stimulus.failure})
    if latches and machine.latch is None:
        machine = replace(machine, latch=Latch(NEVER, machine.cleared_upto))
    if machine.state is MachineState.RUNNING and answer.power is Power.RELEASED:
        ending, (release, ended) = _end(machine, answer.end or EndReason.OUTPUT_FAILED, now)
        return ending, (release, replace(ended, events=(*ended.events, *alarm), latch=record.latch))
    return _at_rest(machine), (record,) if alarm else ()


def _mended(machine: Machine, stimulus: Mended, now: Stamp) -> Next:
    return _at_rest(replace(machine, failures=machine.failures - {stimulus.failure})), ()


def _start_not_recorded(machine: Machine, stimulus: NotRecorded, now: Stamp) -> Next:
    """What cannot be written does not start. The denial is shown, and not recorded: there is nothing to record it with."""
    session = _session(machine)
    denied = Denied(frozenset({DenialReason.FAULT}), session.revision, session.holder, session.name, session.lang)
    notice = Notice(NoticeKind.DENIED, now.mono_ms + NOTICE_MS, denied)
    idle = replace(machine, state=MachineState.IDLE, session=None, notice=notice)
    return _at_rest(idle), (Release(),)


def _end_recorded(machine: Machine, stimulus: EndRecorded, now: Stamp) -> Next:
    return _at_rest(replace(machine, state=MachineState.IDLE, session=None)), ()


def _latch_recorded(machine: Machine, stimulus: LatchRecorded, now: Stamp) -> Next:
    if machine.latch is None:
        return machine, ()
    return replace(machine, latch=replace(machine.latch, n=stimulus.n)), ()


def _stopping_while_running(machine: Machine, stimulus: Stopping, now: Stamp) -> Next:
    return _end(machine, EndReason.SHUTDOWN, now)


# --- parts of these -----------------------------------------------------------------------------------------------------


def _end(machine: Machine, reason: EndReason, now: Stamp) -> tuple[Machine, tuple[Release, Record]]:
    """Safety first: release, then record."""
    session = _session(machine)
    seconds = occupied_s(session, now)
    session = replace(session, started=anchored(session.started, now))
    unsure = any(MATRIX[failure][machine.column].estimated for failure in machine.failures)
    ended = replace(now, quality=TimeQuality.ESTIMATED) if unsure else now
    event = end_of(session, ended, seconds, reason)
    notice = Notice(NoticeKind.ENDED, now.mono_ms + NOTICE_MS, session=session, occupied_s=seconds)
    ending = replace(machine, state=MachineState.ENDING, confirm=None, notice=notice, past_maximum=False)
    return ending, (Release(), Record((event,), Row.DROP, session))


def _refuse(machine: Machine, token: str, denied: Denied, now: Stamp) -> Next:
    reasons = tuple(reason for reason in DenialReason if reason in denied.reasons)
    event = AccessDenied(machine.id, token, denied.holder, reasons, denied.revision, now)
    notice = Notice(NoticeKind.DENIED, now.mono_ms + NOTICE_MS, denied)
    return replace(machine, notice=notice), (Record((event,)),)


def _at_rest(machine: Machine) -> Machine:
    """Which of the three resting states the wishes and latches ask for; a running or ending machine is left alone."""
    if machine.state in (MachineState.RUNNING, MachineState.ENDING):
        return machine
    if machine.service is Service.MAINTENANCE:
        return replace(machine, state=MachineState.MAINTENANCE)
    closed = machine.service is not Service.IN or machine.update_needed or machine.latch is not None
    return replace(machine, state=MachineState.OUT_OF_SERVICE if closed else MachineState.IDLE)


def _unlatched(machine: Machine) -> Machine:
    row = {failure: MATRIX[failure][machine.column].next_start for failure in machine.failures}
    lasting = frozenset(failure for failure, start in row.items() if start is not NextStart.LATCHED)
    return replace(machine, latch=None, failures=lasting)


def _session(machine: Machine) -> Session:
    if machine.session is None:
        raise AssertionError(f"{machine.id} is {machine.state} without a session")
    return machine.session


# --- the table ----------------------------------------------------------------------------------------------------------

_IN_EVERY_STATE: dict[type[Stimulus], _Handler] = {
    Ticked: _ticked,
    Wished: _wished,
    Failed: _failed,
    Mended: _mended,
    NotRecorded: _stay,
    EndRecorded: _stay,
    LatchRecorded: _latch_recorded,
    Stopping: _stay,
}
_ONLY_IN: dict[MachineState, dict[type[Stimulus], _Handler]] = {
    MachineState.IDLE: {Tapped: _tapped_at_rest},
    MachineState.RUNNING: {
        Tapped: _tapped_while_running,
        Ticked: _ticked_while_running,
        NotRecorded: _start_not_recorded,
        Stopping: _stopping_while_running,
    },
    MachineState.ENDING: {Tapped: _tapped_while_closed, EndRecorded: _end_recorded},
    MachineState.OUT_OF_SERVICE: {Tapped: _tapped_while_closed},
    MachineState.MAINTENANCE: {Tapped: _tapped_while_closed},
}
TRANSITIONS: Mapping[tuple[MachineState, type[Stimulus]], _Handler] = MappingProxyType(
    {
        (state, kind): handler
        for state in MachineState
        for kind, handler in {**_IN_EVERY_STATE, **_ONLY_IN[state]}.items()
    }
)
