"""Who may give or take back which skill.

A skill opens every machine that asks for it, so whoever gives it must be a trainer of all of them: of the lab, or of each
of these machines or their rooms. A skill no machine asks for is given by trainers of the lab. Nobody certifies their own skill.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask import abort
from sqlalchemy import select

from server.accounts.rows import plain_email
from server.db import db, reading
from server.domain.roles import About, Verb, may
from server.machines.models import Machine, MachineSkill
from server.people.models import Person
from server.training.models import Skill
from server.web.needs import actor


def skill_of(code: str, **others: Any) -> About:
    """For the gate: of all places where this skill counts one that is closed to who asks, where there is one."""
    with reading():
        if db.session.scalar(select(Skill.id).where(Skill.code == code)) is None:
            abort(404)
        places = _places().get(code, [About()])
    return next((about for about in places if not may(actor(), Verb.QUALIFY, about)), places[0])


def may_give(code: str, holder: int | None = None) -> bool:
    """Whether who asks may give this skill, to this person where one is meant."""
    return code in teachable(holder)


def teachable(holder: int | None = None) -> set[str]:
    """The codes of all skills that who asks may give to a person."""
    if holder is not None and is_oneself(holder):
        return set()
    with reading():
        codes = db.session.scalars(select(Skill.code)).all()
        places = _places()
    return {code for code in codes if _everywhere(places.get(code, [About()]), holder)}


def is_oneself(holder: int) -> bool:
    """Whether this person is who asks; of an account that is tied to nobody, by the mail address of both."""
    if actor().holder is not None:
        return actor().holder == holder
    with reading() as session:
        written = session.scalar(select(Person.email).where(Person.holder_number == holder))
    return written is not None and plain_email(written) in {plain_email(actor().email)} - {""}


def _everywhere(places: Iterable[About], holder: int | None) -> bool:
    return all(
        may(actor(), Verb.QUALIFY, About(machine=about.machine, room=about.room, holder=holder)) for about in places
    )


def _places() -> dict[str, list[About]]:
    """The machines that ask for each skill, inside ``reading()``."""
    wanted = (
        select(Skill.code, Machine.code, Machine.room)
        .join(MachineSkill, MachineSkill.skill_id == Skill.id)
        .join(Machine, Machine.id == MachineSkill.machine_id)
        .where(Machine.ended_at.is_(None))
    )
    places: dict[str, list[About]] = defaultdict(list)
    for skill, machine, room in db.session.execute(wanted):
        places[skill].append(About(machine=machine, room=room))
    return places
