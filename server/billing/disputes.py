"""A tenant contests a line: a session or an item, of the running month or on an issued document. The lab answers.

An answer is an adjustment as long as the line is on no document, a credit note afterwards, or words. Until then nobody is
reminded of that line. Nothing is deleted, and the same line is answered once on each document.
"""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from server.audit import service as audit
from server.billing import credit_notes, dispute_letters
from server.billing.errors import BillingError
from server.billing.item_corrections import throw_drafts
from server.billing.lines import CREDIT, Line
from server.billing.models import Charge, ChargeRefusal, Dispute, Document
from server.billing.uses import charge_in_force
from server.db import db, expect_version, writing
from server.domain.crediting import Chosen
from server.domain.items import Unit
from server.domain.money import vat_on
from server.domain.period import day_of
from server.domain.supply_words import of_correction
from server.jobs.service import announce
from server.machines.lab_settings import decided
from server.people.models import Payer
from server.settings import Settings
from server.supplies import service as supplies

SETTING = "dispute_days"
STATEMENT = "statement"  # the kind of document that is no invoice
USUAL_DAYS = 14  # in which the lab means to answer


class Outcome(StrEnum):
    ADJUSTED = "adjusted"
    CREDITED = "credited"
    WORDS = "words"


def contest(line: Line, month: str, words: str, *, zone: tzinfo, real: bool = False, actor: str, now: datetime) -> int:
    """Returns the number of the dispute. ``line``: as the tenant was shown it; ``real``: no specimen counts."""
    if not words.strip():
        raise BillingError("Say what is wrong with it: the lab answers that.")
    with writing() as session:
        charge = charge_in_force(line.subject, real=real)
        _refuse_again(line.subject, charge.document_id if charge else None)
        row = Dispute(
            subject=line.subject,
            payer_id=session.scalars(select(Payer.id).where(Payer.code == line.payer)).one(),
            document_id=charge.document_id if charge else None,
            month=month,
            net_cents=charge.net_cents if charge else line.net_cents or 0,
            words=words.strip(),
            raised_at=now,
            raised_by=actor,
            answer_by=day_of(now, zone) + timedelta(days=decided(SETTING, USUAL_DAYS)),
        )
        session.add(row)
        session.flush()
        after = {"subject": line.subject, "month": month, "document": line.document}
        audit.record(actor, "contest", "dispute", row.id, None, after, row.words, now)
        _announce(row, now)
        return row.id


def answer_with_words(
    number: int, answer: str, version: int | None = None, *, lab: Settings, actor: str, now: datetime
) -> None:
    """It stays as it is, and why."""
    with writing():
        _settle(_open(number, version), Outcome.WORDS, answer, 0, "", lab, actor, now)


def adjust(
    number: int,
    cents: int,
    line: Line,
    answer: str,
    version: int | None = None,
    *,
    lab: Settings,
    actor: str,
    now: datetime,
) -> None:
    """Take ``cents`` (net) off, as an item of its own: beside the line as long as it is on no document, and in the month
    that goes on where it stands on a statement, which no credit note puts right."""
    with writing():
        row = _open(number, version)
        issued = _document_of(row.subject, lab)
        if issued is not None and issued.kind != STATEMENT:
            raise BillingError("%(number)s is issued with it: answer with a credit note.", number=issued.number)
        _refuse_more_than(line.net_cents or 0, cents)
        facts = supplies.ItemFacts(
            payer=line.payer,
            day=_day_of(row, line) if issued is None else day_of(now, lab.zone),
            labels=of_correction(line.labels, line.machine, line.day),
            nature=line.nature,
            quantity=Decimal(1),
            unit=Unit.PIECE,
            cents=Decimal(-cents),
        )
        throw_drafts(row.payer_id, row.month)
        item = supplies.adjust(facts, answer, actor=actor, now=now)
        _settle(row, Outcome.ADJUSTED, answer, cents, f"one_off:{item}", lab, actor, now)


def credit(
    number: int,
    cents: int,
    answer: str,
    version: int | None = None,
    *,
    zone: tzinfo,
    lab: Settings,
    actor: str,
    now: datetime,
) -> str:
    """Take ``cents`` (net) off by a credit note to the document on which the line stands. Returns its number.

    The note is written between two transactions, as every document: the first one sees to it that nobody else answers
    meanwhile.
    """
    _say_why(answer)
    with writing():
        row = _open(number, version)
        charge = charge_in_force(row.subject, real=not lab.demo)
        if charge is None:
            raise BillingError("It is on no document yet: answer with an adjustment.")
        _refuse_more_than(charge.net_cents, cents)
        document, subject = db.session.get_one(Document, charge.document_id).number, row.subject
        row.outcome = Outcome.CREDITED.value  # whoever has read it before is told
    what = Chosen(frozenset({subject}), {subject: cents})
    note = credit_notes.credit(document, what, answer.strip(), zone=zone, actor=actor, now=now)
    with writing():
        _settle(_open(number, None), Outcome.CREDITED, answer, cents, note, lab, actor, now)
    return note


