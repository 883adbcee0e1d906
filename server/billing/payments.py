"""That a document was paid, and when. For now the day is all that is kept; the amount is the document's."""

from datetime import date, datetime

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Document
from server.db import db, writing
from server.jobs import service as jobs


def note_paid(number: str, day: date, today: date, *, actor: str, now: datetime) -> None:
    """Refused where it is noted already, or for a day on which it cannot have been paid."""
    with writing():
        document = document_by_number(number)
        if document.paid_on is not None:
            raise BillingError("%(number)s was paid on %(day)s already.", number=number, day=document.paid_on)
        if day > today:
            raise BillingError("A payment is noted once it is there: not for a day to come.")
        if day < document.issued_on:
            raise BillingError(
                "%(number)s was issued on %(day)s, after that day.", number=number, day=document.issued_on
            )
        _note(document, day, actor, now)


def take_back(number: str, *, actor: str, now: datetime) -> None:
    """Not paid after all."""
    with writing():
        _note(document_by_number(number), None, actor, now)


def document_by_number(number: str) -> Document:
    document: Document | None = db.session.scalar(select(Document).where(Document.number == number).with_for_update())
    if document is None:
        raise BillingError("There is no document %(number)s.", number=number)
    return document


def _note(document: Document, day: date | None, actor: str, now: datetime) -> None:
    before, document.paid_on = document.paid_on, day
    audit.record(actor, "paid", "document", document.number, {"paid_on": before}, {"paid_on": day}, "", now)
    jobs.announce("document", document.number, now)
