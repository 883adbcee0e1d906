"""Cuts what leads from a holder's number to a person: name, contact, badges, login, letters, looks. The number stays in the
books, where charges and instruction records are told by it, and nobody can say any more whose it was.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from server.accounts.models import Account, AccountLink, RecoveryCode, RoleAssignment, WebSession
from server.audit.models import AuditEntry
from server.db import db
from server.handouts.models import HandoutTap
from server.jobs import service as jobs
from server.mail.models import Mail
from server.people.models import EmergencyContact, Holder, Person, Token
from server.privacy.models import TraceView

_GONE = "erased-%d@invalid"  # an address that can never be one: addresses of accounts are unique


def forget(number: int, now: datetime) -> None:
    """Inside the caller's ``writing()``. Safe to repeat. Badges keep their row, with a fingerprint that no card has: so that
    agents that were away still learn that they were taken back."""
    _letters(number)
    _login(number, now)
    db.session.execute(delete(Person).where(Person.holder_number == number))
    db.session.execute(delete(EmergencyContact).where(EmergencyContact.holder_number == number))
    db.session.execute(delete(TraceView).where(TraceView.holder_number == number))
    _badges(number, now)
    db.session.execute(update(Holder).where(Holder.number == number).values(blocked_reason="", minor_until=None))
    _age(number)
    jobs.announce("access", f"holder:{number}", now)


def addresses(number: int) -> list[str]:
    """Where letters to this person went, in small letters."""
    of_person = select(Person.email).where(Person.holder_number == number, Person.email.is_not(None))
    of_login = select(Account.email).where(Account.holder_number == number)
    return sorted({email.lower() for wanted in (of_person, of_login) for email in db.session.scalars(wanted) if email})


def _age(number: int) -> None:
    """Until when somebody was under age is a day of birth to who can count: it goes from the journal, too."""
    about = (AuditEntry.object_kind == "holder") & (AuditEntry.object_id == str(number))
    for entry in db.session.scalars(select(AuditEntry).where(about)):
        entry.before, entry.after = _without("minor_until", entry.before), _without("minor_until", entry.after)


def _badges(number: int, now: datetime) -> None:
    """What staff wrote on a badge may name who has it: it goes from the journal, too."""
    tokens = db.session.scalars(select(Token).where(Token.holder_number == number)).all()
    for token in tokens:
        token.fingerprint, token.label, token.blocked_reason = secrets.token_hex(16), "", ""
        token.returned_at = token.returned_at or now
    db.session.execute(delete(HandoutTap).where(HandoutTap.holder_number == number))
    about = (AuditEntry.object_kind == "token") & AuditEntry.object_id.in_([token.ref for token in tokens])
    for entry in db.session.scalars(select(AuditEntry).where(about)):
        entry.before, entry.after = _without("label", entry.before), _without("label", entry.after)


def _without(name: str, picture: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if picture is None else {one: value for one, value in picture.items() if one != name}


def _letters(number: int) -> None:
    if known := addresses(number):
        db.session.execute(delete(Mail).where(func.lower(Mail.recipient).in_(known)))


def _login(number: int, now: datetime) -> None:
    """The row stays without anybody in it: the journal names accounts by their number, which must not be given again."""
    account = db.session.scalar(select(Account).where(Account.holder_number == number))
    if account is None:
        return
    for table in (WebSession, AccountLink, RecoveryCode):
        db.session.execute(delete(table).where(table.account_id == account.id))
    running = or_(RoleAssignment.valid_until.is_(None), RoleAssignment.valid_until > now)
    of_them = RoleAssignment.account_id == account.id
    db.session.execute(update(RoleAssignment).where(of_them, running).values(valid_until=now))
    account.email, account.name, account.language = _GONE % account.id, "", None
    account.password_hash = account.totp_secret = account.holder_number = None
    account.ended_at = account.ended_at or now
