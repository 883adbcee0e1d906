"""A session drawn over time: the relay, the hourly words of its agent, its faults. Places are percent of the width."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.pages.sessions.reads import SessionFacts
from server.web.formats import clock_time
from server.web.here import zone
from wire.messages import SessionAdopted

_STEPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 480, 1440))
_MOST = 6  # ticks that fit with their hour below


@dataclass(frozen=True, slots=True)
class Trace:
    """``known`` is where the last known second lies; what comes after is not known. ``counts``: where a decision ends."""

    ticks: tuple[tuple[float, str], ...]
    known: float
    counts: float | None
    hours: tuple[float, ...]
    faults: tuple[float, ...]
    gaps: tuple[tuple[float, float], ...]  # where its agent was away: place and width


def trace_of(facts: SessionFacts, now: datetime) -> Trace | None:
    """None of a session of no time at all."""
    start, end = facts.session.started_at, max(facts.until(now), facts.session.last_known_at)
    length = (end - start).total_seconds()
    if length <= 0:
        return None

    def place(at: datetime | None) -> float:
        return 0.0 if at is None else round(100 * min(1.0, max(0.0, (at - start).total_seconds() / length)), 2)

    until = None if facts.counted_s is None else place(start + timedelta(seconds=facts.counted_s))
    return Trace(
        ticks=tuple((place(at), clock_time(at, zone())) for at in _round_times(start, end)),
        known=place(facts.session.last_known_at),
        counts=until,
        hours=tuple(place(word.at) for word in facts.evidence.hours),
        faults=tuple(place(word.at) for word in facts.evidence.faults),
        gaps=tuple((place(since), round(place(until) - place(since), 2)) for since, until in _gaps(facts)),
    )


def _gaps(facts: SessionFacts) -> Iterator[tuple[datetime, datetime]]:
    for word in facts.evidence.adopted:
        if word.at is not None and isinstance(word.said, SessionAdopted):
            yield word.at - timedelta(seconds=word.said.gap_s), word.at


def _round_times(start: datetime, end: datetime) -> list[datetime]:
    """Round times of the lab's clock within, few enough to be read."""
    step = next((step for step in _STEPS if (end - start) / step <= _MOST), _STEPS[-1] * 7)
    midnight = start.astimezone(zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + step * -(-(start - midnight) // step)
    return [first + step * number for number in range(_MOST + 2) if first + step * number <= end]
