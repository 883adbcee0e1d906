"""What a person may decide about a session: what of it counts, whether it is charged at all, and one that no agent told.

Pure. What was measured is never touched: a decision stands beside it, and rating shows both.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.refusals import Refusal
from server.domain.usage import Session, SessionState

BY_HAND = "by_hand"  # time quality of a session that a person has written down
ENTERED = "entered_by_hand"  # end reason of such a session
LONGEST_BY_HAND = timedelta(days=7)  # a longer one is a typing mistake
SHORTEST = timedelta(minutes=1)


class Free(StrEnum):
    """Why a session is not charged."""

    MACHINE_FAULT = "machine_fault"
    GOODWILL = "goodwill"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Decision:
    """What counts of a session, in seconds (None: as measured), and why it is not charged (None: it is)."""

    counted_s: int | None = None
    free: str | None = None


AS_MEASURED = Decision()


def counted(state: str, measured_s: int, decision: Decision) -> int | None:
    """The seconds that count by decision, None where what was measured does.

    A decision says until when a session counts. Once its real end is known and lies before that, the real end counts:
    nobody is charged for longer than was measured.
    """
    if decision.counted_s is None or (state == SessionState.ENDED and decision.counted_s >= measured_s):
        return None
    return decision.counted_s


def says(counted_s: int | None, free: str | None, measured_s: int, decision: Decision) -> bool:
    """Whether a charge says what was decided. One that was charged at a provisional end takes the decision as it is."""
    as_decided = (decision.counted_s, counted(SessionState.ENDED, measured_s, decision))
    return free == decision.free and counted_s in as_decided


def seconds_until(session: Session, ended_at: datetime, now: datetime) -> int:
    """The seconds of a session that count when it counts until ``ended_at``. Refusal where it cannot have ended then."""
    if ended_at > now:
        raise Refusal("A session cannot end in the future.")
    if ended_at < session.started_at:
        raise Refusal("That is before the session began.")
    if session.state == SessionState.ENDED and session.ended_at is not None and ended_at > session.ended_at:
        raise Refusal("The machine was released before that: nothing later can count.")
    return int((ended_at - session.started_at).total_seconds())


def sensible(start: datetime, end: datetime, now: datetime) -> None:
    """Refusal of times that nobody can mean for a session written down by hand."""
    if end > now:
        raise Refusal("A session entered by hand lies in the past.")
    if end - start < SHORTEST:
        raise Refusal("The end must lie after the start, by a minute at least.")
    if end - start > LONGEST_BY_HAND:
        raise Refusal("More than 7 days in one session: check the dates.")
