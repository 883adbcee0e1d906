"""What a session is, and how the words of an agent change it.

Ingest applies these rules as events arrive, in any order across outboxes; the check of the ledger applies them again.
A session is *open* until its end arrives, *provisional* when a later session proves that it must be over, and *ended*
once the agent has said so. The server never closes one because of silence (design rule 9).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from wire.messages import SessionEnded, SessionStarted, TimeQuality

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_S = 10 * 366 * 24 * 3600  # beyond this a number of seconds is nonsense, and no database column holds it
LONGEST_REASON = 40
UUID_LENGTH = 36
LATEST_MS = 253_370_764_800_000  # the year 9999: beyond this there is no moment
_FROM_BEST = tuple(TimeQuality)


class SessionState(StrEnum):
    OPEN = "open"
    PROVISIONAL = "provisional"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Session:
    """One continuous use of a machine. ``occupied_s`` is final once ended; until then it is the last known second."""

    id: str
    machine_id: int
    holder_number: int
    payer_id: int
    state: str
    started_at: datetime
    ended_at: datetime | None
    occupied_s: int
    powered_s: int
    running_s: int | None
    wh: int | None
    end_reason: str | None
    time_quality: str
    revision: int
    taps: int
    simulated: bool
    payer_chosen: bool = False
    cooldown_s: int = 0
    gap_s: int = 0
    metered_s: int | None = None
    continues: str | None = None
    master: bool = False
    supervisor: int | None = None
    companion: int | None = None
    lesson: str | None = None

    @property
    def last_known_at(self) -> datetime:
        """The last moment at which somebody knew that this session was going on."""
        return self.started_at + timedelta(seconds=self.occupied_s)


def moment(wall_ms: int) -> datetime:
    """The wall time of a stamp, exact to the millisecond."""
    return EPOCH + timedelta(milliseconds=wall_ms)


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def started(event: SessionStarted, machine_id: int, payer_id: int, simulated: bool) -> Session:
    """The open session that a start announces."""
    return Session(
        id=event.session,
        machine_id=machine_id,
        holder_number=event.holder,
        payer_id=payer_id,
        state=SessionState.OPEN,
        started_at=moment(event.started.wall_ms),
        ended_at=None,
        occupied_s=0,
        powered_s=0,
        running_s=None,
        wh=None,
        end_reason=None,
        time_quality=event.started.quality,
        revision=event.revision,
        taps=0,
        simulated=simulated,
        payer_chosen=event.payer_chosen,
        continues=event.continues and event.continues[:UUID_LENGTH],
        master=event.master,
        supervisor=event.supervisor,
        companion=event.companion,
        lesson=event.lesson and event.lesson[:UUID_LENGTH],
    )


def ended(event: SessionEnded, machine_id: int, payer_id: int, simulated: bool, received_at: datetime) -> Session:
    """The whole session, from its end alone. A stored end is never later than its receipt (design rule 10)."""
    ended_at = min(moment(event.ended.wall_ms), received_at)
    return Session(
        id=event.session,
        machine_id=machine_id,
        holder_number=event.holder,
        payer_id=payer_id,
        state=SessionState.ENDED,
        started_at=min(moment(event.started.wall_ms), ended_at),
        ended_at=ended_at,
        occupied_s=event.occupied_s,
        powered_s=event.powered_s,
        running_s=event.running_s,
        wh=event.wh,
        end_reason=event.reason,
        time_quality=max(event.started.quality, event.ended.quality, key=_FROM_BEST.index),
        revision=event.revision,
        taps=event.taps,
        simulated=simulated,
        payer_chosen=event.payer_chosen,
        cooldown_s=event.cooldown_s,
        gap_s=event.gap_s,
        metered_s=event.measured_s,
        continues=event.continues and event.continues[:UUID_LENGTH],
        master=event.master,
        supervisor=event.supervisor,
        companion=event.companion,
        lesson=event.lesson and event.lesson[:UUID_LENGTH],
    )


def nonsense(event: SessionEnded) -> str | None:
    """Why this end cannot be true, or None."""
    counted = (event.occupied_s, event.powered_s, event.running_s or 0, event.wh or 0, event.taps)
    seconds = (*counted, event.cooldown_s, event.gap_s, event.measured_s or 0)
    if max(seconds) > LONGEST_S or min(seconds) < 0:
        return "a duration or count out of range"
    if event.ended.wall_ms < event.started.wall_ms:
        return "ended before it started"
    return "end reason too long" if len(event.reason) > LONGEST_REASON else None


def confirmed(session: Session, occupied_s: int) -> Session:
    """The same session, known to have gone on for ``occupied_s``. An older word changes nothing, nor one after the end.
    A provisional end moves along, but for one that a person has set."""
    if session.state == SessionState.ENDED or not session.occupied_s < occupied_s <= LONGEST_S:
        return session
    longer = replace(session, occupied_s=occupied_s)
    moves = session.state == SessionState.PROVISIONAL and session.ended_at == session.last_known_at
    return closed(longer) if moves else longer


def closed(session: Session) -> Session:
    """The same session, closed provisionally at its last known second."""
    return replace(session, state=SessionState.PROVISIONAL, ended_at=session.last_known_at)
