"""Logging in: mail address and password, then a code where the account has a second factor. And changing the password.

Whoever is not known, whose account has ended and who mistypes get the same answer after the same time.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from server.accounts import letters, passwords, second_factor, tries, websessions
from server.accounts.errors import AccountError
from server.accounts.links import end_links_of
from server.accounts.models import Account
from server.accounts.rows import open_account, plain_email, store
from server.accounts.tries import NO_WAIT, Tries
from server.audit import service as audit
from server.db import reading, writing
from server.settings import Settings

CODE_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Entered:
    """Logged in; the secret belongs into the cookie."""

    secret: str
    account: int


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """The password was right; with this proof of it the code is asked for."""

    proof: str


@dataclass(frozen=True, slots=True)
class NotEntered:
    """Something was wrong, and nobody is told what; or one must wait first."""

    wait: timedelta = NO_WAIT


Outcome = Entered | CodeWanted | NotEntered


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody logs in: the counts of this process, the lab, and what the browser says of itself."""

    tries: Tries
    lab: Settings
    remote: str | None
    browser: str


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    email: str
    password_hash: str | None
    has_second_factor: bool


def enter(email: str, password: str, door: Door, now: datetime) -> Outcome:
    """Try a mail address and a password."""
    who, where = tries.account(plain_email(email)), tries.address(door.remote)
    wait = door.tries.begin((who, where), now)
    if wait > NO_WAIT:
        return NotEntered(wait)
    known = _by_email(email)
    if not passwords.is_right(known.password_hash if known else None, password) or known is None:
        return NotEntered()
    if known.password_hash and passwords.is_outdated(known.password_hash):
        _rehash(known, password)
    if known.has_second_factor:  # the try counts on until the code is right, too
        return CodeWanted(_signer(door).dumps([known.id, int(now.timestamp()), _print_of(known)]))
    door.tries.succeeded(who, where, now)
    return let_in(known.id, door, now)


def enter_with_code(proof: str, code: str, door: Door, now: datetime) -> Entered | NotEntered:
    """Try a code after ``CodeWanted``. Raises AccountError where the proof is too old."""
    known = _proven(proof, door, now)
    who, where = tries.account(known.email), tries.address(door.remote)
    wait = door.tries.begin((who, where), now)
    if wait > NO_WAIT:
        return NotEntered(wait)
    if not second_factor.takes(known.id, code, door.lab.site_key_bytes, now):
        return NotEntered()
    door.tries.succeeded(who, where, now)
    return let_in(known.id, door, now)


def let_in(account_id: int, door: Door, now: datetime) -> Entered:
    """Log in whoever has just proven who they are, by password or by a link."""
    with writing():
        return Entered(websessions.begin(account_id, door.browser, now), account_id)


def confirm_password(account_id: int, password: str, door: Door, now: datetime) -> None:
    """That it is still the account's owner who sits there: browsers are left open. Raises AccountError."""
    with reading():
        account = open_account(account_id)
        email, stored = account.email, account.password_hash
    who, where = tries.account(email), tries.address(door.remote)
    wait = door.tries.begin((who, where), now)
    if wait > NO_WAIT:
        raise AccountError("Too many tries. The next one is possible in %(minutes)s min.", minutes=in_minutes(wait))
    if not passwords.is_right(stored, password):
        raise AccountError("This is not your present password.")
    door.tries.succeeded(who, where, now)


def set_password(account_id: int, password: str, lab: Settings, *, actor: str, now: datetime, keep: str = "") -> None:
    """Without asking for the old one, see ``confirm_password``. Everywhere but in the web session ``keep`` one is logged
    out; the account's owner is told by mail. Raises AccountError."""
    with reading():
        email = open_account(account_id).email
    passwords.check(password, email)
    stored = passwords.hashed(password)  # outside the transaction: it takes its time
    with writing():
        account = open_account(account_id)
        is_change = account.password_hash is not None
        store(account_id, password_hash=stored)
        end_links_of(account_id, now)
        websessions.end_all_of(account_id, now, but=keep)
        if is_change:
            letters.send(account, letters.password_changed(account, now, lab), now)
        audit.record(actor, "set_password", "account", account_id, None, {"password": "set"}, "", now)


def in_minutes(wait: timedelta) -> int:
    """As one says it: begun minutes."""
    return -(-int(wait.total_seconds()) // 60)


def _by_email(email: str) -> _Known | None:
    return _known(Account.email == plain_email(email))


def _known(which: object) -> _Known | None:
    wanted = select(Account).where(which, Account.ended_at.is_(None))  # type: ignore[arg-type]
    with reading() as session:
        row = session.scalar(wanted)
    return None if row is None else _Known(row.id, row.email, row.password_hash, row.totp_secret is not None)


def _rehash(known: _Known, password: str) -> None:
    stored = passwords.hashed(password)
    with writing():
        store(known.id, password_hash=stored)


def _proven(proof: str, door: Door, now: datetime) -> _Known:
    """Whose password was right a moment ago, and has not been changed since."""
    late = AccountError("That took too long. Type your mail address and password again.")
    try:
        account_id, at, printed = _signer(door).loads(proof)
    except (BadSignature, ValueError):
        raise late from None
    known = _known(Account.id == account_id)
    if known is None or _print_of(known) != printed or now - datetime.fromtimestamp(at, UTC) > CODE_WITHIN:
        raise late
    return known


def _print_of(known: _Known) -> str:
    return hashlib.sha256((known.password_hash or "").encode()).hexdigest()[:16]


def _signer(door: Door) -> URLSafeSerializer:
    return URLSafeSerializer(door.lab.site_key_bytes, salt="prolab: a right password")
