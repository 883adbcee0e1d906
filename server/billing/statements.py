"""Statements of use: where another system of the operator writes the invoices. Its number is typed back, and all else works."""

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Document
from server.db import writing
from server.jobs import service as jobs

_LONGEST = 60


def note_invoice(number: str, invoice: str, day: date, *, today: date, actor: str, now: datetime) -> None:
    """The number and date of the invoice that the operator's own system has made of this statement. A wrong one is typed anew."""
    invoice = invoice.strip()
    if not invoice or len(invoice) > _LONGEST:
        raise BillingError("Type in the number of the invoice as it stands on it.")
    with writing() as session:
        document = session.scalar(select(Document).where(Document.number == number).with_for_update())
        if document is None or document.kind != "statement":
            raise BillingError("There is no statement %(number)s.", number=number)
        if not document.issued_on <= day <= today:
            raise BillingError("That day must lie between the issue of the document and today.")
        before = {"invoice": document.external_number, "day": document.external_on}
        document.external_number, document.external_on = invoice, day
        audit.record(actor, "external", "document", number, before, {"invoice": invoice, "day": day}, "", now)
        jobs.announce("document", number, now)


def due_day(due_on: date, issued_on: date, external_on: date | None) -> date:
    """When a document is to be paid: the invoice that was made of a statement as long after its own date as the statement said."""
    return due_on if external_on is None else due_on + (external_on - issued_on)


def as_invoice(document: Document) -> dict[str, Any]:
    """What a document says, a statement under the number and the days of the invoice that was made of it."""
    content: dict[str, Any] = json.loads(document.frozen)
    if document.external_on is None:
        return content
    due = due_day(document.due_on, document.issued_on, document.external_on)
    days = {"issued_on": document.external_on.isoformat(), "due_on": due.isoformat()}
    return content | days | {"number": document.external_number}
