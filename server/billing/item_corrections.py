"""What is billed beside sessions, as long as it is not charged: the same as in ``supplies.service``, and refused afterwards.

An issued document is never changed; what is wrong on it is put right by a credit note. Nor is anything added to a month of
which the tenant has its document. The drafts it would have stood on are thrown away first, so that none is issued as it was
before: whoever issues one takes it away in the same transaction.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from sqlalchemy import delete, select

from server.billing.errors import BillingError
from server.billing.models import Charge, Document, Draft
from server.billing.uses import charge_in_force, reopened
from server.db import db, writing
from server.domain.period import month_of
from server.people.models import BillTo, Payer
from server.supplies import service as supplies
from server.supplies.models import Noted, Recurring
from server.supplies.rows import one_off_by_id, recurring_by_id, root_of
from server.usage import decisions
from server.usage.models import UsageSession


def note_material(
    material: int,
    quantity: Decimal,
    measured: str,
    place: supplies.Place,
    *,
    zone: tzinfo,
    real: bool = False,
    actor: str,
    now: datetime,
) -> int:
    with writing():
        _still_open_place(place, zone, real)
        return supplies.note_material(material, quantity, measured, place, zone=zone, actor=actor, now=now)


def note_operator(
    span: supplies.Span, place: supplies.Place, *, zone: tzinfo, real: bool = False, actor: str, now: datetime
) -> int:
    with writing():
        _still_open_place(place, zone, real)
        return supplies.note_operator(span, place, zone=zone, actor=actor, now=now)


def correct_noted(
    number: int,
    quantity: Decimal,
    reason: str,
    measured: str | None = None,
    version: int | None = None,
    *,
    real: bool = False,
    actor: str,
    now: datetime,
) -> int:
    with writing():
        _throw_drafts_of_note(number)
        _refuse_charged(ref_of(root_of(number)), real)
        return supplies.correct_noted(number, quantity, reason, measured, version, actor=actor, now=now)


def add_one_off(facts: supplies.ItemFacts, reason: str, *, real: bool = False, actor: str, now: datetime) -> int:
    with writing():
        throw_drafts(_payer_id(facts.payer), f"{facts.day:%Y-%m}")
        refuse_issued(facts.payer, f"{facts.day:%Y-%m}", real)
        return supplies.add_one_off(facts, reason, actor=actor, now=now)


def take_back(
    number: int, reason: str, *, version: int | None = None, real: bool = False, actor: str, now: datetime
) -> None:
    with writing():
        row = one_off_by_id(number)
        throw_drafts(row.payer_id, f"{row.day:%Y-%m}")
        _refuse_charged(f"one_off:{one_off_by_id(number, changing=True).id}", real)
        supplies.take_back(number, reason, version=version, actor=actor, now=now)


def add_recurring(
    payer: str,
    labels: Mapping[str, str],
    nature: str,
    cents: int,
    since: date,
    reason: str,
    until: date | None = None,
    *,
    real: bool = False,
    actor: str,
    now: datetime,
) -> int:
    with writing():
        throw_drafts(_payer_id(payer), f"{since:%Y-%m}")
        refuse_issued(payer, f"{since:%Y-%m}", real)
        return supplies.add_recurring(payer, labels, nature, cents, since, reason, until, actor=actor, now=now)


def end_recurring(
    number: int,
    until: date,
    reason: str,
    *,
    version: int | None = None,
    real: bool = False,
    actor: str,
    now: datetime,
) -> None:
    """Not within a month that is charged to its end."""
    with writing():
        throw_drafts(recurring_by_id(number).payer_id, f"{until:%Y-%m}")
        row = recurring_by_id(number, changing=True)
        for month in _charged_months(row):
            if until <= _last_of(month):
                _refuse_charged(f"recurring:{number}:{month}", real)
        supplies.end_recurring(number, until, reason, version=version, actor=actor, now=now)


def ref_of(root: Noted) -> str:
    """Under which a note is charged."""
    return f"{'operator' if root.material_id is None else 'material'}:{root.id}"


def charged_on(subject: str, *, real: bool = False) -> str | None:
    """The number of the document on which a session or item stands, and that no credit note lets be charged anew."""
    charge = charge_in_force(subject, real=real)
    return None if charge is None else db.session.get_one(Document, charge.document_id).number


def documents_of(subjects: Collection[str], *, real: bool = False) -> dict[str, str]:
    """Those of them that are charged, with the number of their document, in a few looks; inside ``reading()``."""
    again, rounds = reopened(real=real), dict[str, int]()
    found: dict[str, str] = {}
    wanted = select(Charge.subject, Charge.round, Document.number).join(Document, Document.id == Charge.document_id)
    for subject, number_of_round, number in db.session.execute(wanted.where(Charge.subject.in_(subjects))):
        if number_of_round >= max(again.get(subject, 0), rounds.get(subject, 0)):
            rounds[subject], found[subject] = number_of_round, number
    return found


def throw_drafts(payer_id: int | None, *months: str) -> None:
    """Drafts of these months on which something of this payer's tenant could stand: they are built again from what counts."""
    tenant = select(Payer.tenant_id).where(Payer.id == payer_id).scalar_subquery()
    billed = select(BillTo.establishment_id).where(BillTo.tenant_id == tenant)
    db.session.execute(delete(Draft).where(Draft.month.in_(months), Draft.establishment_id.in_(billed)))


