"""Who is logged in where: a random secret in the browser's cookie, its SHA-256 and the dates here.

What staff may do ends after twelve hours without a click; a maker's phone stays logged in for a month.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select, update

from server.accounts.models import Account, RoleAssignment, WebSession
from server.accounts.rows import rows_of
from server.audit import service as audit
from server.db import db, reading, writing
from server.domain.roles import Actor, Assignment, Role, ScopeKind

STAFF_LASTS = timedelta(days=30)
STAFF_IDLE = timedelta(hours=12)
HOLDER_IDLE = timedelta(days=30)
LONGEST_COOKIE = timedelta(days=400)  # what browsers keep at most; the dates above decide earlier
SEEN_EVERY = timedelta(minutes=5)
_BROWSER_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody logged in, as the gate finds them at a request."""

    session: str
    seen_at: datetime
    actor: Actor
    language: str | None
    second_factor: bool


def digest(secret: str) -> str:
    """What the database keeps of a secret. It is random and long, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(account_id: int, browser: str, now: datetime) -> str:
    """Log an account in, inside the caller's ``writing()``. Returns the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    row = WebSession(id=digest(secret), account_id=account_id, began_at=now, seen_at=now)
    row.browser = browser[:_BROWSER_CHARACTERS]
    db.session.add(row)
    return secret


def find(secret: str, now: datetime) -> LoggedIn | None:
    """Whose cookie this is and which roles count now, in one query. None where the session or the account has ended."""
    with reading() as session:
        rows = session.execute(_WANTED, {"id": digest(secret), "now": now}).all()
    if not rows or not _lives(rows, now):
        return None
    first = rows[0]
    given = tuple(Assignment(Role(row.role), ScopeKind(row.scope_kind), row.scope) for row in rows if row.role)
    actor = Actor(first.account, first.name, first.email, first.holder_number, given)
    return LoggedIn(first.id, first.seen_at, actor, first.language, first.has_second_factor)


def saw(found: LoggedIn, now: datetime) -> None:
    """Note that the session is in use, at most every five minutes: a page that is only read costs no write."""
    if now - found.seen_at >= SEEN_EVERY:
        with writing() as session:
            session.execute(update(WebSession).where(WebSession.id == found.session).values(seen_at=now))


def end(session_id: str, *, actor: str, now: datetime) -> None:
    """End one, somebody's own or, for a manager, anybody's. The browser there is asked to log in at its next click."""
    with writing() as session:
        row = session.get(WebSession, session_id)
        if row is None or row.ended_at is not None:
            return
        row.ended_at = now
        if actor != f"account:{row.account_id}":  # leaving oneself changes nothing that others must know of
            audit.record(actor, "end_web_session", "account", row.account_id, None, {"ended_at": now}, "", now)


def end_all_of(account_id: int, now: datetime, but: str = "") -> int:
    """End those of one account, but the one named. Returns how many."""
    theirs = (WebSession.account_id == account_id) & WebSession.ended_at.is_(None) & (WebSession.id != but)
    return _end(theirs, now)


def end_everybodys(now: datetime) -> int:
    """After a backup was read back: it holds sessions that were ended since. Returns how many."""
    return _end(WebSession.ended_at.is_(None), now)


def _end(which: ColumnElement[bool], now: datetime) -> int:
    with writing() as session:
        return rows_of(session.execute(update(WebSession).where(which).values(ended_at=now)))


def _lives(rows: Sequence[Row[Any]], now: datetime) -> bool:
    first = rows[0]
    if all(row.role in {None, Role.HOLDER} for row in rows):
        return bool(now - first.seen_at < HOLDER_IDLE)
    return bool(now - first.seen_at < STAFF_IDLE and now - first.began_at < STAFF_LASTS)


def _wanted() -> Any:
    """Asked at every request, so of the tables themselves, past the mapper: it takes half the time."""
    web, account, role = WebSession.__table__.c, Account.__table__.c, RoleAssignment.__table__.c
    now = bindparam("now", type_=WebSession.began_at.type)
    valid = (role.account_id == account.id) & (role.valid_from <= now)
    valid &= role.valid_until.is_(None) | (role.valid_until > now)
    return (
        select(web.id, web.began_at, web.seen_at, account.id.label("account"), account.name, account.email)
        .add_columns(
            account.language, account.holder_number, account.totp_secret.is_not(None).label("has_second_factor")
        )
        .add_columns(role.role, role.scope_kind, role.scope)
        .select_from(WebSession.__table__.join(Account.__table__, account.id == web.account_id))
        .outerjoin(RoleAssignment.__table__, valid)
        .where(web.id == bindparam("id"), web.ended_at.is_(None), account.ended_at.is_(None))
    )


_WANTED = _wanted()
