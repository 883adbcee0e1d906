"""Whether a month has something to tell the tax office: for its calendar, without reading every document of it."""

from datetime import date

from sqlalchemy import select

from server.billing.models import Document, Seller
from server.collecting.models import Allocation
from server.db import reading
from server.domain.declarations import is_reported, transactions
from server.domain.payments import shares_of
from server.domain.vat import TAXED, Treatment, customer
from server.exports.papers import issued_to
from server.exports.tables import Asked
from server.people.models import TaxTreatment

_REPORTED = [one.value for one in Treatment if is_reported({"customer": customer(one), "treatment": one})]


def days_reported(asked: Asked) -> tuple[date, ...]:
    """Days on which something was invoiced that no French e-invoice tells of: looked for among those who are or were private
    or abroad."""
    whom = select(TaxTreatment.establishment_id).where(TaxTreatment.treatment.in_(_REPORTED))
    stretch = asked.stretch
    papers = issued_to(whom, stretch.first, stretch.last, asked.specimen)
    return tuple(one.day for paper in papers for one in transactions(paper.content))


def payments_told(asked: Asked) -> int:
    """How many payments for what bears VAT count in the stretch, of invoices whose VAT is owed when they are paid."""
    within = Allocation.given_on.between(asked.stretch.first, asked.stretch.last)
    given = select(Allocation.shares, Document.issued_on).join(Document, Document.id == Allocation.document_id)
    given = given.where(Document.specimen.is_(asked.specimen), Document.kind != "statement", within)
    with reading() as session:
        sellers = list(session.scalars(select(Seller).where(Seller.vat_on_debits).order_by(Seller.valid_from)))
        rows = session.execute(given).all()
    debits = [(one.valid_from, one.valid_until or date.max) for one in sellers]
    return sum(
        any(share.category == TAXED for share in shares_of(kept))
        and not any(since <= issued_on < until for since, until in debits)
        for kept, issued_on in rows
    )
