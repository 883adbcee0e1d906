"""What the page of prices shows: the list of one day as a table, every dated price, what is missing, what beats what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from flask import abort
from sqlalchemy import func, select

from server.billing.gaps import kinds_here, places
from server.billing.models import Charge
from server.billing.models import Tariff as TariffRow
from server.billing.tariffs import load_tariffs
from server.db import db, reading
from server.domain import coming, pricelist
from server.domain.period import day_of, day_start
from server.domain.pricelist import Place, Reach
from server.domain.rating import RatedSession
from server.domain.tariffs import Rule, Scope, Tariff
from server.machines.models import Machine
from server.pages.prices import trial, words
from server.pages.prices.price_forms import Targets
from server.people.models import MemberClass, Tenant, TenantKind
from server.web.formats import language
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
class Line:
    """One dated price. ``whose``: the sessions it is for, in words. ``until`` is the last day on which it holds. ``reach``
    only while it holds on the chosen day; ``beaten_by`` names the prices that go before it."""

    id: int
    target: Named
    whose: str
    since: date
    until: date | None
    price: Tariff
    when: When
    reach: Reach | None
    beaten_by: tuple[str, ...]
    reason: str

    @property
    def rule(self) -> Rule:
        return self.price.rule

    @property
    def was_taken_back(self) -> bool:
        return self.price.valid_until is not None and self.price.valid_until <= self.price.valid_from


@dataclass(frozen=True, slots=True)
class Gap:
    """Machines without a price for some kinds of tenant. ``what`` is how the form for a new price is told of them: the
    machine where it is one of several, else its category. ``since``: the day from which it lacks, None for already."""

    category: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    whole: bool
    for_all: bool
    what: str
    since: date | None = None
    ending: int | None = None  # the price that ends then


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two prices for just the same: ``counts`` goes, ``idle`` does not, from a day to a last day."""

    counts: Line
    idle: Line
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class PriceList:
    matrix: Matrix
    lines: tuple[Line, ...]
    gaps: tuple[Gap, ...]
    ahead: tuple[Gap, ...]
    overlaps: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True)
class One:
    """One price with all that a page about it says. ``charges``: how many stand on it, and until when they began."""

    line: Line
    version: int
    charges: int
    charged_until: datetime | None
    examples: tuple[RatedSession, ...]
    others: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Books:
    """What all of this is worked out from, at one moment."""

    tariffs: Sequence[Tariff]
    reasons: Mapping[int, str]
    machines: Sequence[Place]
    names: Mapping[str, Named]
    says: words.Names
    kinds: tuple[str, ...]  # the columns
    here: tuple[str, ...]  # those of tenants there are
    moment: datetime


def prices_on(day: date) -> PriceList:
    """The list of a day; every price; what has no price on that day, what will have none, and what is in whose way."""
    books = _read(now() if day == today() else day_start(day, zone()))
    rows = pricelist.price_list(books.tariffs, books.machines, books.kinds, books.moment)
    matrix_rows = (MatrixRow(_target(row.place.code, row.place.category, books), row.cells) for row in rows)
    lines = {tariff.id: _line(tariff, books) for tariff in books.tariffs}
    missing = pricelist.gaps(books.tariffs, books.machines, books.here, books.moment)
    later = max(books.moment, now())  # what a day of the past would have lacked is nobody's worry any more
    ahead = coming.gaps_ahead(books.tariffs, books.machines, books.here, later)
    return PriceList(
        matrix=Matrix(day, books.kinds, tuple(matrix_rows)),
        lines=tuple(sorted(lines.values(), key=_in_order)),
        gaps=tuple(_gap(gap, books) for gap in missing),
        ahead=tuple(_coming(one, books) for one in ahead),
        overlaps=tuple(_overlap(one, lines) for one in coming.overlaps(books.tariffs, later)),
    )


def one_price(number: int) -> One:
    books = _read(now())
    found = next((tariff for tariff in books.tariffs if tariff.id == number), None) or abort(404)
    line = _line(found, books)
    with reading() as session:
        version = session.scalars(select(TariffRow.version).where(TariffRow.id == number)).one()
        counted = select(func.count(), func.max(Charge.started_at)).where(Charge.tariff_id == number)
        charges, last = session.execute(counted).one()
    others = [_line(other, books) for other in books.tariffs if other.id != number and other.scope == found.scope]
    begins = trial.next_hour(max(now(), found.valid_from))
    examples = tuple(trial.rate(found.rule, begins, seconds) for seconds in _EXAMPLES_S)
    return One(line, version, charges, last, examples, tuple(sorted(others, key=_in_order)))


def prices_of_machine(code: str) -> tuple[Line, ...]:
    """What a machine costs now: every price that holds there for somebody, its own before those of its category. A price
    for one tenant or one class of members always stands."""
    books = _read(now())
    place = next((one for one in books.machines if one.code == code), None)
    if place is None:
        return ()
    about = [one for one in books.tariffs if one.scope.machine == code or one.scope.category == place.category]
    holding = pricelist.in_force(about, books.moment)
    reached = [(one, pricelist.reach(one, holding, [place], books.kinds, books.moment)) for one in holding]
    lines = (_line(one, books) for one, reach in reached if reach.wins)
    return tuple(sorted(lines, key=lambda line: (not line.target.code, _in_order(line))))


