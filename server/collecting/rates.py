"""Yearly rates that late interest is worked out with, typed by the accountant with the reason; and what a document has come to."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Document
from server.billing.statements import due_day
from server.collecting.credit import credited
from server.collecting.models import Allocation, ReferenceRate
from server.db import db, reading, writing
from server.domain.late import Owed, Paid, Rate, RateKind, owed
from server.domain.vat import Customer
from server.jobs import service as jobs

_MOST_BP = 5000


def state(rate: Rate, reason: str, *, actor: str, now: datetime) -> None:
    """A rate from a day on. The same day a second time puts the first right; both stand in the journal."""
    if rate.rate_bp is not None and not 0 <= rate.rate_bp <= _MOST_BP:
        raise BillingError("A yearly rate lies between 0 and 50 per cent.")
    if rate.rate_bp is None and rate.kind is RateKind.ECB:
        raise BillingError("The reference rate has a value.")
    with writing() as session:
        same = select(ReferenceRate).where(ReferenceRate.kind == rate.kind, ReferenceRate.valid_from == rate.valid_from)
        row = session.scalar(same)
        before = None if row is None else {"rate": row.rate_bp}
        if row is None:
            row = ReferenceRate(kind=rate.kind.value, valid_from=rate.valid_from)
            session.add(row)
        row.rate_bp, row.reason, row.decided_by, row.decided_at = rate.rate_bp, reason, actor, now
        subject = f"{rate.kind}:{rate.valid_from}"
        audit.record(actor, "state", "reference_rate", subject, before, {"rate": rate.rate_bp}, reason, now)
        jobs.announce("document", subject, now)


def rows() -> list[ReferenceRate]:
    """Every row, the newest first."""
    wanted = select(ReferenceRate).order_by(ReferenceRate.valid_from.desc(), ReferenceRate.kind)
    with reading() as session:
        return list(session.scalars(wanted))


def all_rates() -> list[Rate]:
    return [Rate(RateKind(row.kind), row.valid_from, row.rate_bp) for row in rows()]


def owed_on(document: Document, rates: Sequence[Rate], day: date) -> Owed:
    """What being late has come to for a document up to a day; inside ``reading()``."""
    given = select(Allocation.given_on, Allocation.cents).where(Allocation.document_id == document.id)
    paid = [Paid(on, cents) for on, cents in db.session.execute(given)] + credited([document.id]).get(document.id, [])
    customer = Customer(json.loads(document.frozen)["buyer"]["customer"])
    due_on = due_day(document.due_on, document.issued_on, document.external_on)
    return owed(customer, document.gross_cents, due_on, paid, rates, day)
