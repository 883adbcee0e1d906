"""A calendar as a grid: hours of the lab's clock across, and for each machine or day a row of cells, a few quarters wide.

Pure. In the night the clock goes back an hour comes twice and has two columns; in the other one a day lacks a column.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.domain.bookings import QUARTER, Span
from server.domain.period import day_of, day_start

QUARTERS = 4  # of an hour
USUAL = range(7, 20)  # the hours that are shown at least


class Hour(NamedTuple):
    """One column. ``again``: the second time that this hour comes in one night."""

    hour: int
    again: bool = False


class Kind(StrEnum):
    FREE = "free"
    PAST = "past"
    CLOSED = "closed"
    TAKEN = "taken"
    NONE = "none"  # this day has no such hour


@dataclass(frozen=True, slots=True)
class Cell:
    """``begins`` and ``ends`` are those of the cell, not of what is taken there: that is number ``taken`` of its row."""

    kind: Kind
    quarters: int
    begins: datetime | None
    ends: datetime | None
    taken: int | None = None


def columns(days: Iterable[date], hours: range, zone: ZoneInfo) -> list[Hour]:
    """Those of ``hours``, and again each that comes twice on one of the days."""
    days = list(days)
    found = []
    for hour in hours:
        found.append(Hour(hour))
        if any(begin_of(day, Hour(hour, again=True), zone) for day in days):
            found.append(Hour(hour, again=True))
    return found


def begin_of(day: date, hour: Hour, zone: ZoneInfo) -> datetime | None:
    """The moment an hour of a day begins; None where the clock leaves it out, or does not show it again."""
    wall = datetime.combine(day, time(hour.hour))
    moment = wall.replace(tzinfo=zone, fold=int(hour.again)).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        return None
    if hour.again and moment == wall.replace(tzinfo=zone).astimezone(UTC):
        return None
    return moment


def hours_shown(day: date, spans: Iterable[Span], zone: ZoneInfo) -> range:
    """As many hours as it takes to see when each span begins and ends; of one that goes on overnight its last hour."""
    first, last = USUAL.start, USUAL.stop
    for begins, ends in spans:
        if day_of(begins, zone) == day:
            first, last = min(first, begins.astimezone(zone).hour), max(last, begins.astimezone(zone).hour + 1)
        before_end = ends - QUARTER
        if day_of(before_end, zone) == day:
            first, last = min(first, before_end.astimezone(zone).hour), max(last, before_end.astimezone(zone).hour + 1)
    return range(first, last)


def slots(day: date, shown: Sequence[Hour], zone: ZoneInfo) -> list[datetime | None]:
    """The beginning of every quarter of a row."""
    found: list[datetime | None] = []
    for hour in shown:
        begin = begin_of(day, hour, zone)
        found += [None if begin is None else begin + number * QUARTER for number in range(QUARTERS)]
    return found


def row(
    quarters: Sequence[datetime | None], taken: Sequence[Span], closed: Sequence[bool], now: datetime
) -> tuple[Cell, ...]:
    """``closed``: of each quarter. What is taken later in the list stands before what is taken earlier."""
    owners = _owners(quarters, taken)
    keys = [_key(index, quarters, owners, closed, now) for index in range(len(quarters))]
    return tuple(
        _cell(key[0], [index for index, _ in group], quarters, key[1])
        for key, group in groupby(enumerate(keys), key=lambda pair: pair[1])
    )


def closed_quarters(
    quarters: Sequence[datetime | None], open_at: Sequence[Span] | None, shut: Sequence[Span]
) -> list[bool]:
    """``open_at`` None: always open. ``shut``: closures, whatever the hours."""
    return [moment is not None and (_not_within(moment, open_at) or _within(moment, shut)) for moment in quarters]


def week_of(day: date) -> list[date]:
    """The seven days of the week of this one, from Monday on."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=number) for number in range(7)]


def whole(days: Sequence[date], zone: ZoneInfo) -> Span:
    """From the first moment of the first day to the last of the last."""
    return Span(day_start(days[0], zone), day_start(days[-1] + timedelta(days=1), zone))


_Key = tuple[Kind, int]


def _key(
    index: int,
    quarters: Sequence[datetime | None],
    owners: Sequence[int | None],
    closed: Sequence[bool],
    now: datetime,
) -> _Key:
    """What quarters have in common that stand in one cell. Free ones are cut at the hours: each is a way to book."""
    owner, moment = owners[index], quarters[index]
    if owner is not None:
        return Kind.TAKEN, owner
    if moment is None:
        return Kind.NONE, -1
    if closed[index]:
        return Kind.CLOSED, -1
    if moment + QUARTER <= now:
        return Kind.PAST, -1
    return Kind.FREE, index // QUARTERS


def _owners(quarters: Sequence[datetime | None], taken: Sequence[Span]) -> list[int | None]:
    owners: list[int | None] = [None] * len(quarters)
    for number, span in enumerate(taken):
        mine = [index for index, moment in enumerate(quarters) if moment is not None and _within(moment, (span,))]
        if mine:  # what lies between is an hour that this day does not have
            owners[mine[0] : mine[-1] + 1] = [number] * (mine[-1] + 1 - mine[0])
    return owners


def _within(moment: datetime, spans: Iterable[Span]) -> bool:
    return any(begins <= moment < ends for begins, ends in spans)


def _not_within(moment: datetime, spans: Sequence[Span] | None) -> bool:
    return spans is not None and not _within(moment, spans)


def _cell(kind: Kind, indexes: list[int], quarters: Sequence[datetime | None], number: int) -> Cell:
    known = [moment for index in indexes if (moment := quarters[index]) is not None]
    begins, ends = (known[0], known[-1] + QUARTER) if known else (None, None)
    return Cell(kind, len(indexes), begins, ends, number if kind is Kind.TAKEN else None)
