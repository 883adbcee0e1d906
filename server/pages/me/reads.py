"""What a maker sees of himself: his sessions with what they come to, and everything the lab keeps about him."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from server.audit.service import Entry
from server.billing.pricing import priced
from server.db import db, reading
from server.domain.rating import RatedSession
from server.machines.models import Machine
from server.pages.people.reads import Held, PersonFile
from server.people.models import Payer
from server.usage.models import Denial, UsageSession
from server.web.here import zone

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Mine:
    """One of my sessions. ``cents`` is net, None while nobody has said what it costs; of those that are over it is not
    worked out here, the payer's page has it."""

    id: str
    machine: str
    machine_name: str
    payer: str
    start: datetime
    end: datetime | None
    seconds: int
    cents: int | None = None


def my_sessions(holder: int, now: datetime) -> list[Mine]:
    """The newest first; what runs now has its cost so far."""
    with reading():
        rows = db.session.execute(_sessions(holder).limit(_SHOWN)).all()
    return [_mine(row, code, name, label, now) for row, code, name, label in rows]


def _sessions(holder: int) -> Select[Any]:
    return (
        select(UsageSession, Machine.code, Machine.name, Payer.label)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .where(UsageSession.holder_number == holder)
        .order_by(UsageSession.started_at.desc())
    )


def _mine(row: UsageSession, code: str, name: str, label: str, now: datetime) -> Mine:
    seconds = row.occupied_s if row.ended_at else int((now - row.started_at).total_seconds())
    cents = _cost(row.id, now) if row.ended_at is None else None
    return Mine(row.id, code, name, label, row.started_at, row.ended_at, seconds, cents)


def _cost(session_id: str, now: datetime) -> int | None:
    price = priced(session_id, now, zone())
    return price.rated.net_cents if price and isinstance(price.rated, RatedSession) else None


def my_data(file: PersonFile) -> dict[str, Any]:
    """Everything about one person, in a form that a program can read. Of others who had to do with him their role is
    named, not who they are."""
    holder = file.person.number
    with reading():
        sessions = [_as_kept(*row) for row in db.session.execute(_sessions(holder))]
        refused = [_refusal(*row) for row in db.session.execute(_refusals(holder))]
    plain = asdict(file)
    kept = {"skills": _skills(file.skills), "trail": _trail(file.trail), "uses": sessions, "refused": refused}
    return plain | kept


def _as_kept(row: UsageSession, code: str, name: str, label: str) -> dict[str, Any]:
    measured = {"occupied_s": row.occupied_s, "powered_s": row.powered_s, "running_s": row.running_s, "wh": row.wh}
    when = {"started_at": row.started_at, "ended_at": row.ended_at, "end_reason": row.end_reason}
    return {"session": row.id, "machine": code, "machine_name": name, "payer": label, **when, **measured}


def _refusals(holder: int) -> Select[Any]:
    told = select(Denial.at, Machine.code, Denial.reasons).join(Machine, Machine.id == Denial.machine_id)
    return told.where(Denial.holder_number == holder).order_by(Denial.at.desc())


def _refusal(at: datetime, machine: str, reasons: list[str]) -> dict[str, Any]:
    return {"at": at, "machine": machine, "reasons": reasons}


def _skills(held: Iterable[Held]) -> list[dict[str, Any]]:
    return [{**asdict(one), "granted_by": "trainer"} for one in held]


def _trail(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [{**asdict(entry), "actor": "staff"} for entry in entries]
