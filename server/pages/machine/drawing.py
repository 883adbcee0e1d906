"""The pictures of a machine's page as plain numbers: its day as bars on a line of hours, its weeks, its usual hours.

Pure but for the words. Positions are in percent of the width; the templates write them as attributes of SVG.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.domain.facts import HoursFact
from server.domain.occupancy import HOUR_S, Week
from server.domain.opening import open_intervals
from server.domain.period import day_start
from server.pages.machine.reads import Sat

HOURS = range(6, 22)  # at least; a session outside widens the day
_LINES = 4
_STEPS = (1, 2, 5, 10, 20, 50)  # hours from one line of a chart to the next


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    sat: Sat


@dataclass(frozen=True, slots=True)
class Stretch:
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    hour: int


@dataclass(frozen=True, slots=True)
class Day:
    """``closed``: when nobody may start it. ``here``: where now is."""

    bars: tuple[Bar, ...]
    closed: tuple[Stretch, ...]
    marks: tuple[Mark, ...]
    here: float


@dataclass(frozen=True, slots=True)
class Column:
    """One week: its height in percent of the highest line, and its calendar week."""

    x: float
    height: float
    week: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Weeks:
    """``lines``: hours, and how high each is in percent."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[int, float], ...]


def day_of_machine(sats: Iterable[Sat], hours: Sequence[HoursFact], today: date, now: datetime, zone: ZoneInfo) -> Day:
    midnight, end = day_start(today, zone), day_start(today + timedelta(days=1), zone)
    spans = [(max(sat.start, midnight), min(sat.end or now, end), sat) for sat in sats]
    first = min([HOURS.start, *(begin.astimezone(zone).hour for begin, _, _ in spans), now.astimezone(zone).hour])
    start = datetime(today.year, today.month, today.day, first, tzinfo=zone).astimezone(UTC)
    shown = datetime(today.year, today.month, today.day, HOURS.stop, tzinfo=zone).astimezone(UTC)
    last = min(end, max([shown, now + timedelta(minutes=30), *(until for _, until, _ in spans)]))

    def at(moment: datetime) -> float:
        return round(100 * (moment - start) / (last - start), 2)

    bars = tuple(Bar(at(begin), max(0.4, at(until) - at(begin)), sat) for begin, until, sat in spans)
    closed = tuple(Stretch(at(begin), at(until) - at(begin)) for begin, until in _closed(hours, start, last, zone))
    full = [datetime(today.year, today.month, today.day, hour, tzinfo=zone) for hour in range(first + first % 2, 24, 2)]
    marks = tuple(Mark(at(moment.astimezone(UTC)), moment.hour) for moment in full)
    return Day(bars, closed, tuple(mark for mark in marks if mark.x <= 98), at(now))


def _closed(
    hours: Sequence[HoursFact], start: datetime, end: datetime, zone: ZoneInfo
) -> Iterable[tuple[datetime, datetime]]:
    """What lies between the openings. Nothing where there are no hours: always open."""
    openings = open_intervals(hours, start, end, zone)
    if openings is None:
        return
    at = start
    for opening in openings:
        opens, closes = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (opening.from_ms, opening.until_ms))
        if opens > at:
            yield at, opens
        at = max(at, min(closes, end))
    if at < end:
        yield at, end


def weeks_of_machine(weeks: Sequence[Week]) -> Weeks:
    most = max(week.seconds for week in weeks) / HOUR_S
    step = next((step for step in _STEPS if step * _LINES >= most), _STEPS[-1])
    top = step * max(1, -(-most // step))
    wide = 100 / len(weeks)
    columns = tuple(
        Column(round(index * wide, 2), round(100 * week.seconds / HOUR_S / top, 1), _number(week), week.seconds)
        for index, week in enumerate(weeks)
    )
    lines = range(step, int(top) + 1, step)
    return Weeks(columns, tuple((line, round(100 * line / top, 1)) for line in lines))


def _number(week: Week) -> int:
    return week.monday.isocalendar().week


def closed_cells(hours: Iterable[HoursFact]) -> set[tuple[int, int]]:
    """Weekdays and hours in which nobody may start it at any time. None where there are no hours: always open."""
    openings = list(hours)
    every = {(weekday, hour) for weekday in range(7) for hour in range(24)} if openings else set()
    return {cell for cell in every if not any(_touches(opening, *cell) for opening in openings)}


def _touches(opening: HoursFact, weekday: int, hour: int) -> bool:
    ends = time(hour + 1) if hour < 23 else time.max
    return opening.weekday == weekday and opening.opens < ends and opening.closes > time(hour)


def busiest(by_hour: Sequence[Sequence[int]]) -> tuple[int, int] | None:
    """The weekday and hour in which it is used most; None where it never is."""
    most, weekday, hour = max((percent, -day, -at) for day, row in enumerate(by_hour) for at, percent in enumerate(row))
    return (-weekday, -hour) if most else None


def shade(percent: int) -> int:
    """Which of the seven steps of the blue ramp: 0 is never, 6 is nearly always."""
    return 0 if percent == 0 else min(6, 1 + percent // 17)
