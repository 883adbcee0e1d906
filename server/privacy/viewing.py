"""Who looked at whose traces: one row for a look at another person's sessions, refusals or file, at most one an hour.

The person looked at reads it on their own page, by role; the manager by name.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from server.db import db, reading, writing
from server.domain.retention import PSEUDONYMS_FROM
from server.domain.roles import Actor, Role
from server.privacy.models import TraceView

_SHOWN = 200
_STAFF_FIRST = tuple(Role)  # a person with two roles is named by the first of them


class Looked(StrEnum):
    """What was looked at."""

    FILE = "file"  # the page of a person
    SESSION = "session"
    SESSIONS = "sessions"  # the list, asked for one person
    EXPORT = "export"
    ERASURE = "erasure"  # what would go and what would stay
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Look:
    holder: int
    actor: str
    role: str
    what: str
    at: datetime


def note(actor: Actor, holder: int, what: Looked, now: datetime) -> None:
    """Write down a look, unless it is at one's own traces or at a number that is nobody's any more. Not twice an hour."""
    if actor.account is None or actor.holder == holder or holder >= PSEUDONYMS_FROM:
        return
    hour = now.replace(minute=0, second=0, microsecond=0)
    same = (TraceView.holder_number == holder) & (TraceView.actor == actor.label)
    same &= (TraceView.what == what.value) & (TraceView.hour == hour)
    with reading() as session:  # most looks are told already, and should not keep a writer waiting
        if session.scalar(select(TraceView.id).where(same)) is not None:
            return
    row = {"holder_number": holder, "actor": actor.label, "role": _role(actor), "what": what.value}
    with writing() as session:
        session.execute(_insert().values(**row, hour=hour, at=now))


def looks_at(holder: int, limit: int = _SHOWN) -> list[Look]:
    """Who looked at this person's traces, the newest first."""
    return _read(TraceView.holder_number == holder, limit)


def latest_looks(limit: int = _SHOWN) -> list[Look]:
    """For the manager: whose traces were looked at, by whom."""
    return _read(TraceView.id > 0, limit)


def _read(which: Any, limit: int) -> list[Look]:
    columns = (TraceView.holder_number, TraceView.actor, TraceView.role, TraceView.what, TraceView.at)
    wanted = select(*columns).where(which).order_by(TraceView.at.desc(), TraceView.id.desc()).limit(limit)
    with reading() as session:
        return [Look(*row) for row in session.execute(wanted)]


def _role(actor: Actor) -> str:
    return next((role.value for role in _STAFF_FIRST if actor.has(role)), "")


def _insert() -> Any:
    """Two looks at the same moment are one: the database sees to it."""
    kind: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    return kind.insert(TraceView).on_conflict_do_nothing()
