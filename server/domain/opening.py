"""Opening hours on the lab's clock, as moments in UTC: the agent knows no time zone and no clock change."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.domain.facts import HoursFact
from wire.messages import Interval

_DAY = timedelta(days=1)


def open_intervals(
    hours: Iterable[HoursFact], start: datetime, end: datetime, zone: ZoneInfo
) -> tuple[Interval, ...] | None:
    """The openings that touch ``start`` to ``end``, whole and joined where one ends as the next begins.

    None where there are no hours at all: always open.
    """
    rows = sorted(hours, key=lambda row: (row.weekday, row.opens))
    if not rows:
        return None
    joined: list[Interval] = []
    day = start.astimezone(zone).date() - _DAY  # one before: an opening until midnight may be the start of ours
    while day <= end.astimezone(zone).date():
        for row in rows:
            if row.weekday == day.weekday():
                _join(joined, _moments(row, day, zone))
        day += _DAY
    first, last = _milliseconds(start), _milliseconds(end)
    return tuple(interval for interval in joined if interval.until_ms > first and interval.from_ms < last)


def _moments(row: HoursFact, day: date, zone: ZoneInfo) -> Interval:
    opens = datetime.combine(day, row.opens, zone)
    midnight = datetime.combine(day + _DAY, time(), zone)
    closes = midnight if row.closes == time.max else datetime.combine(day, row.closes, zone).replace(fold=1)
    return Interval(_milliseconds(opens), _milliseconds(closes))


def _join(joined: list[Interval], interval: Interval) -> None:
    if joined and interval.from_ms <= joined[-1].until_ms:
        last = joined.pop()
        interval = Interval(last.from_ms, max(last.until_ms, interval.until_ms))
    if interval.until_ms > interval.from_ms:  # an opening that falls into the hour the clock skips is none
        joined.append(interval)


def _milliseconds(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
