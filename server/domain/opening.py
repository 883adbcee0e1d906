"""Opening hours on the lab's clock, as moments in UTC: the agent knows no time zone, no clock change and no holiday."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.domain.facts import ClosureFact, HoursFact
from wire.messages import Interval

_DAY = timedelta(days=1)
_Row = tuple[int, time, time]  # weekday, from, to; ``time.max`` is midnight


def open_intervals(
    hours: Iterable[HoursFact],
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    closures: Iterable[ClosureFact] = (),
) -> tuple[Interval, ...] | None:
    """The openings that touch ``start`` to ``end``, without what is closed, whole and joined where one ends as the next begins.

    None where there are neither hours nor closures: always open.
    """
    rows = [(row.weekday, row.opens, row.closes) for row in hours]
    closed = [one for one in closures if one.begins < end and one.ends > start]
    if not rows and not closed:
        return None
    always = (Interval(_milliseconds(start), _milliseconds(end)),)
    openings = intervals_of(rows, start, end, zone) if rows else always
    for one in closed:
        openings = tuple(left for opening in openings for left in _without(opening, one))
    return _touching(openings, start, end)


def intervals_of(rows: Iterable[_Row], start: datetime, end: datetime, zone: ZoneInfo) -> tuple[Interval, ...]:
    """The moments that weekly hours mean, as far as they touch ``start`` to ``end``."""
    week = sorted(rows)
    joined: list[Interval] = []
    day = start.astimezone(zone).date() - _DAY  # one before: an opening until midnight may be the start of ours
    while day <= end.astimezone(zone).date():
        _add_day(joined, week, day, zone)
        day += _DAY
    return _touching(joined, start, end)


def _touching(spans: Iterable[Interval], start: datetime, end: datetime) -> tuple[Interval, ...]:
    first, last = _milliseconds(start), _milliseconds(end)
    return tuple(span for span in spans if span.until_ms > first and span.from_ms < last)


def _add_day(joined: list[Interval], week: Sequence[_Row], day: date, zone: ZoneInfo) -> None:
    for weekday, opens, closes in week:
        if weekday == day.weekday():
            _join(joined, _moments(opens, closes, day, zone))


def _moments(opens: time, closes: time, day: date, zone: ZoneInfo) -> Interval:
    midnight = datetime.combine(day + _DAY, time(), zone)
    ends = midnight if closes == time.max else datetime.combine(day, closes, zone).replace(fold=1)
    return Interval(_milliseconds(datetime.combine(day, opens, zone)), _milliseconds(ends))


def _join(joined: list[Interval], interval: Interval) -> None:
    if joined and interval.from_ms <= joined[-1].until_ms:
        last = joined.pop()
        interval = Interval(last.from_ms, max(last.until_ms, interval.until_ms))
    if interval.until_ms > interval.from_ms:  # an opening that falls into the hour the clock skips is none
        joined.append(interval)


def _without(opening: Interval, closure: ClosureFact) -> list[Interval]:
    """What is left of an opening: nothing, all of it, or a piece on either side."""
    begins, ends = _milliseconds(closure.begins), _milliseconds(closure.ends)
    pieces = [
        Interval(opening.from_ms, min(opening.until_ms, begins)),
        Interval(max(opening.from_ms, ends), opening.until_ms),
    ]
    return [piece for piece in pieces if piece.from_ms < piece.until_ms]


def _milliseconds(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
