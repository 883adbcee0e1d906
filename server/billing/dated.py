"""Rows that hold from a moment on: prices, VAT cells, sellers. A new one ends the one before; none is ever rewritten."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from server.audit import service as audit
from server.billing.errors import BillingError
from server.db import db


def end_last(rows: Iterable[Any], moment: Any) -> None:
    """The last of these rows holds until ``moment`` at most; a new one cannot begin before it. One that was taken back
    before it began holds nothing and is in nobody's way."""
    holding = (row for row in rows if row.valid_until is None or row.valid_until > row.valid_from)
    last = max(holding, key=lambda row: row.valid_from, default=None)
    if last is None:
        return
    if last.valid_from >= moment:
        raise BillingError("Something is already decided from %(day)s on.", day=last.valid_from)
    last.valid_until = min(last.valid_until or moment, moment)


def add(row: Any, kind: str, after: dict[str, Any], reason: str, actor: str, now: datetime) -> None:
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "add", kind, row.id, None, after, reason, now)
