"""Payments as pages show them: the list, and one with what it was for, by document and VAT rate."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from server.billing.models import Document
from server.collecting.models import Allocation, Payment
from server.db import db, reading
from server.domain.payments import Share, shares_of
from server.people.models import Establishment, Tenant
from server.web.paging import Page, paginate


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """``rest_cents``: what no document was given. ``taken_back``: there is a row against it; ``reverses``: it is one."""

    number: int
    received_on: date
    code: str
    name: str
    cents: int
    means: str
    reference: str
    rest_cents: int
    reverses: int | None
    taken_back: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """What one document was given of a payment."""

    document: str
    given_on: date
    cents: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class OnePayment:
    row: PaymentRow
    reason: str
    noted_at: datetime
    parts: tuple[Part, ...]


def find_payments(typed: str, specimen: bool) -> Page[PaymentRow]:
    """The newest first; ``typed`` finds a tenant, a reference or a document."""
    wanted = _rows().where(Payment.specimen.is_(specimen))
    if typed:
        like = f"%{typed}%"
        of_document = select(Allocation.payment_id).join(Document, Document.id == Allocation.document_id)
        named = of_document.where(or_(Document.number.ilike(like), Document.external_number.ilike(like)))
        wanted = wanted.where(or_(Tenant.name.ilike(like), Payment.reference.ilike(like), Payment.id.in_(named)))
    with reading():
        return paginate(wanted.order_by(Payment.received_on.desc(), Payment.id.desc())).of(lambda row: PaymentRow(*row))


def payment(number: int) -> OnePayment:
    """Of one that is there."""
    with reading() as session:
        found = PaymentRow(*session.execute(_rows().where(Payment.id == number)).one())
        told = session.get_one(Payment, number)
        given = select(Document.number, Allocation.given_on, Allocation.cents, Allocation.shares)
        given = given.join(Document, Document.id == Allocation.document_id).where(Allocation.payment_id == number)
        parts = [
            Part(document, day, cents, shares_of(kept))
            for document, day, cents, kept in session.execute(given.order_by(Allocation.id))
        ]
    return OnePayment(found, told.reason, told.noted_at, tuple(parts))


def payments_of(document: str) -> list[tuple[int, date, int, str]]:
    """What a document was given: number of the payment, from which day, cents, means; the first first."""
    wanted = select(Payment.id, Allocation.given_on, Allocation.cents, Payment.means)
    wanted = wanted.join(Payment, Payment.id == Allocation.payment_id)
    wanted = wanted.join(Document, Document.id == Allocation.document_id).where(Document.number == document)
    with reading() as session:
        rows = session.execute(wanted.order_by(Allocation.id)).all()
    return [(number, day, cents, means) for number, day, cents, means in rows]


def billed_tenants(specimen: bool) -> list[tuple[str, str]]:
    """Code and name of every tenant that has had a document, by name: who may pay."""
    wanted = select(Tenant.code, Tenant.name).join(Establishment, Establishment.tenant_id == Tenant.id)
    wanted = wanted.join(Document, Document.establishment_id == Establishment.id)
    wanted = wanted.where(Document.specimen.is_(specimen)).distinct().order_by(Tenant.name)
    with reading():
        return [(code, name) for code, name in db.session.execute(wanted)]


def _rows() -> Select[*tuple[Any, ...]]:
    used = select(func.coalesce(func.sum(Allocation.cents), 0)).where(Allocation.payment_id == Payment.id)
    against = aliased(Payment)
    return (
        select(
            *(Payment.id, Payment.received_on, Tenant.code, Tenant.name, Payment.cents, Payment.means),
            *(Payment.reference, Payment.cents - used.scalar_subquery(), Payment.reverses_id, against.id),
        )
        .join(Tenant, Tenant.id == Payment.tenant_id)
        .outerjoin(against, against.reverses_id == Payment.id)
    )
