"""What is written of a session: its start, its end, and its end as a restart finds it.

Pure. A charge depends on the record of the end alone, so that says everything; durations are whole seconds of one boot.
"""

from dataclasses import replace

from agent.failures import MATRIX, Column, Failure
from agent.machine import Session
from wire.messages import Body, EndReason, SessionEnded, SessionStarted, Stamp, TimeQuality


def occupied_s(session: Session, now: Stamp) -> int:
    """Whole seconds since the start. Both moments lie in one boot: after a restart no session runs (design rule 5)."""
    return (now.mono_ms - session.started.mono_ms) // 1000


def lost(session: Session, column: Column, now: Stamp) -> SessionEnded:
    """The end of a session that a restart found: at its last checkpoint, the gap unbilled."""
    answer = MATRIX[Failure.AGENT_DEAD][column]
    reached_ms = session.checkpoint_s * 1000
    began = session.started
    wall_ms = min(began.wall_ms + reached_ms, max(now.wall_ms, began.wall_ms))
    ended = replace(began, mono_ms=began.mono_ms + reached_ms, wall_ms=wall_ms)
    return end_of(session, ended, session.checkpoint_s, answer.end or EndReason.POWER_LOSS)


def unproven(event: Body) -> Body:
    """An end that could not be written at once: it was in memory only, and says so."""
    if isinstance(event, SessionEnded) and MATRIX[Failure.STATE_UNWRITABLE][Column.HIGHER].estimated:
        return replace(event, ended=replace(event.ended, quality=TimeQuality.ESTIMATED))
    return event


def anchored(started: Stamp, now: Stamp) -> Stamp:
    """A start at a guessed time, computed back from a clock that has been set since (design rule 10)."""
    if started.quality is not TimeQuality.ESTIMATED or now.quality is TimeQuality.ESTIMATED:
        return started
    wall_ms = now.wall_ms - (now.mono_ms - started.mono_ms)
    return replace(started, wall_ms=max(wall_ms, 0), quality=TimeQuality.ANCHORED)


def start_of(session: Session) -> SessionStarted:
    return SessionStarted(
        session=session.id,
        machine=session.machine,
        holder=session.holder,
        token=session.token,
        payer=session.payer,
        payer_chosen=False,
        revision=session.revision,
        started=session.started,
    )


def end_of(session: Session, ended: Stamp, seconds: int, reason: EndReason) -> SessionEnded:
    """Without a meter: powered as long as the permit was given, and running not known."""
    return SessionEnded(
        session=session.id,
        machine=session.machine,
        holder=session.holder,
        payer=session.payer,
        revision=session.revision,
        started=session.started,
        ended=ended,
        occupied_s=seconds,
        powered_s=seconds,
        running_s=None,
        wh=None,
        reason=reason,
        taps=session.taps,
    )
