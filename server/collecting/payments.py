"""Noting what came in: an amount, given to one or several documents, split by their VAT rates; taken back by a row against it.

Nothing here is changed or removed. ``paid_on`` of a document follows from its allocations: the day on which they came to
its whole amount, as long as they do.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Document
from server.collecting.credit import rests
from server.collecting.models import Allocation, Payment
from server.db import db, writing
from server.domain.payments import DoesNotFit, Means, Share, refused, shares_of, split, still_open, turned
from server.jobs import service as jobs
from server.people.models import Establishment, Tenant

Given = Mapping[str, int]  # number of a document → cents


@dataclass(frozen=True, slots=True)
class Received:
    """What came in. Negative: what was paid out, for a credit note or out of a tenant's credit."""

    tenant: str
    received_on: date
    cents: int
    means: Means
    reference: str = ""


def receive(received: Received, given: Given, today: date, specimen: bool, *, actor: str, now: datetime) -> int:
    """Note a payment and what it is for; what is for nothing yet stays with the tenant. Returns its number."""
    _on_a_day(received.received_on, today)
    if received.cents == 0:
        raise BillingError("A payment has an amount.")
    if abs(sum(given.values())) > abs(received.cents):
        raise BillingError("More was given to documents than came in.")
    with writing():
        tenant = _tenant(received.tenant)
        row = _payment(received, tenant, specimen, actor, now)
        _give(row, given, received.received_on, now)
        if received.cents < 0 and sum(rests(tenant, specimen).values()) < 0:
            raise BillingError("This tenant has not so much to its credit.")
        _noted(row, "receive", None, {"cents": received.cents, "documents": dict(given)}, "", actor, now)
        return row.id


def use_credit(tenant: str, given: Given, day: date, today: date, specimen: bool, *, actor: str, now: datetime) -> None:
    """Give documents what earlier payments have left over, the oldest payment first."""
    _on_a_day(day, today)
    with writing() as session:
        left = rests(_tenant(tenant), specimen)
        if sum(given.values()) > sum(left.values()):
            raise BillingError("This tenant has not so much to its credit.")
        for number, cents in given.items():
            for payment_id, take in _from_oldest(left, cents):
                left[payment_id] -= take
                row = session.get_one(Payment, payment_id)
                _give(row, {number: take}, max(day, row.received_on), now)
                _noted(row, "use", None, {"documents": {number: take}}, "", actor, now)


def set_off(credit_note: str, invoice: str, cents: int, day: date, today: date, *, actor: str, now: datetime) -> int:
    """Let a credit note pay an invoice of the same tenant: no money moves. Returns the number of the row that says so."""
    _on_a_day(day, today)
    with writing():
        note, bill = _document(credit_note), _document(invoice)
        tenant = _tenant_of(note)
        received = Received("", day, 0, Means.SET_OFF)
        row = _payment(received, tenant, note.specimen, actor, now)
        if cents <= 0 or note.gross_cents >= 0 or bill.gross_cents <= 0:
            raise BillingError("A credit note pays an invoice, with an amount above zero.")
        _give(row, {note.number: -cents, bill.number: cents}, day, now)
        _noted(row, "set_off", None, {"cents": cents, "documents": [note.number, bill.number]}, "", actor, now)
        return row.id


def take_back(payment_id: int, day: date, reason: str, today: date, *, actor: str, now: datetime) -> int:
    """A cheque bounced, a transfer was called back, somebody mistyped: a row against it, from that day on."""
    _on_a_day(day, today)
    with writing() as session:
        row = session.get(Payment, payment_id, with_for_update=True)
        if row is None or row.reverses_id is not None:
            raise BillingError("This payment cannot be taken back.")
        if session.scalar(select(Payment.id).where(Payment.reverses_id == row.id)) is not None:
            raise BillingError("This payment was taken back already.")
        given = session.scalars(select(Allocation).where(Allocation.payment_id == row.id).order_by(Allocation.id)).all()
        last = max([row.received_on, *(one.given_on for one in given)])
        if day < last:
            raise BillingError("It was there until %(day)s at least.", day=last)
        received = Received("", day, -row.cents, Means(row.means), row.reference)
        against = _payment(received, row.tenant_id, row.specimen, actor, now, reverses=row.id, reason=reason)
        for one in given:
            shares = turned(shares_of(one.shares))
            _add(against, one.document_id, -one.cents, shares, day)
        for document_id in sorted({one.document_id for one in given}):
            _settle(session.get_one(Document, document_id), now)
        _noted(row, "take_back", {"cents": row.cents}, {"cents": 0}, reason, actor, now)
        return against.id


def pay_whole(number: str, day: date, today: date, *, actor: str, now: datetime) -> int:
    """What is open of a document came in on this day, by transfer: the button on the list of a month."""
    with writing():
        document = _document(number)
        cents = open_cents(document)
        if cents == 0:
            raise BillingError("%(number)s was paid on %(day)s already.", number=number, day=document.paid_on)
        tenant = db.session.get_one(Tenant, _tenant_of(document)).code
        received = Received(tenant, day, cents, Means.TRANSFER, number)
        return receive(received, {number: cents}, today, document.specimen, actor=actor, now=now)


