"""Finds accounts for the services, and refuses in words what is not there."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult

from server.accounts.errors import AccountError
from server.accounts.models import Account
from server.db import db


def account_by_id(account_id: int) -> Account:
    """Inside the caller's ``writing()`` or ``reading()``. Raises AccountError."""
    account: Account | None = db.session.get(Account, account_id)
    if account is None:
        raise AccountError("There is no account %(number)s.", number=account_id)
    return account


def open_account(account_id: int) -> Account:
    """The account, which must not have ended."""
    account = account_by_id(account_id)
    if account.ended_at is not None:
        raise AccountError("This account has ended. Open it again first.")
    return account


def account_by_email(email: str) -> Account | None:
    found: Account | None = db.session.scalar(select(Account).where(Account.email == plain_email(email)))
    return found


def plain_email(typed: str) -> str:
    """As addresses are kept and compared."""
    return typed.strip().casefold()


def store(account_id: int, **values: Any) -> None:
    """Set what no form shows, past the row's version: nobody who edits the account meanwhile must hear of it."""
    db.session.execute(update(Account).where(Account.id == account_id).values(**values))


def rows_of(result: Any) -> int:
    """How many rows an UPDATE or DELETE met."""
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
