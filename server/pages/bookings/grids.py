"""The calendars: all machines on one day, by room; and one machine in a week, by day. Hours across, booked cells named."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import select

from server.care import facts as care
from server.db import db, reading
from server.domain import calendar
from server.domain.bookings import QUARTER, Span
from server.domain.calendar import Cell, Hour, Kind
from server.domain.facts import ClosureFact, HoursFact
from server.domain.opening import open_intervals
from server.domain.roles import About, Verb
from server.machines.models import Machine, OpeningHours, Room
from server.pages.bookings import reads
from server.pages.bookings.reads import Kept
from server.pages.people.names import natural
from server.web.formats import clock
from server.web.here import now, zone
from server.web.needs import allowed

_A_LONG_DAY = timedelta(hours=18)
_SIZES = ((8, "wide"), (6, "mid"), (4, "short"))  # quarters: room for who, for from when until when, for from when


@dataclass(frozen=True, slots=True)
class Box:
    """One cell. ``href``: where it is booked, or where what stands there can be looked at; ``time`` its beginning."""

    kind: Kind
    quarters: int
    href: str = ""
    time: str = ""
    kept: Kept | None = None

    @property
    def size(self) -> str:
        return next((size for quarters, size in _SIZES if self.quarters >= quarters), "narrow")


@dataclass(frozen=True, slots=True)
class Line:
    """A machine, or a day of one machine. ``book``: the way to its first free time; empty for who may not book it."""

    name: str
    href: str
    boxes: tuple[Box, ...]
    kept: tuple[Kept, ...]
    book: str = ""
    service: str = "in"
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """``here``: how far across now is, in percent; None where it is not on the grid. ``is_whole``: every hour is shown."""

    days: tuple[date, ...]
    columns: tuple[Hour, ...]
    groups: tuple[Group, ...]
    here: float | None
    is_whole: bool

    @property
    def day(self) -> date:
        return self.days[0]

    @property
    def length(self) -> timedelta:
        """How long its days are together: one with a clock change has 23 or 25 hours."""
        span = calendar.whole(self.days, zone())
        return span.ends - span.begins

    @property
    def kept(self) -> int:
        return sum(len(line.kept) for group in self.groups for line in group.lines)


@dataclass(frozen=True, slots=True)
class _Place:
    code: str
    name: str
    room: str
    category: str
    service: str

    @property
    def may_book(self) -> bool:
        return allowed(Verb.BOOK, About(machine=self.code, room=self.room or None))


class _Lab:
    """When machines are open in a stretch of time: hours and closures, by category."""

    def __init__(self, span: Span) -> None:
        self._span = span
        with reading():
            wanted = select(OpeningHours.category, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes)
            self._hours = [HoursFact(*row) for row in db.session.execute(wanted)]
            self._closures = care.closures(span.begins)

    def open_at(self, category: str) -> list[Span] | None:
        found = open_intervals((row for row in self._hours if row.category == category), *self._span, zone())
        return None if found is None else [Span(_moment(one.from_ms), _moment(one.until_ms)) for one in found]

    def shut(self, category: str) -> list[Span]:
        return [Span(one.begins, one.ends) for one in self._closures if one.category in {None, category}]


def closures(since: datetime) -> tuple[ClosureFact, ...]:
    """What keeps the lab closed from a moment on, for the rules of a booking."""
    with reading():
        return care.closures(since)


def day_grid(day: date, room: str, is_whole: bool) -> Grid:
    """Every machine of the lab, or of one room, on one day."""
    span, places = calendar.whole([day], zone()), _places(room)
    taken: dict[str, list[Kept]] = defaultdict(list)
    for one in reads.between(span):
        taken[one.machine].append(one)
    here = [one for place in places for one in taken[place.code]]
    lab = _Lab(span)
    openings = {place.category: lab.open_at(place.category) for place in places}
    shown = _columns([day], [*reads.spans(here), *_telling(openings)], is_whole)
    quarters = calendar.slots(day, shown, zone())
    closed = {name: calendar.closed_quarters(quarters, spans, lab.shut(name)) for name, spans in openings.items()}
    written = {moment: clock(moment) for moment in quarters if moment is not None}
    groups: dict[str, list[Line]] = defaultdict(list)
    for place in places:
        line = _line(place, quarters, taken[place.code], closed[place.category], written, place.name, None)
        groups[place.room].append(line)
    return _grid([day], shown, quarters, groups, is_whole)


def week_grid(code: str, day: date, is_whole: bool) -> Grid:
    """One machine in the week of a day."""
    days = calendar.week_of(day)
    place = next(iter(_places("", code)))
    span = calendar.whole(days, zone())
    kept, lab = reads.between(span, code), _Lab(span)
    open_at, shut = lab.open_at(place.category), lab.shut(place.category)
    shown = _columns(days, [*reads.spans(kept), *_telling({"": open_at})], is_whole)
    lines = []
    for one in days:
        quarters = calendar.slots(one, shown, zone())
        closed = calendar.closed_quarters(quarters, open_at, shut)
        mine = [booked for booked in kept if booked.span.meets(calendar.whole([one], zone()))]
        written = {moment: clock(moment) for moment in quarters if moment is not None}
        lines.append(_line(place, quarters, mine, closed, written, "", one))
    return _grid(days, shown, None, {"": lines}, is_whole)


def _grid(
    days: Sequence[date],
    shown: Sequence[Hour],
    quarters: Sequence[datetime | None] | None,
    groups: Mapping[str, Sequence[Line]],
    is_whole: bool,
) -> Grid:
    found = tuple(Group(name, tuple(lines)) for name, lines in groups.items())
    return Grid(tuple(days), tuple(shown), found, _here(quarters) if quarters else None, is_whole)


def _line(
    place: _Place,
    quarters: Sequence[datetime | None],
    kept: Sequence[Kept],
    closed: Sequence[bool],
    written: Mapping[datetime, str],
    name: str,
    day: date | None,
) -> Line:
    address = f"/machines/{quote(place.code)}"
    book = f"{address}/book" if place.may_book else ""
    cells = calendar.row(quarters, reads.spans(kept), closed, now())
    boxes = tuple(_box(cell, kept, book, written) for cell in cells)
    in_order = tuple(sorted(kept, key=lambda one: one.span))
    first_free = next((box.href for box in boxes if box.kind is Kind.FREE), "")
    return Line(name, f"{address}/bookings", boxes, in_order, first_free, place.service, day)


def _box(cell: Cell, kept: Sequence[Kept], book: str, written: Mapping[datetime, str]) -> Box:
    if cell.taken is not None:
        one = kept[cell.taken]
        can_be_hit = cell.quarters > 1  # a finger needs some room; the machine's page lists it, too
        return Box(cell.kind, cell.quarters, f"/bookings/{one.ref}" if one.is_open and can_be_hit else "", kept=one)
    if cell.kind is not Kind.FREE or not book or cell.begins is None or cell.ends is None:
        return Box(cell.kind, cell.quarters)
    href = f"{book}?from={cell.begins:%Y-%m-%dT%H:%MZ}&to={cell.ends:%Y-%m-%dT%H:%MZ}"
    return Box(cell.kind, cell.quarters, href, written[cell.begins])


def _columns(days: Sequence[date], found: Sequence[Span], is_whole: bool) -> list[Hour]:
    if is_whole:
        return calendar.columns(days, range(24), zone())
    ranges = [calendar.hours_shown(day, found, zone()) for day in days]
    hours = range(min(one.start for one in ranges), max(one.stop for one in ranges))
    return calendar.columns(days, hours, zone())


def _telling(openings: Mapping[str, Sequence[Span] | None]) -> Iterable[Span]:
    """Openings that say which hours to show; one that goes on through the night says nothing."""
    return [span for spans in openings.values() for span in spans or () if span.ends - span.begins <= _A_LONG_DAY]


def _here(quarters: Sequence[datetime | None]) -> float | None:
    for index, moment in enumerate(quarters):
        if moment is not None and moment <= now() < moment + QUARTER:
            return round(100 * (index + (now() - moment) / QUARTER) / len(quarters), 2)
    return None


def _places(room: str, code: str | None = None) -> list[_Place]:
    """The machines of the lab, room by room as on the plan, then by name."""
    wanted = select(Machine.code, Machine.name, Machine.room, Machine.category, Machine.service, Room.id)
    wanted = wanted.outerjoin(Room, Room.name == Machine.room)
    wanted = wanted.where(Machine.ended_at.is_(None)) if code is None else wanted.where(Machine.code == code)
    if room:
        wanted = wanted.where(Machine.room == room)
    with reading():
        rows = db.session.execute(wanted).all()
    rows = sorted(rows, key=lambda row: (row.id is None, row.id or 0, natural(row.name)))
    return [_Place(row.code, row.name, row.room or "", row.category, row.service) for row in rows]


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
