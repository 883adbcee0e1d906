"""Links that set a password, once: the invitation into a new account, and the way back for who forgot theirs.

The link holds a random secret; the database its SHA-256. A new invitation ends those before it. Anybody can ask for a
reset, so a reset ends nothing, and the same account is not written to twice in two minutes.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from server.accounts import letters, websessions
from server.accounts.errors import AccountError
from server.accounts.models import Account, AccountLink
from server.accounts.passwords import check, hashed
from server.accounts.rows import account_by_email, open_account, plain_email, rows_of, store
from server.accounts.websessions import digest
from server.audit import service as audit
from server.db import db, reading, writing
from server.jobs import service as jobs
from server.settings import Settings

RESET_JOB = "reset_password"
AGAIN_AFTER = timedelta(minutes=2)


class Purpose(StrEnum):
    INVITE = "invite"
    RESET = "reset"


LASTS = {Purpose.INVITE: timedelta(days=7), Purpose.RESET: timedelta(hours=1)}
_PATHS = {Purpose.INVITE: "invitation", Purpose.RESET: "reset"}


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that still works, and whose it is."""

    account: int
    name: str
    email: str
    language: str | None
    has_second_factor: bool


def invite(account_id: int, lab: Settings, *, actor: str, now: datetime) -> str:
    """Write the letter with an invitation; who has a password already gets a link for a new one. Returns the link too,
    for a lab without a mail server: to be handed over at once."""
    with writing():
        account = open_account(account_id)
        end_links_of(account_id, now)
        purpose = Purpose.INVITE if account.password_hash is None else Purpose.RESET
        letter = letters.invitation if purpose is Purpose.INVITE else letters.reset
        link, until = _make(account, purpose, lab, actor, now)
        letters.send(account, letter(account, link, until, lab), now)
        return link


def ask_for_reset(email: str, now: datetime) -> None:
    """Leave it to ``work`` to see whether the address is known: here every address costs the same time."""
    jobs.enqueue(RESET_JOB, {"email": plain_email(email)[:200]}, now)


def reset_by_mail(email: str, lab: Settings, now: datetime) -> None:
    """Write the letter with the link, where somebody with this address may log in; else do nothing."""
    with writing():
        account = account_by_email(email)
        if account is None or account.ended_at is not None or _was_written_to(account.id, now):
            return
        link, until = _make(account, Purpose.RESET, lab, "work", now)  # who asked has proven nothing yet
        letters.send(account, letters.reset(account, link, until, lab), now)


def link_of(secret: str, purpose: Purpose, now: datetime) -> OpenLink | None:
    """Whose link this is; None where it was used, is too old, or never was."""
    wanted = (
        select(Account)
        .join(AccountLink, AccountLink.account_id == Account.id)
        .where(AccountLink.id == digest(secret), AccountLink.purpose == purpose.value, Account.ended_at.is_(None))
        .where(AccountLink.used_at.is_(None), AccountLink.expires_at > now)
    )
    with reading() as session:
        account = session.scalar(wanted)
    if account is None:
        return None
    second = account.totp_secret is not None
    return OpenLink(account.id, account.name, account.email, account.language, second)


def take_up(secret: str, purpose: Purpose, password: str, now: datetime) -> OpenLink:
    """Set the password the link is for, and log the account out everywhere. The link is used up then."""
    link = link_of(secret, purpose, now)
    if link is None:
        raise AccountError("This link has been used or is too old. Ask for a new one.")
    check(password, link.email)
    stored = hashed(password)  # outside the transaction: it takes its time
    with writing() as session:
        unused = (AccountLink.id == digest(secret)) & AccountLink.used_at.is_(None) & (AccountLink.expires_at > now)
        if rows_of(session.execute(update(AccountLink).where(unused).values(used_at=now))) != 1:
            raise AccountError("This link has been used or is too old. Ask for a new one.")
        open_account(link.account)
        store(link.account, password_hash=stored)
        end_links_of(link.account, now)
        websessions.end_all_of(link.account, now)
        after = {"password": "set", "by": purpose.value}
        audit.record(f"account:{link.account}", "set_password", "account", link.account, None, after, "", now)
    return link


def _make(account: Account, purpose: Purpose, lab: Settings, actor: str, now: datetime) -> tuple[str, datetime]:
    secret = secrets.token_urlsafe(32)
    until = now + LASTS[purpose]
    row = AccountLink(id=digest(secret), account_id=account.id, purpose=purpose.value, made_at=now, expires_at=until)
    row.made_by = actor
    db.session.add(row)
    audit.record(actor, purpose.value, "account", account.id, None, {"expires_at": until}, "", now)
    return f"{lab.web.url}/{_PATHS[purpose]}/{secret}", until


def _was_written_to(account_id: int, now: datetime) -> bool:
    just_now = (AccountLink.account_id == account_id) & (AccountLink.made_at > now - AGAIN_AFTER)
    resets = select(AccountLink.id).where(just_now, AccountLink.purpose == Purpose.RESET.value)
    return db.session.scalar(resets.limit(1)) is not None


def end_links_of(account_id: int, now: datetime) -> None:
    """In the caller's ``writing()``."""
    open_ones = (AccountLink.account_id == account_id) & AccountLink.used_at.is_(None)
    db.session.execute(update(AccountLink).where(open_ones, AccountLink.expires_at > now).values(expires_at=now))
