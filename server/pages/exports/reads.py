"""What the page about exports shows: the stretches to choose from, archives of months, the accounts in force and those missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from server.billing.models import Document
from server.db import db, reading
from server.domain.journal import EVERYBODY, AccountKind, Rule
from server.domain.stretch import Stretch, quarter_of, stretch_of
from server.domain.vat import CATEGORIES, Nature
from server.exports.accounts import all_rules
from server.exports.models import MonthArchive
from server.people.models import Tenant

_MONTHS, _QUARTERS, _YEARS = 14, 8, 5


@dataclass(frozen=True, slots=True)
class Archive:
    """How far the file of a month has come. ``running``: it was asked for and is not there yet; ``newer``: so many documents of
    the month were issued after it was made, such as credit notes."""

    month: str
    planned: int = 0
    done: int = 0
    built_at: datetime | None = None
    asked_at: datetime | None = None
    sha256: str = ""
    size: int = 0
    error: str = ""
    newer: int = 0

    @property
    def running(self) -> bool:
        return self.asked_at is not None and self.built_at is None and not self.error


@dataclass(frozen=True, slots=True)
class AccountLine:
    rule: Rule
    in_force: bool


def choices(today: date) -> tuple[list[str], list[str], list[str]]:
    """Months, quarters and years to choose from, the newest first."""
    months: list[str] = []
    day = today.replace(day=1)
    while len(months) < _MONTHS:
        months.append(f"{day:%Y-%m}")
        day = date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)
    quarters = [f"{one // 4}-Q{one % 4 + 1}" for one in _down(today.year * 4 + (today.month - 1) // 3, _QUARTERS)]
    assert quarters[0] == quarter_of(today)
    return months, quarters, [str(year) for year in _down(today.year, _YEARS)]


def archives(stretch: Stretch, specimen: bool) -> list[Archive]:
    """One for each month of the stretch that has documents."""
    with reading() as session:
        wanted = select(Document.month).where(Document.specimen.is_(specimen), Document.month.in_(stretch.months))
        there = set(session.scalars(wanted.distinct()))
        rows = session.scalars(select(MonthArchive).where(MonthArchive.month.in_(there))).all()
        late = select(Document.month, func.count()).join(MonthArchive, MonthArchive.month == Document.month)
        late = late.where(Document.specimen.is_(specimen), Document.issued_at > MonthArchive.built_at)
        newer = dict(session.execute(late.group_by(Document.month)).all())
    known = {row.month: row for row in rows}
    return [_archive(month, known.get(month), newer.get(month, 0)) for month in stretch.months if month in there]


def account_lines(day: date) -> list[AccountLine]:
    """Every decision, with what holds on a day."""
    rules = all_rules()
    newest: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        if rule.valid_from <= day:
            newest[rule.kind, rule.subject] = rule
    return [AccountLine(rule, newest.get((rule.kind, rule.subject)) is rule) for rule in rules]


def bookable() -> Iterator[tuple[AccountKind, str]]:
    """Everything that can be given an account, in the order in which an accountant fills a map."""
    yield AccountKind.CUSTOMER, EVERYBODY
    for nature in Nature:
        yield from ((AccountKind.REVENUE, f"{nature}:{category}") for category in CATEGORIES)
    for rate in ("2000", "1000", "550", "210"):
        yield AccountKind.VAT, rate
        yield AccountKind.VAT_WAITING, rate
    with reading():
        codes = db.session.scalars(select(Tenant.code).order_by(Tenant.code)).all()
    yield from ((AccountKind.CUSTOMER, code) for code in codes)


def is_month(name: str) -> bool:
    found = stretch_of(name)
    return found is not None and len(found.months) == 1


def _archive(month: str, row: MonthArchive | None, newer: int) -> Archive:
    if row is None:
        return Archive(month)
    facts = (row.planned, row.done, row.built_at, row.asked_at, row.sha256, row.size, row.error)
    return Archive(month, *facts, newer)


def _down(newest: int, count: int) -> range:
    return range(newest, newest - count, -1)
