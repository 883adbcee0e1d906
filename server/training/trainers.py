"""Which skills somebody may give: by a role, or by being certified as a trainer on the skill itself.

A skill opens every machine that asks for it, so a role must reach all of them. Nobody teaches himself.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from server.accounts.models import Account, RoleAssignment
from server.db import db
from server.domain.facts import Facts
from server.domain.roles import About, Actor, Assignment, Role, ScopeKind, Verb, may
from server.domain.standings import standings_at
from server.machines.models import Machine, MachineSkill
from server.training.facts import qualifications
from server.training.models import Qualification, Skill
from wire.messages import Level


def teachable_by(trainer: int, learner: int | None, now: datetime) -> frozenset[str]:
    """The codes of the skills this holder may give to that one (None: to anybody), inside ``reading()`` or ``writing()``."""
    if trainer == learner:
        return frozenset()
    places, actor = _places(), _actor(trainer, now)
    standings = standings_at(Facts(qualifications=qualifications(Qualification.holder_number == trainer)), now)
    mine = standings.get(trainer, {})
    by_level = {code for code, one in mine.items() if one.reason is None and one.level is Level.TRAINER}
    by_role = {code for code, about in places.items() if all(may(actor, Verb.QUALIFY, one) for one in about)}
    return frozenset(by_level | by_role)


def may_teach(trainer: int, machines: Collection[str], now: datetime) -> frozenset[str]:
    """Of these machines, by code, those this holder may teach at: by a role there, or as a trainer of all it asks for."""
    actor, teachable = _actor(trainer, now), teachable_by(trainer, None, now)
    wanted = (
        select(Machine.code, Machine.room, Skill.code)
        .outerjoin(MachineSkill, MachineSkill.machine_id == Machine.id)
        .outerjoin(Skill, Skill.id == MachineSkill.skill_id)
        .where(Machine.code.in_(machines), Machine.ended_at.is_(None))
    )
    asked: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for machine, room, skill in db.session.execute(wanted):
        asked[machine, room] |= {skill} if skill else set()
    return frozenset(
        machine
        for (machine, room), skills in asked.items()
        if may(actor, Verb.QUALIFY, About(machine=machine, room=room)) or (skills and skills <= teachable)
    )


def teachable_by_role(account: int, now: datetime) -> frozenset[str]:
    """What the roles of an account let it give, also where it is tied to no holder."""
    actor = Actor(account=account, assignments=_assignments(Account.id == account, now))
    return frozenset(code for code, about in _places().items() if all(may(actor, Verb.QUALIFY, one) for one in about))


def trainers(now: datetime) -> frozenset[int]:
    """Everybody who may teach something: holders with the role, or certified as a trainer."""
    holders = select(Account.holder_number).join(RoleAssignment, RoleAssignment.account_id == Account.id)
    by_role = holders.where(_in_force(now), RoleAssignment.role == Role.TRAINER, Account.holder_number.is_not(None))
    rows = qualifications(Qualification.level == Level.TRAINER)
    everything = qualifications(Qualification.holder_number.in_({one.holder for one in rows}))
    standings = standings_at(Facts(qualifications=everything), now)
    by_level = {
        holder
        for holder, held in standings.items()
        if any(one.reason is None and one.level is Level.TRAINER for one in held.values())
    }
    return frozenset(number for number in db.session.scalars(by_role) if number is not None) | by_level


def _actor(trainer: int, now: datetime) -> Actor:
    """The roles this holder's account has now. Managers may give every qualification, and so may do it at a machine."""
    return Actor(account=0, holder=trainer, assignments=_assignments(Account.holder_number == trainer, now))


def _assignments(whose: ColumnElement[bool], now: datetime) -> tuple[Assignment, ...]:
    wanted = select(RoleAssignment.role, RoleAssignment.scope_kind, RoleAssignment.scope)
    wanted = wanted.join(Account, Account.id == RoleAssignment.account_id)
    rows = db.session.execute(wanted.where(_in_force(now), whose))
    return tuple(Assignment(Role(role), ScopeKind(kind), scope) for role, kind, scope in rows)


def _in_force(now: datetime) -> ColumnElement[bool]:
    still = or_(RoleAssignment.valid_until.is_(None), RoleAssignment.valid_until > now)
    return Account.ended_at.is_(None) & (RoleAssignment.valid_from <= now) & still


def _places() -> dict[str, list[About]]:
    """The machines that ask for each skill; the whole lab for one that no machine asks for."""
    wanted = (
        select(Skill.code, Machine.code, Machine.room)
        .outerjoin(MachineSkill, MachineSkill.skill_id == Skill.id)
        .outerjoin(Machine, (Machine.id == MachineSkill.machine_id) & Machine.ended_at.is_(None))
    )
    places: dict[str, list[About]] = defaultdict(list)
    for skill, machine, room in db.session.execute(wanted):
        places.setdefault(skill, [])
        if machine is not None:
            places[skill].append(About(machine=machine, room=room))
    return {skill: about or [About()] for skill, about in places.items()}
