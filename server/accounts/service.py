"""Changes to accounts: who may log in, under which name and address, and until when.

Every function runs inside ``writing()``, in the caller's transaction or in its own, and writes an audit entry, which
says what changed but holds no name and no address: those stand in the account only. Refusals raise AccountError.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from server.accounts import letters, websessions
from server.accounts.assignments import end_role, give_role, has_role, keep_a_manager_without
from server.accounts.errors import AccountError
from server.accounts.links import invite
from server.accounts.login import set_password
from server.accounts.models import Account
from server.accounts.rows import account_by_email, account_by_id, open_account, plain_email
from server.audit import service as audit
from server.db import db, expect_version, writing
from server.jobs import service as jobs
from server.settings import Settings
from server.web.preferences import LANGUAGES

__all__ = [
    "AccountError",
    "AccountFacts",
    "add_account",
    "change_own",
    "edit_account",
    "end_account",
    "end_role",
    "give_role",
    "has_role",
    "invite",
    "reopen_account",
    "set_password",
]
_OPEN = ("language", "holder_number")  # of these the audit keeps the values


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a form says of an account. ``language`` None: as the browser asks."""

    email: str
    name: str
    language: str | None = None
    holder_number: int | None = None


def add_account(facts: AccountFacts, *, actor: str, now: datetime) -> int:
    """Open an account that nobody can log in with before an invitation is taken up. Returns its number."""
    with writing() as session:
        facts = _checked(facts, None)
        row = Account(**asdict(facts), created_at=now)
        session.add(row)
        session.flush()
        audit.record(actor, "add", "account", row.id, None, _picture(row), "", now)
        return row.id


def edit_account(
    account_id: int, facts: AccountFacts, lab: Settings, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """Write what a manager's form says. A new mail address is told to the old one."""
    with writing():
        account = open_account(account_id)
        expect_version(account, version)
        if actor == f"account:{account_id}" and account.holder_number not in {None, facts.holder_number}:
            raise AccountError("Another manager parts your own account from you: nobody certifies himself.")
        _change(account, facts, lab, actor, now)


def change_own(account_id: int, facts: AccountFacts, lab: Settings, *, version: int | None, now: datetime) -> None:
    """What everybody may change about themselves: name, address, language. Whose person it is stays."""
    with writing():
        account = open_account(account_id)
        expect_version(account, version)
        kept = AccountFacts(facts.email, facts.name, facts.language, account.holder_number)
        _change(account, kept, lab, f"account:{account_id}", now)


def end_account(account_id: int, reason: str = "", *, version: int | None = None, actor: str, now: datetime) -> None:
    """Nobody logs in with it from now on; whoever is, is logged out at the next click. Its roles are kept as they were."""
    with writing():
        account = account_by_id(account_id)
        expect_version(account, version)
        if account.ended_at is not None:
            raise AccountError("This account has ended already.")
        keep_a_manager_without(account_id, now)
        account.ended_at = now
        websessions.end_all_of(account_id, now)
        audit.record(actor, "end", "account", account_id, {"ended_at": None}, {"ended_at": now}, reason, now)
        _announce(account, now)


def reopen_account(account_id: int, *, actor: str, now: datetime) -> None:
    """Its password and its roles count again, as far as they have not run out."""
    with writing():
        account = account_by_id(account_id)
        if account.ended_at is None:
            raise AccountError("This account is open.")
        before = {"ended_at": account.ended_at}
        account.ended_at = None
        audit.record(actor, "reopen", "account", account_id, before, {"ended_at": None}, "", now)
        _announce(account, now)


def _change(account: Account, facts: AccountFacts, lab: Settings, actor: str, now: datetime) -> None:
    facts = _checked(facts, account.id)
    said = asdict(facts)
    was = {name: getattr(account, name) for name in said}
    changed = sorted(name for name in said if said[name] != was[name])
    if not changed:
        return
    for name in changed:
        setattr(account, name, said[name])
    if "email" in changed:
        letters.send(account, letters.address_changed(account, now, lab), now, recipient=was["email"])
    before = {name: was[name] for name in _OPEN if name in changed}
    after = {"changed": changed} | {name: said[name] for name in _OPEN if name in changed}
    audit.record(actor, "edit", "account", account.id, before, after, "", now)
    if "holder_number" in changed:
        jobs.announce("access", f"account:{account.id}", now)


def _announce(account: Account, now: datetime) -> None:
    """What the badge of whoever is behind it may do at a machine goes with the account's roles."""
    if account.holder_number is not None:
        jobs.announce("access", f"holder:{account.holder_number}", now)


def _checked(facts: AccountFacts, account_id: int | None) -> AccountFacts:
    """The facts with the address as addresses are kept, or a refusal."""
    email, name = plain_email(facts.email), facts.name.strip()
    if not name:
        raise AccountError("Say whose account it is.")
    if "@" not in email.strip("@") or any(letter.isspace() for letter in email):
        raise AccountError("Type an e-mail address, such as ines@example.org.")
    if facts.language is not None and facts.language not in LANGUAGES:
        raise AccountError("These pages do not speak this language.")
    other = account_by_email(email)
    if other is not None and other.id != account_id:
        raise AccountError("There is an account with this mail address already.")
    if facts.holder_number is not None:
        _refuse_a_second_account_of(facts.holder_number, account_id)
    return AccountFacts(email, name, facts.language, facts.holder_number)


def _refuse_a_second_account_of(holder: int, account_id: int | None) -> None:
    tied = db.session.scalar(select(Account.id).where(Account.holder_number == holder))
    if tied is not None and tied != account_id:
        raise AccountError("This person has an account already.")


def _picture(row: Account) -> dict[str, object]:
    return {name: getattr(row, name) for name in _OPEN}