def note_seen(number: int, *, now: datetime) -> None:
    """The tenant reads the clock times of the session now; kept from the first time, for the one who was there."""
    with writing() as session:
        row = session.get(Dispute, number, with_for_update=True)
        if row is not None and row.seen_at is None:
            row.seen_at = now


def open_cents(document_id: int) -> int:
    """What of a document is contested and not answered, with its VAT: nobody is reminded of that. Inside ``reading()``."""
    wanted = _contested(select(Charge.net_cents, Charge.rate_bp)).where(Charge.document_id == document_id)
    return sum(net + vat_on(net, rate) for net, rate in db.session.execute(wanted))


def documents() -> set[int]:
    """Documents on which something is contested and not answered, also what was contested before they were issued. Inside
    ``reading()``."""
    return set(db.session.scalars(_contested(select(Charge.document_id))))


def _contested(wanted: Any) -> Any:
    """Of charges: those that are contested and not answered. What was contested on a specimen is no matter of a real document."""
    contested = aliased(Document)
    wanted = wanted.join(Dispute, Dispute.subject == Charge.subject).join(Document, Document.id == Charge.document_id)
    wanted = wanted.outerjoin(contested, contested.id == Dispute.document_id)
    same = or_(contested.id.is_(None), contested.specimen == Document.specimen)
    return wanted.where(Charge.kind != CREDIT, Dispute.answered_at.is_(None), same)


def waiting() -> tuple[int, date | None]:
    """How many wait for an answer, and by when the first one should have it. Inside ``reading()``."""
    wanted = select(func.count(), func.min(Dispute.answer_by)).where(Dispute.answered_at.is_(None))
    count, first = db.session.execute(wanted).one()
    return count, first


def _document_of(subject: str, lab: Settings) -> Document | None:
    charge = charge_in_force(subject, real=not lab.demo)
    return None if charge is None else db.session.get_one(Document, charge.document_id)


def _day_of(row: Dispute, line: Line) -> date:
    """A day of the month in which the line is billed: a session may have begun in the one before."""
    return line.day if f"{line.day:%Y-%m}" == row.month else date.fromisoformat(f"{row.month}-01")


def _open(number: int, version: int | None) -> Dispute:
    row: Dispute | None = db.session.get(Dispute, number, with_for_update=True, populate_existing=True)
    if row is None or row.answered_at is not None:
        raise BillingError("This is answered already.")
    expect_version(row, version)
    return row


def _refuse_again(subject: str, document_id: int | None) -> None:
    same = select(Dispute).where(Dispute.subject == subject)
    for row in db.session.scalars(same):
        if row.answered_at is None:
            raise BillingError("This line is contested already. The lab answers by %(day)s.", day=row.answer_by)
        if row.document_id == document_id:
            raise BillingError("The lab has answered about this line: %(answer)s", answer=row.answer)
    refused = select(ChargeRefusal.id).where(ChargeRefusal.session_id == subject, ChargeRefusal.answered_at.is_(None))
    if db.session.scalar(refused) is not None:
        raise BillingError("This session is refused already. The lab answers.")


def _refuse_more_than(most: int, cents: int) -> None:
    if not 0 < cents <= most:
        raise BillingError("Between one cent and what the line comes to can be taken off.")


def _settle(
    row: Dispute, outcome: Outcome, answer: str, cents: int, by: str, lab: Settings, actor: str, now: datetime
) -> None:
    _say_why(answer)
    row.answered_at, row.answered_by, row.outcome, row.answer = now, actor, outcome.value, answer.strip()
    row.settled_cents, row.settled_by = cents, by
    after: dict[str, Any] = {"outcome": outcome.value, "cents": str(cents), "by": by or None}
    audit.record(actor, "answer", "dispute", row.id, None, after, row.answer, now)
    dispute_letters.answered(row, lab, now)
    _announce(row, now)


def _say_why(answer: str) -> None:
    if not answer.strip():
        raise BillingError("Say why: the tenant reads it.")


def _announce(row: Dispute, now: datetime) -> None:
    announce("month", row.month, now)
    announce("session", row.subject, now)
