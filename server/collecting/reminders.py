"""Which documents are to be reminded of today, and sending the reminders that a person has ticked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select

from server.audit import service as audit
from server.billing import disputes
from server.billing.models import Document
from server.billing.statements import as_invoice, due_day
from server.collecting import letters, mails
from server.collecting.credit import credited
from server.collecting.models import Allocation, DocumentReminder
from server.collecting.rates import all_rates, owed_on
from server.db import db, reading, writing
from server.domain.late import Owed, Rate, next_step
from server.domain.payments import days_late
from server.jobs import service as jobs
from server.people.models import Establishment, Tenant
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reminder that is due. ``asked_cents``: what is open and not contested. Without an address nothing can be sent."""

    document_id: int
    number: str
    code: str
    name: str
    step: int
    due_on: date
    days_late: int
    asked_cents: int
    contested_cents: int
    owed: Owed
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A reminder that was sent."""

    number: str
    name: str
    step: int
    sent_on: date
    open_cents: int


def proposals(lab: Settings, today: date, now: datetime) -> list[Proposal]:
    """What is due, the oldest first. What is settled, credited or wholly contested is not in it."""
    rates = all_rates()
    with reading():
        due = {one.document_id: one for one in _due(lab, today)}
        rows = db.session.execute(_documents(due.keys())).all()
        return [_proposal(due[document.id], document, code, name, today, now, rates) for document, code, name in rows]


def how_many(lab: Settings, today: date) -> int:
    """How many wait to be looked at. Inside ``reading()``."""
    return len(_due(lab, today))


def send(chosen: Collection[tuple[int, int]], lab: Settings, today: date, *, actor: str, now: datetime) -> list[str]:
    """Send those of the chosen (document, step) that are still due; the others were paid or sent meanwhile. Each is one
    transaction. Returns the numbers of what was reminded of."""
    return [
        one.number
        for one in proposals(lab, today, now)
        if (one.document_id, one.step) in chosen and one.addresses and _send(one, lab, today, actor, now)
    ]


def recent(specimen: bool, limit: int = 50) -> list[Sent]:
    row = DocumentReminder
    wanted = select(Document.number, Tenant.name, row.step, row.sent_on, row.open_cents)
    wanted = wanted.join(Document, Document.id == row.document_id)
    wanted = wanted.join(Establishment, Establishment.id == Document.establishment_id)
    wanted = wanted.join(Tenant, Tenant.id == Establishment.tenant_id).where(Document.specimen.is_(specimen))
    with reading() as session:
        return [Sent(*one) for one in session.execute(wanted.order_by(row.id.desc()).limit(limit))]


class _Due(NamedTuple):
    """A document that is late, and the reminder that is due."""

    document_id: int
    step: int
    asked_cents: int
    contested_cents: int


def _due(lab: Settings, today: date) -> list[_Due]:
    """Found in three looks, however many documents are late. Of statements, those of which the invoice is known."""
    sent = select(DocumentReminder.document_id, func.max(DocumentReminder.step).label("step"))
    steps = sent.group_by(DocumentReminder.document_id).subquery()
    given = select(Allocation.document_id, func.sum(Allocation.cents).label("cents"))
    paid = given.group_by(Allocation.document_id).subquery()
    days = (Document.due_on, Document.issued_on, Document.external_on)
    late = (
        select(Document.id, *days, Document.gross_cents, steps.c.step, func.coalesce(paid.c.cents, 0))
        .outerjoin(steps, steps.c.document_id == Document.id)
        .outerjoin(paid, paid.c.document_id == Document.id)
        .where(
            *(Document.specimen.is_(lab.demo), Document.state == "issued"),
            *(Document.paid_on.is_(None), Document.due_on < today),
            or_(Document.kind == "invoice", Document.external_on.is_not(None)),
        )
    )
    contested, notes = disputes.documents(), credited()
    found = []
    for document_id, due_on, issued_on, external_on, gross, last, done in db.session.execute(late).all():
        due = due_day(due_on, issued_on, external_on)
        step = next_step(due, [last] if last else [], today, lab.collecting.reminder_days)
        doubted = disputes.open_cents(document_id) if document_id in contested else 0
        asked = gross - int(done) - doubted - sum(note.cents for note in notes.get(document_id, ()))
        if step is not None and asked > 0:
            found.append(_Due(document_id, step, asked, doubted))
    return found


def _documents(ids: Collection[int]) -> Any:
    return (
        select(Document, Tenant.code, Tenant.name)
        .join(Establishment, Establishment.id == Document.establishment_id)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(Document.id.in_(ids))
        .order_by(Document.due_on, Document.id)
    )


def _proposal(
    due: _Due, document: Document, code: str, name: str, today: date, now: datetime, rates: list[Rate]
) -> Proposal:
    owed = owed_on(document, rates, today)
    due_on = due_day(document.due_on, document.issued_on, document.external_on)
    known = (document.id, document.number, code, name, due.step, due_on, days_late(due_on, today))
    return Proposal(*known, due.asked_cents, due.contested_cents, owed, tuple(mails.recipients(document, now)))


def _send(one: Proposal, lab: Settings, today: date, actor: str, now: datetime) -> bool:
    """False where somebody else has sent it meanwhile."""
    with writing() as session:
        document = session.get_one(Document, one.document_id, with_for_update=True)
        same = select(DocumentReminder.id).where(
            DocumentReminder.document_id == one.document_id, DocumentReminder.step == one.step
        )
        if session.scalar(same) is not None or document.paid_on is not None:
            return False
        told: dict[str, Any] = {"open_cents": one.asked_cents, "interest_cents": one.owed.interest_cents}
        told |= {"indemnity_cents": one.owed.indemnity_cents, "by": actor, "at": now}
        session.add(DocumentReminder(document_id=document.id, step=one.step, sent_on=today, **told))
        text = letters.reminder_letter(as_invoice(document), one.step, one.asked_cents, one.owed, lab)
        mails.remind(document, one.step, one.addresses, text, actor, now)
        audit.record(actor, "remind", "document", document.number, None, {"step": one.step}, "", now)
        jobs.announce("document", document.number, now)
    return True
