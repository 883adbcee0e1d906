"""What the pages about training show, as plain values: the catalogue, one skill, and lists of qualifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select

from server.db import db, reading
from server.machines.models import Machine, MachineSkill
from server.pages.people.names import Named, everybody, matching, named, natural
from server.pages.training.held import LAPSES_SOON, Standing, holding, standing
from server.training.models import Qualification, Skill
from server.usage.models import UsageSession
from server.usage.sessions import IS_OPEN
from server.web.paging import Page, paginate


@dataclass(frozen=True, slots=True)
class SkillRow:
    """``holders`` have it now, ``lapsing`` of them for less than thirty days; ``machines`` ask for it."""

    code: str
    name: str
    ended_at: datetime | None
    version: int
    holders: int
    lapsing: int
    machines: int


@dataclass(frozen=True, slots=True)
class Given:
    """One qualification with the person behind it. ``valid_until``: or sooner, when it has not been used for too long."""

    ref: str
    person: Named
    skill: str
    skill_code: str
    valid_from: datetime
    valid_until: datetime | None
    granted_by: str
    revoked_at: datetime | None
    reason: str
    level: str
    override: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A machine that asks for the skill, and who of those concerned is on it now."""

    code: str
    name: str
    room: str
    person: Named | None
    since: datetime | None


def catalogue(now: datetime) -> list[SkillRow]:
    with reading():
        return [
            SkillRow(*row) for row in db.session.execute(_skills(now).order_by(Skill.ended_at.is_not(None), Skill.name))
        ]


def read_skill(code: str, now: datetime) -> SkillRow:
    with reading():
        return SkillRow(*db.session.execute(_skills(now).where(Skill.code == code)).one())


def _skills(now: datetime) -> Select[*tuple[Any, ...]]:
    held = holding(now)
    soon = func.sum(case((held.c.ends <= now + LAPSES_SOON, 1), else_=0))
    counted = select(held.c.skill_id, func.count().label("holders"), soon.label("lapsing"))
    by_skill = counted.group_by(held.c.skill_id).subquery()
    machines = select(MachineSkill.skill_id, func.count().label("machines"))
    machines = machines.join(Machine, Machine.id == MachineSkill.machine_id).where(Machine.ended_at.is_(None))
    asked = machines.group_by(MachineSkill.skill_id).subquery()
    numbers = (by_skill.c.holders, by_skill.c.lapsing, asked.c.machines)
    return (
        select(Skill.code, Skill.name, Skill.ended_at, Skill.version, *(func.coalesce(one, 0) for one in numbers))
        .outerjoin(by_skill, by_skill.c.skill_id == Skill.id)
        .outerjoin(asked, asked.c.skill_id == Skill.id)
    )


def machines_asking(code: str) -> list[tuple[str, str, str]]:
    """Code, name and room of the machines that ask for a skill."""
    wanted = (
        select(Machine.code, Machine.name, Machine.room)
        .join(MachineSkill, MachineSkill.machine_id == Machine.id)
        .join(Skill, Skill.id == MachineSkill.skill_id)
        .where(Skill.code == code, Machine.ended_at.is_(None))
    )
    with reading():
        rows = [(machine, name, room or "") for machine, name, room in db.session.execute(wanted)]
    return sorted(rows, key=lambda row: natural(row[1]))


def find_given(typed: str, skill: str, which: Standing, now: datetime) -> Page[Given]:
    """One page of qualifications. Those that end soonest come first; of the past ones the latest."""
    last_first = which in {Standing.EXPIRED, Standing.REVOKED}
    moment = Qualification.revoked_at if which is Standing.REVOKED else Qualification.valid_until
    ordered = (moment.desc() if last_first else moment.is_(None), moment, Qualification.id)
    wanted = standing(which, now).order_by(*ordered)
    if skill:
        wanted = wanted.where(Skill.code == skill)
    with reading():
        if typed:
            wanted = wanted.where(Qualification.holder_number.in_([one.number for one in matching(everybody(), typed)]))
        page = paginate(wanted)
        people = named(row[0].holder_number for row in page.rows)
        return page.of(lambda row: _one(row, people))


def given_by_ref(code: str, refs: Sequence[str], now: datetime) -> list[Given]:
    """Some qualifications of one skill that can still be revoked, by name of the person; all that count for no refs."""
    wanted = standing(Standing.VALID, now)
    if refs:
        wanted = select(Qualification, Skill.name, Skill.code).join(Skill, Skill.id == Qualification.skill_id)
        wanted = wanted.where(Qualification.ref.in_(refs), Qualification.revoked_at.is_(None))
    with reading():
        rows = db.session.execute(wanted.where(Skill.code == code)).all()
        people = named(row[0].holder_number for row in rows)
        return sorted((_one(row, people) for row in rows), key=lambda one: (one.person.family, one.person.given))


def running(code: str, holders: Sequence[int]) -> list[Running]:
    """The machines that ask for a skill, each with who of these people is on it now."""
    wanted = (
        select(Machine.code, UsageSession.holder_number, UsageSession.started_at)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .where(IS_OPEN)
    )
    machines, concerned = machines_asking(code), set(holders)
    with reading():
        rows = db.session.execute(wanted)
        on = {machine: (holder, since) for machine, holder, since in rows if holder in concerned}
        people = named(holder for holder, _ in on.values())
    nobody = (0, None)
    shown = [
        Running(code, name, room, people.get(on.get(code, nobody)[0]), on.get(code, nobody)[1])
        for code, name, room in machines
    ]
    return sorted(shown, key=lambda row: row.person is None)


def _one(row: Any, people: dict[int, Named]) -> Given:
    held, name, code = row
    ends = [end for end in (held.valid_until, held.idle_until) if end is not None]
    dates = (held.valid_from, min(ends, default=None))
    reason = held.revoked_reason or held.reason
    how = (reason, held.level, held.override)
    return Given(held.ref, people[held.holder_number], name, code, *dates, held.granted_by, held.revoked_at, *how)