def price_in_place_of(number: int, day: date) -> One:
    """What holds on a day for what this price was for: another one where somebody has decided so meanwhile."""
    found = one_price(number)
    lines = (found.line, *found.others)
    then = [line for line in lines if line.since <= day and (line.until is None or day <= line.until)]
    other = next((line.id for line in then if not line.was_taken_back), number)
    return found if other == number else one_price(other)


def targets() -> Targets:
    """What a price can be for."""
    with reading() as session:
        wanted = select(Machine.code, Machine.name, Machine.category).where(Machine.ended_at.is_(None))
        rows = session.execute(wanted.order_by(Machine.category, Machine.id)).all()
        billed = Tenant.ended_at.is_(None) & (Tenant.kind != TenantKind.INTERNAL.value)
        tenants = session.execute(select(Tenant.code, Tenant.name).where(billed).order_by(Tenant.name)).all()
        classes = session.scalars(select(MemberClass).where(MemberClass.ended_at.is_(None)).order_by(MemberClass.code))
        members = [(one.code, one.names.get(language(), one.code)) for one in classes]
    return Targets(
        categories=sorted({row.category for row in rows}),
        machines=[(row.code, row.name) for row in rows],
        tenants=[(code, name) for code, name in tenants],
        classes=members,
    )


def scope_in_words(scope: Scope) -> tuple[Named, str]:
    """What a scope is for, and whose sessions, for pages about prices that are not in force."""
    with reading():
        names, says = _names(), _says()
    target = names[scope.machine] if scope.machine in names else Named("", scope.category or "", scope.category or "")
    return target, words.whose(scope, says)


def _read(moment: datetime) -> _Books:
    with reading() as session:
        return _Books(
            tariffs=load_tariffs(),
            reasons=dict(session.execute(select(TariffRow.id, TariffRow.reason)).all()),
            machines=places(),
            names=_names(),
            says=_says(),
            kinds=_columns(),
            here=tuple(kinds_here()),
            moment=moment,
        )


def _names() -> dict[str, Named]:
    rows = db.session.execute(select(Machine.code, Machine.name, Machine.category))
    return {code: Named(code, name, category) for code, name, category in rows}


def _says() -> words.Names:
    tenants: dict[str, str] = dict(db.session.execute(select(Tenant.code, Tenant.name)).all())
    classes = {one.code: one.names.get(language(), one.code) for one in db.session.scalars(select(MemberClass))}
    return words.Names(tenants, classes)


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
    return Line(
        id=tariff.id,
        target=_target(tariff.scope.machine or "", tariff.scope.category or "", books),
        whose=words.whose(tariff.scope, books.says),
        since=day_of(tariff.valid_from, zone()),
        until=_last_day(tariff.valid_until),
        price=tariff,
        when=when,
        reach=reach,
        beaten_by=_rivals(reach.beaten_by, tariff, books) if reach else (),
        reason=books.reasons.get(tariff.id, ""),
    )


def _when(tariff: Tariff, moment: datetime) -> When:
    if tariff.valid_until is not None and tariff.valid_until <= max(moment, tariff.valid_from):
        return When.OVER
    return When.PLANNED if tariff.valid_from > moment else When.NOW


def _last_day(until: datetime | None) -> date | None:
    return None if until is None else day_of(until - timedelta(seconds=1), zone())


def _target(code: str, category: str, books: _Books) -> Named:
    return books.names[code] if code else Named("", category, category)


def _rivals(others: Iterable[Tariff], beaten: Tariff, books: _Books) -> tuple[str, ...]:
    """What goes before a price: "Imprimante P8", "École", or "Imprimante P8 (École)"."""
    said = []
    for other in others:
        same_place = (other.scope.machine, other.scope.category) == (beaten.scope.machine, beaten.scope.category)
        name = "" if same_place else _target(other.scope.machine or "", other.scope.category or "", books).name
        said.append(words.rival(name, other.scope, books.says))
    return tuple(dict.fromkeys(said))


def _gap(gap: pricelist.Gap, books: _Books, since: date | None = None, ending: int | None = None) -> Gap:
    names = tuple(books.names[code].name for code in gap.machines)
    alone = len(gap.machines) == 1 and not gap.whole
    what = f"machine:{gap.machines[0]}" if alone else f"category:{gap.category}"
    return Gap(gap.category, names, gap.kinds, gap.whole, gap.for_all, what, since, ending)


def _coming(one: coming.Coming, books: _Books) -> Gap:
    return _gap(one.gap, books, day_of(one.since, zone()), one.ending.id if one.ending else None)


def _overlap(one: coming.Overlap, lines: Mapping[int, Line]) -> Overlap:
    return Overlap(lines[one.counts.id], lines[one.idle.id], day_of(one.since, zone()), _last_day(one.until))


def _in_order(line: Line) -> tuple[str, str, str, datetime]:
    """By category; what is for all of it first, then machine by machine; each kind with its later prices below."""
    return (
        line.target.category,
        line.target.code and line.target.name,
        words.order(line.price.scope),
        line.price.valid_from,
    )
