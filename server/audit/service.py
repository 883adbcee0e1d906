"""Writes down what a person changed, and reads it again. Every service function that changes something calls ``record``,
in the same transaction; pages show the ``trail`` of what they are about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import and_, or_, select

from server.audit.models import AuditEntry
from server.db import db, reading

Picture = Mapping[str, Any] | None
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, as it was written down. ``actor`` is a label such as ``account:12``, or the name of a command."""

    at: datetime
    actor: str
    verb: str
    object_kind: str
    object_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str


def trail(object_kind: str, object_id: object) -> list[Entry]:
    """What was changed about one thing, the newest first."""
    return trail_of([(object_kind, object_id)])


def trail_of(objects: Iterable[tuple[str, object]], limit: int | None = SHOWN) -> list[Entry]:
    """What was changed about several things, each a kind and an id: a person and the badges lent to them. Without a limit,
    all of it."""
    by_kind: dict[str, list[str]] = {}
    for kind, number in objects:
        by_kind.setdefault(kind, []).append(str(number))
    if not by_kind:
        return []
    about = (and_(AuditEntry.object_kind == kind, AuditEntry.object_id.in_(ids)) for kind, ids in by_kind.items())
    wanted = select(AuditEntry).where(or_(*about)).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    with reading() as session:
        return [entry_of(row) for row in session.scalars(wanted)]


def entry_of(row: AuditEntry) -> Entry:
    pictures = (row.before or {}, row.after or {})
    return Entry(row.at, row.actor, row.verb, row.object_kind, row.object_id, *pictures, row.reason)


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
