"""What the box beside a machine said of it, what somebody did there, and the bypass while staff do without the box."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.db import db
from server.machines.bypass import is_bypassed
from server.machines.models import Machine, MachineLive
from server.pages.people.names import named
from server.usage.models import Notice

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Bypassed:
    """A bypass as it was declared; ``is_on`` while it holds."""

    who: str
    reason: str
    until: datetime | None
    is_on: bool


@dataclass(frozen=True, slots=True)
class Box:
    """What the box beside it said last. ``working``: by its meter, None where nobody measures."""

    problem: bool
    working: bool | None
    proven_open_at: datetime | None
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Something somebody did at the box, or the box did by itself. ``who`` is empty for those who may not know."""

    kind: str
    at: datetime
    who: str
    until: datetime | None


def bypass_of(machine: Machine, now: datetime) -> Bypassed:
    """Of one that is over nothing is said any more."""
    if not is_bypassed(machine, now):
        return Bypassed("", "", None, is_on=False)
    return Bypassed(machine.bypass_by, machine.bypass_reason, machine.bypass_until, is_on=True)


def box_of(live: MachineLive | None) -> Box:
    if live is None:
        return Box(problem=False, working=None, proven_open_at=None, lacks=())
    return Box(live.problem, live.running, live.proven_open_at, tuple(live.lacks))


def told_by(machine: Machine, sees_sessions: bool) -> tuple[Told, ...]:
    wanted = select(Notice).where(Notice.machine_id == machine.id).order_by(Notice.event_id.desc()).limit(SHOWN)
    rows = db.session.scalars(wanted).all()
    people = named(row.holder_number for row in rows if row.holder_number is not None) if sees_sessions else {}
    return tuple(
        Told(row.kind, row.at, people[row.holder_number].name if row.holder_number in people else "", row.until)
        for row in rows
    )
