"""The lists for authorities, by month, each with the day by which the law wants it: DES, transactions, payments for services."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from server.billing.gaps import rhythm_on
from server.billing.models import Document
from server.collecting.models import Allocation
from server.db import reading
from server.domain.declarations import (
    Transaction,
    decade,
    services_declared,
    services_paid,
    transactions,
    whole_euros,
)
from server.domain.duties import Due, Duty, Facts, duties, services_declared_by
from server.domain.payments import shares_of
from server.domain.stretch import Stretch, stretch_of
from server.exports.papers import issued_between, of_ids
from server.exports.tables import Asked

Row = tuple[str, ...]


class Declared(StrEnum):
    """What is told, to whom."""

    DES = "des"  # customs: services to businesses of the EU
    TRANSACTIONS = "transactions"  # tax office, through a platform
    PAYMENTS = "payments"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One list of one month. ``due``: the last day, None where nothing is to be told."""

    what: Declared
    month: str
    rows: int
    due: date | None


HEADS: dict[Declared, Row] = {
    Declared.DES: ("declared_in", "service_month", "correction", "buyer_vat_id", "net_euros", "net"),
    Declared.TRANSACTIONS: ("period", "day", "kind", "document", "country", "category", "rate", "net", "vat", "due_by"),
    Declared.PAYMENTS: ("month", "day", "category", "rate", "net", "vat", "gross", "due_by"),
}
_DUTIES = {Declared.DES: Duty.DES, Declared.PAYMENTS: Duty.PAYMENTS}
_BY_DECADE = {"1-10": Duty.TRANSACTIONS_1, "11-20": Duty.TRANSACTIONS_2, "21-": Duty.TRANSACTIONS}


def declarations(asked: Asked) -> list[Declaration]:
    """Every list of every month of the stretch that has something to tell."""
    found = []
    for month in asked.stretch.months:
        for what in Declared:
            rows = list(rows_of(what, _of(month, asked)))
            if rows:
                found.append(Declaration(what, month, len(rows), _last_day(what, month)))
    return found


def rows_of(what: Declared, asked: Asked) -> Iterator[Row]:
    """The rows of a stretch, month by month; texts, amounts in euros with a comma."""
    for month in asked.stretch.months:
        own = _of(month, asked)
        match what:
            case Declared.DES:
                yield from _des(month, own)
            case Declared.TRANSACTIONS:
                yield from _transactions(month, own)
            case Declared.PAYMENTS:
                yield from _payments(month, own)


def _des(month: str, asked: Asked) -> Iterator[Row]:
    """By buyer, of all documents since the last day of the declaration before: what was declared once does not change any more.
    What corrects an earlier month stands apart, under that month. Statements count: the month of service is known here, whoever
    writes the invoice."""
    sums: dict[tuple[str, str], int] = {}
    first = asked.stretch.first
    since = services_declared_by((first - timedelta(days=1)).replace(day=1)) + timedelta(days=1)
    for paper in issued_between(since, services_declared_by(first), asked.specimen):
        for supply in services_declared(paper.content, asked.zone):
            key = (supply.service_month, supply.vat_id)
            sums[key] = sums.get(key, 0) + supply.net_cents
    for (service, vat_id), cents in sorted(sums.items(), key=lambda item: (item[0][0] != month, item[0])):
        if cents:
            correction = "" if service == month else "x"
            yield (month, service, correction, vat_id, str(whole_euros(cents)), _euros(cents))


def _transactions(month: str, asked: Asked) -> Iterator[Row]:
    """Private people as a sum of each day, businesses abroad one by one."""
    found: dict[tuple[date, str, str, str, str, int], list[int]] = {}
    for paper in issued_between(asked.stretch.first, asked.stretch.last, asked.specimen):
        for one in transactions(paper.content):
            own = found.setdefault(_key(one), [0, 0])
            own[0] += one.net_cents
            own[1] += one.vat_cents
    due = _due_days(month)
    for (day, kind, number, country, category, rate), (net, vat) in sorted(found.items()):
        name = decade(day)
        by = due.get(_BY_DECADE[name]) or due.get(Duty.TRANSACTIONS)
        told = f"{month} {name}" if Duty.TRANSACTIONS_1 in due else month
        where = (told, day.isoformat(), kind, number, country, category, _percent(rate))
        yield (*where, _euros(net), _euros(vat), by.isoformat() if by else "")


def _key(one: Transaction) -> tuple[date, str, str, str, str, int]:
    if one.private:
        return one.day, "B2C", "", "", one.category, one.rate_bp
    return one.day, "B2B", one.number, one.country, one.category, one.rate_bp


def _payments(month: str, asked: Asked) -> Iterator[Row]:
    """By day and rate. What bounced counts against the day on which it did."""
    sums: dict[tuple[date, str, int], list[int]] = {}
    given = _given(asked)
    contents = {paper.id: paper.content for paper in of_ids({document_id for _, document_id, _ in given})}
    for day, document_id, kept in given:
        for share in services_paid(contents[document_id], shares_of(kept)):
            own = sums.setdefault((day, share.category, share.rate_bp), [0, 0])
            own[0] += share.net_cents
            own[1] += share.vat_cents
    by = _due_days(month).get(Duty.PAYMENTS)
    for (day, category, rate), (net, vat) in sorted(sums.items()):
        amounts = (_euros(net), _euros(vat), _euros(net + vat))
        yield (month, day.isoformat(), category, _percent(rate), *amounts, by.isoformat() if by else "")


def _given(asked: Asked) -> list[tuple[date, int, Sequence[dict[str, Any]]]]:
    wanted = select(Allocation.given_on, Allocation.document_id, Allocation.shares)
    wanted = wanted.join(Document, Document.id == Allocation.document_id).where(
        Document.specimen.is_(asked.specimen), Allocation.given_on.between(asked.stretch.first, asked.stretch.last)
    )
    with reading() as session:
        return [(day, number, kept) for day, number, kept in session.execute(wanted.order_by(Allocation.id))]


def _last_day(what: Declared, month: str) -> date | None:
    return _due_days(month).get(_DUTIES.get(what, Duty.TRANSACTIONS))


def _due_days(month: str) -> dict[Duty, date]:
    """The legal days of a month in which there is something of everything."""
    first = date.fromisoformat(f"{month}-01")
    thirds = tuple(first.replace(day=day) for day in (1, 11, 21))
    with reading():
        regime = rhythm_on((first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    found: list[Due] = duties(Facts(first, regime, invoices=1, reverse_charge=1, reported=thirds, paid=1))
    return {one.duty: one.day for one in found}


def _of(month: str, asked: Asked) -> Asked:
    stretch: Stretch | None = stretch_of(month)
    assert stretch is not None
    return Asked(stretch, asked.specimen, asked.zone, asked.today)


def _euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02}"


def _percent(rate_bp: int) -> str:
    return f"{rate_bp / 100:g}".replace(".", ",")
