"""What the page of prices shows: the list of one day as a table, every dated price, what is missing, what beats what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from flask import abort
from sqlalchemy import func, select

from server.billing import facts
from server.billing.gaps import kinds_here, places
from server.billing.models import Charge
from server.billing.models import Tariff as TariffRow
from server.db import db, reading
from server.domain import pricelist
from server.domain.money import price_of, whole_cents
from server.domain.period import day_of, day_start
from server.domain.pricelist import Place, Reach
from server.domain.rating import Tariff, billed_seconds
from server.machines.models import Machine
from server.people.models import TenantKind
from server.web.here import now, today, zone

_EXAMPLES_S = (5 * 60, 50 * 60, 3 * 3600)


class When(StrEnum):
    NOW = "now"
    PLANNED = "planned"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Named:
    """What a price is for, in words: a machine's name or a category."""

    code: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    target: Named
    cells: tuple[pricelist.Cell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    day: date
    kinds: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class Rival:
    """A price that goes before another one: its machine, where that is not the same, and its kind of tenant."""

    name: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One dated price. ``until`` is the last day on which it holds. ``reach`` only while it holds on the chosen day."""

    id: int
    target: Named
    kind: str | None
    since: date
    until: date | None
    price: Tariff
    when: When
    reach: Reach | None
    beaten_by: tuple[Rival, ...]
    reason: str

    @property
    def was_taken_back(self) -> bool:
        return self.price.valid_until is not None and self.price.valid_until <= self.price.valid_from


@dataclass(frozen=True, slots=True)
class Gap:
    """Machines without a price for some kinds of tenant. ``what`` is how the form for a new price is told of them: the
    machine where it is one of several, else its category."""

    category: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    whole: bool
    for_all: bool
    what: str


@dataclass(frozen=True, slots=True)
class Example:
    measured_s: int
    billed_s: int
    net_cents: int


@dataclass(frozen=True, slots=True)
class One:
    """One price with all that a page about it says. ``charges``: how many stand on it, and until when they began."""

    line: Line
    version: int
    charges: int
    charged_until: datetime | None
    examples: tuple[Example, ...]
    others: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Books:
    """What all of this is worked out from, at one moment."""

    tariffs: Sequence[Tariff]
    reasons: Mapping[int, str]
    machines: Sequence[Place]
    names: Mapping[str, Named]
    kinds: tuple[str, ...]  # the columns
    here: tuple[str, ...]  # those of tenants there are
    moment: datetime


def prices_on(day: date) -> tuple[Matrix, tuple[Line, ...], tuple[Gap, ...]]:
    """The list of a day; every price, those that hold first; and what has no price on that day."""
    books = _read(now() if day == today() else day_start(day, zone()))
    rows = pricelist.price_list(books.tariffs, books.machines, books.kinds, books.moment)
    matrix_rows = (MatrixRow(_target(row.place.code, row.place.category, books), row.cells) for row in rows)
    matrix = Matrix(day, books.kinds, tuple(matrix_rows))
    lines = sorted((_line(tariff, books) for tariff in books.tariffs), key=_in_order)
    missing = pricelist.gaps(books.tariffs, books.machines, books.here, books.moment)
    return matrix, tuple(lines), tuple(_gap(gap, books) for gap in missing)


def one_price(number: int) -> One:
    books = _read(now())
    found = next((tariff for tariff in books.tariffs if tariff.id == number), None) or abort(404)
    line = _line(found, books)
    with reading() as session:
        version = session.scalars(select(TariffRow.version).where(TariffRow.id == number)).one()
        counted = select(func.count(), func.max(Charge.started_at)).where(Charge.tariff_id == number)
        charges, last = session.execute(counted).one()
    others = [_line(other, books) for other in books.tariffs if other.id != number and _scope(other) == _scope(found)]
    examples = tuple(_example(found, seconds) for seconds in _EXAMPLES_S)
    return One(line, version, charges, last, examples, tuple(sorted(others, key=_in_order)))


def price_in_place_of(number: int, day: date) -> One:
    """What holds on a day for what this price was for: another one where somebody has decided so meanwhile."""
    found = one_price(number)
    lines = (found.line, *found.others)
    then = [line for line in lines if line.since <= day and (line.until is None or day <= line.until)]
    other = next((line.id for line in then if not line.was_taken_back), number)
    return found if other == number else one_price(other)


def targets() -> tuple[list[str], list[tuple[str, str]]]:
    """What a price can be for: categories, and machines by code and name."""
    with reading() as session:
        wanted = select(Machine.code, Machine.name, Machine.category).where(Machine.ended_at.is_(None))
        rows = session.execute(wanted.order_by(Machine.category, Machine.id)).all()
    return sorted({row.category for row in rows}), [(row.code, row.name) for row in rows]


def _read(moment: datetime) -> _Books:
    with reading() as session:
        rows = session.execute(select(Machine.code, Machine.name, Machine.category))
        return _Books(
            tariffs=facts.load_tariffs(),
            reasons=dict(session.execute(select(TariffRow.id, TariffRow.reason)).all()),
            machines=places(),
            names={code: Named(code, name, category) for code, name, category in rows},
            kinds=_columns(),
            here=tuple(kinds_here()),
            moment=moment,
        )


def _columns() -> tuple[str, ...]:
    """The kinds of tenant there are, and those that a price was ever named for; in a new lab all."""
    named = set(db.session.scalars(select(TariffRow.tenant_kind).distinct()))
    here = {*kinds_here(), *(kind for kind in named if kind)}
    billed = [kind.value for kind in TenantKind if kind is not TenantKind.INTERNAL]
    return tuple(kind for kind in billed if not here or kind in here)


def _line(tariff: Tariff, books: _Books) -> Line:
    when = _when(tariff, books.moment)
    reach = None
    if when is When.NOW:
        reach = pricelist.reach(tariff, books.tariffs, books.machines, books.kinds, books.moment)
    last = day_of(tariff.valid_until - timedelta(seconds=1), zone()) if tariff.valid_until else None
    return Line(
        id=tariff.id,
        target=_target(tariff.machine or "", tariff.category or "", books),
        kind=tariff.tenant_kind,
        since=day_of(tariff.valid_from, zone()),
        until=last,
        price=tariff,
        when=when,
        reach=reach,
        beaten_by=tuple(_rival(other, tariff, books) for other in reach.beaten_by) if reach else (),
        reason=books.reasons.get(tariff.id, ""),
    )


def _when(tariff: Tariff, moment: datetime) -> When:
    if tariff.valid_until is not None and tariff.valid_until <= max(moment, tariff.valid_from):
        return When.OVER
    return When.PLANNED if tariff.valid_from > moment else When.NOW


def _target(code: str, category: str, books: _Books) -> Named:
    return books.names[code] if code else Named("", category, category)


def _rival(other: Tariff, beaten: Tariff, books: _Books) -> Rival:
    named = (
        ""
        if _scope(other)[:2] == _scope(beaten)[:2]
        else _target(other.machine or "", other.category or "", books).name
    )
    return Rival(named, other.tenant_kind)


def _gap(gap: pricelist.Gap, books: _Books) -> Gap:
    names = tuple(books.names[code].name for code in gap.machines)
    alone = len(gap.machines) == 1 and not gap.whole
    what = f"machine:{gap.machines[0]}" if alone else f"category:{gap.category}"
    return Gap(gap.category, names, gap.kinds, gap.whole, gap.for_all, what)


def _scope(tariff: Tariff) -> tuple[str | None, str | None, str | None]:
    return tariff.machine, tariff.category, tariff.tenant_kind


def _example(tariff: Tariff, measured_s: int) -> Example:
    billed_s = billed_seconds(measured_s, tariff)
    net = whole_cents(price_of(billed_s, tariff.cents_per_hour) + tariff.session_fee_cents)
    return Example(measured_s, billed_s, net)


def _in_order(line: Line) -> tuple[str, str, str, datetime]:
    """By category; what is for all of it first, then machine by machine; each kind with its later prices below."""
    return line.target.category, line.target.code and line.target.name, line.kind or "", line.price.valid_from