def take_back_last(number: str, today: date, *, actor: str, now: datetime) -> None:
    """The last payment of a document was noted by mistake. It counts for nothing, from its own day on."""
    with writing() as session:
        back = select(Payment.reverses_id).where(Payment.reverses_id.is_not(None))
        mine = select(Payment.id, Allocation.given_on).join(Allocation, Allocation.payment_id == Payment.id)
        mine = mine.join(Document, Document.id == Allocation.document_id).where(Document.number == number)
        mine = mine.where(Payment.reverses_id.is_(None), Payment.id.not_in(back))
        last = session.execute(mine.order_by(Payment.id.desc()).limit(1)).one_or_none()
        if last is None:
            raise BillingError("No payment of %(number)s is noted.", number=number)
        take_back(last.id, last.given_on, "noted by mistake", today, actor=actor, now=now)


def open_cents(document: Document) -> int:
    """What is left of a document, negative for a credit note. Inside a transaction."""
    return sum(share.gross_cents for share in _left(document))


def _left(document: Document) -> tuple[Share, ...]:
    given = select(Allocation.shares).where(Allocation.document_id == document.id)
    return still_open(shares_of(json.loads(document.frozen)["vat"]), map(shares_of, db.session.scalars(given)))


def _give(row: Payment, given: Given, day: date, now: datetime) -> None:
    """Each document what it is given; documents are locked in one order, so that two who pay wait for each other."""
    for number, cents in sorted(given.items()):
        document = _document(number)
        if (_tenant_of(document), document.specimen) != (row.tenant_id, row.specimen):
            raise BillingError("%(number)s is not of this tenant.", number=number)
        if day < document.issued_on:
            raise BillingError(
                "%(number)s was issued on %(day)s, after that day.", number=number, day=document.issued_on
            )
        left = _left(document)
        match refused(cents, sum(share.gross_cents for share in left)):
            case DoesNotFit.NOTHING:
                continue
            case DoesNotFit.OTHER_SIGN:
                raise BillingError("%(number)s cannot be paid with this sign: an invoice is paid, a credit note paid out.", number=number)  # fmt: skip
            case DoesNotFit.TOO_MUCH:
                raise BillingError("Less than that is open of %(number)s.", number=number)
        _add(row, document.id, cents, split(cents, left), day)
        _settle(document, now)


def _add(row: Payment, document_id: int, cents: int, shares: Sequence[Share], day: date) -> None:
    kept: list[dict[str, Any]] = [asdict(share) for share in shares]
    db.session.add(Allocation(payment_id=row.id, document_id=document_id, given_on=day, cents=cents, shares=kept))
    db.session.flush()


def _settle(document: Document, now: datetime) -> None:
    """The day from which a document is paid in full, if it is."""
    rows = db.session.execute(
        select(Allocation.given_on, Allocation.cents).where(Allocation.document_id == document.id)
    ).all()
    is_paid = sum(cents for _, cents in rows) == document.gross_cents
    document.paid_on = max(day for day, _ in rows) if rows and is_paid else None
    jobs.announce("document", document.number, now)


def _payment(
    received: Received,
    tenant_id: int,
    specimen: bool,
    actor: str,
    now: datetime,
    reverses: int | None = None,
    reason: str = "",
) -> Payment:
    facts = asdict(replace(received, means=str(received.means)))  # type: ignore[arg-type]  # as it stands in the row
    facts.pop("tenant")
    row = Payment(
        **facts,
        tenant_id=tenant_id,
        specimen=specimen,
        reverses_id=reverses,
        reason=reason,
        noted_at=now,
        noted_by=actor,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _from_oldest(left: Mapping[int, int], cents: int) -> list[tuple[int, int]]:
    found = []
    for payment_id, rest in left.items():
        take = min(rest, cents)
        if take > 0:
            found.append((payment_id, take))
            cents -= take
    return found


def _on_a_day(day: date, today: date) -> None:
    if day > today:
        raise BillingError("A payment is noted once it is there: not for a day to come.")


def _document(number: str) -> Document:
    document: Document | None = db.session.scalar(select(Document).where(Document.number == number).with_for_update())
    if document is None:
        raise BillingError("There is no document %(number)s.", number=number)
    return document


def _tenant(code: str) -> int:
    found: int | None = db.session.scalar(select(Tenant.id).where(Tenant.code == code))
    if found is None:
        raise BillingError("There is no tenant %(code)s.", code=code)
    return found


def _tenant_of(document: Document) -> int:
    """Who the bill went to."""
    return db.session.get_one(Establishment, document.establishment_id).tenant_id


def _noted(row: Payment, verb: str, before: Any, after: dict[str, Any], reason: str, actor: str, now: datetime) -> None:
    audit.record(actor, verb, "payment", row.id, before, after, reason, now)
