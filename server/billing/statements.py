"""Statements of use: where another system of the operator writes the invoices. Its number is typed back, and all else works."""

from datetime import date, datetime

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
