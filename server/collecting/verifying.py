"""Whether what came in is as it was noted: each row by its seal, and together with the documents it was given to."""

import json
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from server.audit import seals
from server.billing.models import Document
from server.collecting.models import SEALED, Allocation, Payment
from server.db import db, reading
from server.domain.payments import shares_of, still_open

_UNREADABLE = (SQLAlchemyError, ValueError, TypeError, LookupError)


def verify_payments() -> list[str]:
    """Every problem in a sentence that names the row; empty where all is right. What cannot be read is a problem, too."""
    found: list[str] = []
    for model in SEALED:
        with reading():
            try:
                found += seals.broken(model)
            except _UNREADABLE as error:
                found.append(f"{model.__tablename__}: a row cannot be read: {error}")
    if found:
        return found
    with reading():
        return [*_allocations(), *_settled(), *_taken_back()]


def _allocations() -> Iterator[str]:
    """The split of each comes to its amount, and no document is given more than it asks for under any rate."""
    by_document: dict[int, list[Allocation]] = {}
    for row in db.session.scalars(select(Allocation).order_by(Allocation.id)):
        by_document.setdefault(row.document_id, []).append(row)
        if sum(share.gross_cents for share in shares_of(row.shares)) != row.cents:
            yield f"allocation {row.id}: its split by VAT rate is not its amount"
    wanted = select(Document.id, Document.number, Document.frozen).where(Document.id.in_(by_document))
    for document_id, number, frozen in db.session.execute(wanted):
        whole = shares_of(json.loads(frozen)["vat"])
        left = still_open(whole, (shares_of(row.shares) for row in by_document[document_id]))
        for before, after in zip(whole, left, strict=True):
            if after.gross_cents * before.gross_cents < 0 or abs(after.gross_cents) > abs(before.gross_cents):
                yield f"{number}: more was given to {before.category} {before.rate_bp} than it asks for"


def _settled() -> Iterator[str]:
    """A document bears the day on which it was paid exactly when it is."""
    given = select(Allocation.document_id, func.sum(Allocation.cents).label("cents"))
    paid = given.group_by(Allocation.document_id).subquery()
    is_paid = Document.gross_cents == paid.c.cents
    wanted = select(Document.number).outerjoin(paid, paid.c.document_id == Document.id)
    for number in db.session.scalars(wanted.where(is_paid, Document.paid_on.is_(None))):
        yield f"{number}: it is paid, and bears no day"
    not_paid = paid.c.cents.is_(None) | (Document.gross_cents != paid.c.cents)
    for number in db.session.scalars(wanted.where(not_paid, Document.paid_on.is_not(None))):
        yield f"{number}: it bears the day of a payment, and is not paid"


def _taken_back() -> Iterator[str]:
    """A row against a payment is its mirror."""
    sums = {row.id: row for row in db.session.scalars(select(Payment))}
    for row in sums.values():
        if row.reverses_id is not None and row.cents != -sums[row.reverses_id].cents:
            yield f"payment {row.id}: it is not what takes payment {row.reverses_id} back"
