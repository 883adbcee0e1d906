"""All of the books at once: evidence, sessions, decisions, prices, charges, documents and their files.

A row that cannot even be read is named, too: a byte may have turned a date into something that is none.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import String, select, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from server.audit import seals
from server.billing import ledger_rows
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, PlatformState, Series, Tariff
from server.db import Utc, db, reading
from server.usage.ledger import verify_ledger
from server.usage.models import Event, EventPayload, SessionDecision, UsageSession

_BOOKS: tuple[Any, ...] = (
    Event,
    EventPayload,
    UsageSession,
    SessionDecision,
    Tariff,
    Document,
    Charge,
    Series,
    PlatformState,
)
_MOMENT = "????-??-?? ??:??:??.??????"
_UNREADABLE = (SQLAlchemyError, ValueError, TypeError, LookupError)


def verify(documents_dir: Path | None = None) -> list[str]:
    """Every problem in a sentence that names the row; empty where all is right."""
    try:
        found = [*verify_ledger(), *verify_billing(documents_dir)]
        with reading():
            return [*found, *seals.broken(SessionDecision), *_odd_moments()]
    except _UNREADABLE as error:
        with reading():
            problems = [problem for table in _BOOKS for problem in _unreadable(table)]
            with contextlib.suppress(*_UNREADABLE):
                problems += ledger_rows.alone()
        return problems or [f"the books cannot be read: {error}"]


def _odd_moments() -> Iterator[str]:
    """SQLite keeps a moment as text, of which not every sign is looked at when it is read."""
    if db.engine.dialect.name != "sqlite":
        return
    for table in _BOOKS:
        keys = table.__table__.primary_key.columns
        for column in table.__table__.columns:
            if isinstance(column.type, Utc):
                written = type_coerce(column, String)
                odd = select(*keys).where(column.is_not(None), written.op("NOT GLOB")(_MOMENT))
                for key in db.session.execute(odd):
                    yield f"{table.__tablename__} {'+'.join(map(str, key))}: {column.key} is not as it was written"


def _unreadable(table: Any) -> Iterator[str]:
    """Read one row after the other, and name those that cannot be."""
    keys = table.__table__.primary_key.columns
    for key in db.session.execute(select(*keys)).all():
        db.session.expunge_all()
        name = f"{table.__tablename__} {'+'.join(map(str, key))}"
        try:
            db.session.get(table, tuple(key))
        except _UNREADABLE as error:
            yield f"{name}: it cannot be read: {str(error)[:200]}"
