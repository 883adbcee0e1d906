"""What is written of a session: its start, its end, and its end as a restart finds it.

Pure. A charge depends on the record of the end alone, so that says everything; durations are whole seconds of one boot.
"""

from dataclasses import replace

from agent import metering
from agent.failures import MATRIX, Column, Failure
from agent.machine import Over, Session
from wire.messages import Body, EndReason, SessionEnded, SessionStarted, Stamp, TimeQuality


def occupied_s(session: Session, now: Stamp) -> int:
    """Whole seconds since the start, in this boot and before it."""
    since = session.since or session.started
    return session.before_s + (now.mono_ms - since.mono_ms) // 1000


def lost(session: Session, column: Column, now: Stamp) -> SessionEnded:
    """The end of a session that a restart found: at its last checkpoint, the gap unbilled; or as it had ended already."""
    over = session.over
    if over is None:
        answer = MATRIX[Failure.KILLED][column]
        since = session.since or session.started
        reached_ms = (session.checkpoint_s - session.before_s) * 1000
        wall_ms = min(since.wall_ms + reached_ms, max(now.wall_ms, since.wall_ms))
        ended = replace(since, mono_ms=since.mono_ms + reached_ms, wall_ms=wall_ms)
        over = Over(ended, session.checkpoint_s, answer.end or EndReason.POWER_LOSS)
    return end_of(session, over, cooldown_s=max(0, session.checkpoint_s - over.occupied_s))


def unproven(event: Body) -> Body:
    """An end that could not be written at once: it was in memory only, and says so."""
    if isinstance(event, SessionEnded) and MATRIX[Failure.STATE_UNWRITABLE][Column.HIGH].estimated:
        return replace(event, ended=replace(event.ended, quality=TimeQuality.ESTIMATED))
    return event


def anchored(started: Stamp, now: Stamp) -> Stamp:
    """A start at a guessed time, computed back from a clock that has been set since (design rule 10)."""
    guessed = started.quality is TimeQuality.ESTIMATED and now.quality is not TimeQuality.ESTIMATED
    if not guessed or started.boot != now.boot:
        return started
    wall_ms = now.wall_ms - (now.mono_ms - started.mono_ms)
    return replace(started, wall_ms=max(wall_ms, 0), quality=TimeQuality.ANCHORED)


def start_of(session: Session) -> SessionStarted:
    return SessionStarted(
        session=session.id,
        machine=session.machine,
        holder=session.holder,
        token=session.token,
        payer=session.payer.id,
        payer_chosen=session.payer_chosen,
        revision=session.revision,
        started=session.started,
        continues=session.continues,
        master=session.master,
        supervisor=session.supervisor,
        companion=session.companion,
        lesson=session.lesson,
    )


def end_of(session: Session, over: Over, cooldown_s: int = 0, powered_s: int | None = None) -> SessionEnded:
    """Powered as long as the permit was given; running and watt-hours as far as a meter told, else not known."""
    activity = session.activity
    return SessionEnded(
        session=session.id,
        machine=session.machine,
        holder=session.holder,
        payer=session.payer.id,
        revision=session.revision,
        started=session.started,
        ended=over.ended,
        occupied_s=over.occupied_s,
        powered_s=over.occupied_s + cooldown_s if powered_s is None else powered_s,
        running_s=None if activity is None else metering.running_s(activity),
        wh=None if activity is None else metering.wh(activity),
        reason=over.reason,
        taps=session.taps,
        payer_chosen=session.payer_chosen,
        cooldown_s=cooldown_s,
        gap_s=session.gap_s,
        measured_s=None if activity is None else metering.measured_s(activity),
        continues=session.continues,
        master=session.master,
        supervisor=session.supervisor,
        companion=session.companion,
        lesson=session.lesson,
    )
