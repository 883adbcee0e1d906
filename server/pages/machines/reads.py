"""What the pages about one machine's rules need to know: what it can be given, what it has, and what its end touches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext
from sqlalchemy import ColumnElement, func, select

from server.billing.models import Tariff
from server.bookings.facts import STANDS
from server.bookings.models import Booking
from server.db import db, reading
from server.machines.changes import Rules, rules_of
from server.machines.models import Agent, Machine, MachineSkill, Room
from server.machines.service import MACHINES_PER_AGENT, machine_by_code
from server.pages.machines.forms import Choices
from server.pages.people.names import folded
from server.training.holding import holders_of
from server.training.models import Skill
from server.usage.models import UsageSession


@dataclass(frozen=True, slots=True)
class AsItIs:
    """One machine as it stands in the books."""

    code: str
    version: int
    rules: Rules
    skills: tuple[str, ...]
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Touched:
    """What the end of a machine touches: its own price rules, who could use it, what is booked, a session not over."""

    prices: int
    people: int
    bookings: int
    alone_in_category: bool
    running_since: datetime | None


def machine_as_it_is(code: str) -> AsItIs:
    with reading():
        machine = machine_by_code(code)
        skills = select(Skill.code).join(MachineSkill, MachineSkill.skill_id == Skill.id)
        asked = sorted(db.session.scalars(skills.where(MachineSkill.machine_id == machine.id)))
        return AsItIs(code, machine.version, rules_of(machine), tuple(asked), machine.ended_at)


def choices_for(code: str | None = None) -> Choices:
    """What a machine can be given. Its present agent is offered even if it could take no more."""
    with reading() as session:
        rooms = sorted(session.scalars(select(Room.name)), key=folded)
        categories = sorted(set(session.scalars(select(Machine.category))), key=folded)
        own = select(Skill.id).join(MachineSkill, MachineSkill.skill_id == Skill.id).join(Machine)
        asked = Skill.id.in_(own.where(Machine.code == code))
        skills = select(Skill.code, Skill.name).where(Skill.ended_at.is_(None) | asked).order_by(Skill.name)
        return Choices(rooms, categories, _agents(code), [(one, name) for one, name in session.execute(skills)])


def touched_by_end(code: str, now: datetime) -> Touched:
    with reading() as session:
        machine = machine_by_code(code)
        open_since = select(UsageSession.started_at).where(
            UsageSession.machine_id == machine.id, UsageSession.state == "open"
        )
        return Touched(
            prices=_count(Tariff.machine_id == machine.id, Tariff.valid_until.is_(None) | (Tariff.valid_until > now)),
            people=_people_qualified(machine, now),
            bookings=_count(
                STANDS, Booking.machine_id == machine.id, Booking.ends > now, Booking.holder_number.is_not(None)
            ),
            alone_in_category=_count(Machine.category == machine.category, Machine.ended_at.is_(None)) == 1,
            running_since=session.scalar(open_since),
        )


def _agents(code: str | None) -> Sequence[tuple[str, str]]:
    mine = select(Machine.agent_id).where(Machine.code == code).scalar_subquery()
    count = func.count(Machine.id).filter(Machine.ended_at.is_(None))
    wanted = (
        select(Agent.name, count, func.coalesce(Agent.id == mine, False))
        .outerjoin(Machine, Machine.agent_id == Agent.id)
        .where(Agent.ended_at.is_(None))
        .group_by(Agent.id, Agent.name)
        .order_by(Agent.id)
    )
    return [
        (name, _with_load(name, machines))
        for name, machines, is_own in db.session.execute(wanted)
        if is_own or machines < MACHINES_PER_AGENT
    ]


def _with_load(name: str, machines: int) -> str:
    if machines == 0:
        return gettext("%(agent)s, no machine yet", agent=name)
    return ", ".join([name, ngettext("%(num)d machine", "%(num)d machines", machines)])


def _count(*conditions: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).where(*conditions)) or 0


def _people_qualified(machine: Machine, now: datetime) -> int:
    """How many hold every skill it asks for, now."""
    skills = select(Skill.code).join(MachineSkill, MachineSkill.skill_id == Skill.id)
    asked = set(db.session.scalars(skills.where(MachineSkill.machine_id == machine.id)))
    return len(holders_of(asked, now))