def refuse_issued(payer: str, month: str, real: bool = False) -> None:
    """Raises BillingError where the tenant of this payer has a document of the month, of which something is not let be invoiced
    anew."""
    tenant = select(Payer.tenant_id).where(Payer.code == payer).scalar_subquery()
    own = select(Payer.id).where(Payer.tenant_id == tenant)
    charged = select(Charge.subject, Charge.round, Document.number).join(Document, Charge.document_id == Document.id)
    charged = charged.where(Document.month == month, Charge.payer_id.in_(own), Charge.kind != "credit")
    if real:
        charged = charged.where(Document.specimen.is_(False))
    rows = db.session.execute(charged.order_by(Document.id)).all()
    again = reopened() if rows else {}
    number = next((number for subject, turn, number in rows if turn >= again.get(subject, 0)), None)
    if number is not None:
        raise BillingError(
            "%(month)s is issued for this tenant, as %(number)s: nothing can be added to it.",
            month=month,
            number=number,
        )


def _still_open_place(place: supplies.Place, zone: tzinfo, real: bool) -> None:
    """A session that is charged takes nothing more, nor does the month in which it ended."""
    if place.session is not None:
        _throw_drafts_of_session(db.session.get(UsageSession, place.session), place.day)
        row = decisions.locked(place.session)
        _refuse_charged(row.id, real)
        if row.ended_at is not None:
            refuse_issued(_payer_of(row), month_of(row.ended_at, zone), real)
    elif place.payer is not None and place.day is not None:
        throw_drafts(_payer_id(place.payer), f"{place.day:%Y-%m}")
        refuse_issued(place.payer, f"{place.day:%Y-%m}", real)


def _throw_drafts_of_note(number: int) -> None:
    note = db.session.get(Noted, number)
    if note is None:
        return
    if note.payer_id is not None:
        throw_drafts(note.payer_id, f"{note.day:%Y-%m}")
    elif note.session_id is not None:
        _throw_drafts_of_session(db.session.get(UsageSession, note.session_id), note.day)


def _throw_drafts_of_session(row: UsageSession | None, day: date | None) -> None:
    """Before the session is locked: whoever issues takes the draft first, too. The month it ended in may be the next one on
    the lab's clock."""
    if row is None:
        return
    days = [day, row.ended_at, row.ended_at and row.ended_at + timedelta(days=1)]
    throw_drafts(row.payer_id, *(f"{one:%Y-%m}" for one in days if one is not None))


def _payer_id(code: str) -> int | None:
    found: int | None = db.session.scalar(select(Payer.id).where(Payer.code == code))
    return found


def _payer_of(row: UsageSession) -> str:
    return db.session.scalars(select(Payer.code).where(Payer.id == row.payer_id)).one()


def _refuse_charged(subject: str, real: bool) -> None:
    if (number := charged_on(subject, real=real)) is not None:
        raise BillingError(
            "%(number)s is issued with this on it: only a later document can put it right.", number=number
        )


def _charged_months(row: Recurring) -> list[str]:
    prefix = f"recurring:{row.id}:"
    subjects = db.session.scalars(select(Charge.subject).where(Charge.subject.startswith(prefix)))
    return [subject.removeprefix(prefix)[:7] for subject in subjects]


def _last_of(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
