"""What tenants have paid and no document has used: it waits to be given to one, or is paid back; and what credit notes take off."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, select

from server.billing.models import Document
from server.collecting.models import Allocation, Payment
from server.db import db
from server.domain.late import Paid


def rests(tenant_id: int, specimen: bool) -> dict[int, int]:
    """What each payment has left, the oldest first, by its number. What was paid out again counts against the oldest;
    their sum is the tenant's credit. Inside a transaction."""
    used = select(Allocation.payment_id, func.sum(Allocation.cents).label("cents")).group_by(Allocation.payment_id)
    used_by = used.subquery()
    wanted = select(Payment.id, Payment.reverses_id, Payment.cents - func.coalesce(used_by.c.cents, 0))
    wanted = wanted.outerjoin(used_by, used_by.c.payment_id == Payment.id)
    wanted = wanted.where(Payment.tenant_id == tenant_id, Payment.specimen.is_(specimen))
    rows = db.session.execute(wanted.order_by(Payment.received_on, Payment.id)).all()
    left = {number: int(cents) for number, _, cents in rows}
    for number, reverses, _ in rows:
        if reverses is not None:  # a payment that was taken back has nothing left, nor has the row against it
            left[reverses] += left.pop(number)
    owed = -sum(cents for cents in left.values() if cents < 0)
    positive = {number: cents for number, cents in left.items() if cents > 0}
    for number, cents in positive.items():
        taken = min(owed, cents)
        positive[number] -= taken
        owed -= taken
    return {number: cents for number, cents in positive.items() if cents} | ({0: -owed} if owed else {})


def credit_of_all(day: date, specimen: bool) -> dict[int, int]:
    """By tenant, what was paid and not used up to a day, in cents. Inside a transaction."""
    came = select(Payment.tenant_id, func.sum(Payment.cents)).where(
        Payment.specimen.is_(specimen), Payment.received_on <= day
    )
    went = select(Payment.tenant_id, func.sum(Allocation.cents)).join(Payment, Payment.id == Allocation.payment_id)
    went = went.where(Payment.specimen.is_(specimen), Allocation.given_on <= day)
    found = {tenant: int(cents) for tenant, cents in db.session.execute(came.group_by(Payment.tenant_id))}
    for tenant, cents in db.session.execute(went.group_by(Payment.tenant_id)):
        found[tenant] = found.get(tenant, 0) - int(cents)
    return {tenant: cents for tenant, cents in found.items() if cents}


def credited(documents: Collection[int] | None = None) -> dict[int, list[Paid]]:
    """By document, what its own credit notes take off it and no allocation says yet: from which day, how many cents. Nobody is
    asked for that, whether it is set off or not. Of all documents, or of these. Inside a transaction."""
    used = select(Allocation.document_id, func.sum(Allocation.cents).label("cents")).group_by(Allocation.document_id)
    used_of = used.subquery()
    left = func.coalesce(used_of.c.cents, 0) - Document.gross_cents
    wanted = select(Document.corrects_id, Document.issued_on, left)
    wanted = wanted.outerjoin(used_of, used_of.c.document_id == Document.id).where(Document.corrects_id.is_not(None))
    if documents is not None:
        wanted = wanted.where(Document.corrects_id.in_(documents))
    found: dict[int, list[Paid]] = {}
    for document_id, day, cents in db.session.execute(wanted.where(left > 0)):
        found.setdefault(document_id, []).append(Paid(day, int(cents)))
    return found
