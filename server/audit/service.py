"""Writes down what a person changed. Called by every service function that changes something, in the same transaction."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from server.audit.models import AuditEntry
from server.db import db

Picture = Mapping[str, Any] | None


def record(
    actor: str,
    verb: str,
    object_kind: str,
    object_id: object,
    before: Picture,
    after: Picture,
    reason: str,
    now: datetime,
) -> None:
    """Add one entry inside the caller's ``writing()``. Names and contacts of people do not belong in the pictures:
    they are erased from ``person``, and what stands here stays."""
    if not actor:
        raise ValueError("a change needs an actor")
    entry = AuditEntry(
        at=now,
        actor=actor,
        verb=verb,
        object_kind=object_kind,
        object_id=str(object_id),
        before=_plain(before),
        after=_plain(after),
        reason=reason,
    )
    db.session.add(entry)


def _plain(picture: Picture) -> dict[str, Any] | None:
    return None if picture is None else {name: _json(value) for name, value in picture.items()}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date | time) else value
