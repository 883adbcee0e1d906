"""All of the books at once: evidence, sessions, decisions, prices, charges, documents and their files.

A row that cannot even be read is named, too: a byte may have turned a date into something that is none.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError

from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, PlatformState, Series, Tariff
from server.db import db, reading
from server.usage.ledger import verify_ledger
from server.usage.models import Event, EventPayload, SessionDecision, UsageSession

_BOOKS = (Event, EventPayload, UsageSession, SessionDecision, Tariff, Document, Charge, Series, PlatformState)
_UNREADABLE = (SQLAlchemyError, ValueError, TypeError, LookupError)


def verify(documents_dir: Path | None = None) -> list[str]:
    """Every problem in a sentence that names the row; empty where all is right."""
    try:
        return [*verify_ledger(), *verify_billing(documents_dir)]
    except _UNREADABLE as error:
        with reading():
            found = [problem for table in _BOOKS for problem in _unreadable(table)]
        return found or [f"the books cannot be read: {error}"]


def _unreadable(table: type[Any]) -> Iterator[str]:
    """Read one row after the other, and name those that cannot be."""
    keys = inspect(table).primary_key
    for key in db.session.execute(select(*keys)).all():
        db.session.expunge_all()
        name = f"{table.__tablename__} {'+'.join(map(str, key))}"
        try:
            db.session.get(table, tuple(key))
        except _UNREADABLE as error:
            yield f"{name}: it cannot be read: {str(error)[:200]}"
