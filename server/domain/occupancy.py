"""How much a machine was used: seconds by week, and by hour of the week, from the spans in which somebody was at it.

Pure. A span belongs to the hours in which it happened, not to the one in which it began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

HOUR_S = 3600
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the lab's calendar. ``monday`` names it."""

    monday: date
    seconds: int


def weeks(spans: Iterable[Span], last: date, count: int, zone: tzinfo) -> tuple[Week, ...]:
    """The ``count`` weeks up to the one of ``last``, oldest first; weeks without use are 0."""
    this_monday = last - timedelta(days=last.weekday())
    seconds = {this_monday - timedelta(weeks=index): 0 for index in range(count)}
    for moment, lasting in _hours(spans, zone):
        monday = moment.date() - timedelta(days=moment.weekday())
        if monday in seconds:
            seconds[monday] += lasting
    return tuple(Week(monday, seconds[monday]) for monday in sorted(seconds))


def by_hour(spans: Sequence[Span], weeks_seen: int, zone: tzinfo) -> tuple[tuple[int, ...], ...]:
    """Seven rows of 24: of each hour of the week, in how many percent of the time the machine was used."""
    seconds = [[0] * 24 for _ in range(7)]
    for moment, lasting in _hours(spans, zone):
        seconds[moment.weekday()][moment.hour] += lasting
    whole = max(1, weeks_seen) * HOUR_S
    return tuple(tuple(min(100, round(100 * one / whole)) for one in row) for row in seconds)


def _hours(spans: Iterable[Span], zone: tzinfo) -> Iterable[tuple[datetime, int]]:
    """Each span cut at the full hours of the lab's clock; with the lab's time of each piece."""
    for start, end in spans:
        at = start
        while at < end:
            local = at.astimezone(zone)
            gone = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            following = at + timedelta(hours=1) - gone
            piece = min(following, end) - at
            yield local, int(piece.total_seconds())
            at = following
