"""Documents by mail: written once their PDF is there, sent by ``work``; whether they left, and what came back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from server.accounts.letters import Letter
from server.accounts.models import Account, RoleAssignment
from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Document
from server.collecting import letters
from server.collecting.models import DocumentMail
from server.db import db, reading, writing
from server.domain.roles import Role, ScopeKind
from server.jobs import service as jobs
from server.mail import service as mail
from server.mail.models import Mail
from server.people.models import Establishment, Tenant
from server.settings import Settings

ACTOR = "work"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One mail of a document. ``step`` 0 is the document itself. ``error`` is what the mail server said."""

    number: int
    step: int
    recipient: str
    asked_at: datetime
    sent_at: datetime | None
    error: str
    bounced_on: date | None
    bounced_words: str


def after_issue(document_id: int, lab: Settings, now: datetime) -> None:
    """Mail a document that was just written out, once, where the lab wants that and somebody is there to read it."""
    if not lab.collecting.mail_documents:
        return
    with writing() as session:
        document = session.get_one(Document, document_id)
        done = select(DocumentMail.id).where(DocumentMail.document_id == document_id, DocumentMail.step == 0).limit(1)
        if document.state != "issued" or session.scalar(done) is not None:
            return
        for address in recipients(document, now):
            _write(document, 0, address, letters.document_letter(json.loads(document.frozen), lab), ACTOR, now)


def send_again(number: str, address: str, lab: Settings, *, actor: str, now: datetime) -> None:
    """Mail a document to an address, whatever became of it before."""
    with writing() as session:
        document = session.scalars(select(Document).where(Document.number == number)).one()
        if document.state != "issued":
            raise BillingError("The PDF of %(number)s is not written yet.", number=number)
        _write(document, 0, address, letters.document_letter(json.loads(document.frozen), lab), actor, now)
        audit.record(actor, "mail", "document", number, None, {"email": address}, "", now)


def remind(document: Document, step: int, addresses: Sequence[str], text: Letter, actor: str, now: datetime) -> None:
    """A reminder with the document attached, inside ``writing()``."""
    for address in addresses:
        _write(document, step, address, text, actor, now)


def note_bounce(mail_number: int, day: date, words: str, *, actor: str, now: datetime) -> None:
    """Somebody read in the lab's mailbox that it came back: that is shown where it would be thought to have arrived."""
    with writing() as session:
        row = session.get_one(DocumentMail, mail_number, with_for_update=True)
        if row.bounced_on is not None:
            raise BillingError("That it came back is noted already.")
        row.bounced_on, row.bounced_words = day, words
        number = session.get_one(Document, row.document_id).number
        audit.record(actor, "bounce", "document", number, None, {"email": row.recipient}, words, now)
        jobs.announce("document", number, now)


def deliver(mail_id: int, lab: Settings, now: datetime) -> None:
    """Send a letter; of one that carries a document its fate is kept with the document, too: letters are forgotten."""
    try:
        mail.send(mail_id, lab.smtp, now, lab.documents_dir)
    finally:
        _note(mail_id, now)


def attempts(number: str) -> list[Attempt]:
    """Every mail of a document, the newest first."""
    wanted = (
        select(
            *(DocumentMail.id, DocumentMail.step, DocumentMail.recipient, DocumentMail.asked_at, DocumentMail.sent_at),
            *(DocumentMail.error, DocumentMail.bounced_on, DocumentMail.bounced_words),
        )
        .join(Document, Document.id == DocumentMail.document_id)
        .where(Document.number == number)
        .order_by(DocumentMail.id.desc())
    )
    with reading() as session:
        return [Attempt(*row) for row in session.execute(wanted)]


def troubled(specimen: bool) -> list[tuple[str, str]]:
    """Documents whose last mail was refused or came back: number, recipient."""
    newest = select(DocumentMail.document_id, db.func.max(DocumentMail.id).label("id"))
    last = newest.group_by(DocumentMail.document_id).subquery()
    refused = (DocumentMail.error != "") & DocumentMail.sent_at.is_(None)
    wanted = (
        select(Document.number, DocumentMail.recipient)
        .join(last, last.c.id == DocumentMail.id)
        .join(Document, Document.id == DocumentMail.document_id)
        .where(Document.specimen.is_(specimen), or_(DocumentMail.bounced_on.is_not(None), refused))
    )
    with reading() as session:
        return [(number, recipient) for number, recipient in session.execute(wanted.order_by(Document.id))]


def recipients(document: Document, now: datetime) -> list[str]:
    """The address for invoices; without one, whoever is the tenant's accountant. Inside a transaction."""
    house = db.session.get_one(Establishment, document.establishment_id)
    if house.email:
        return [house.email]
    tenant = db.session.get_one(Tenant, house.tenant_id)
    given = RoleAssignment
    wanted = select(Account.email).join(given, given.account_id == Account.id)
    wanted = wanted.where(
        *(given.role == Role.TENANT_ACCOUNTANT, given.scope_kind == ScopeKind.TENANT, given.scope == tenant.code),
        *(given.valid_from <= now, or_(given.valid_until.is_(None), given.valid_until > now)),
        Account.ended_at.is_(None),
    )
    return sorted(set(db.session.scalars(wanted)))


def _write(document: Document, step: int, address: str, text: Letter, actor: str, now: datetime) -> None:
    mail_id = mail.write(address, text.subject, text.text, now, attached=[f"{document.number}.pdf"])
    row: dict[str, Any] = {"recipient": address, "mail_id": mail_id, "asked_at": now, "asked_by": actor}
    db.session.add(DocumentMail(document_id=document.id, step=step, **row))
    jobs.announce("document", document.number, now)


def _note(mail_id: int, now: datetime) -> None:
    wanted = select(DocumentMail).where(DocumentMail.mail_id == mail_id)
    with reading() as session:
        if session.scalar(wanted) is None:
            return
    with writing() as session:
        row, letter = session.scalars(wanted).one(), session.get(Mail, mail_id)
        if letter is not None and (row.sent_at, row.error) != (letter.sent_at, letter.error):
            row.sent_at, row.error = letter.sent_at, letter.error
            jobs.announce("document", session.get_one(Document, row.document_id).number, now)
