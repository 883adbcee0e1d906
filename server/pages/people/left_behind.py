"""What hangs on somebody who leaves and has to be given to somebody else: courses, machines, sign-offs, maintenance.

What they signed stays valid and named: it is the proof of who was trained when, and by whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from server.accounts.models import Account, RoleAssignment
from server.courses.models import Course, Lesson
from server.db import db, reading
from server.domain.roles import About, Actor, Assignment, Role, ScopeKind, Verb, may
from server.domain.signing import State
from server.instruction.models import SignOffRow
from server.machines.models import Machine
from server.pages.people.names import natural
from server.training.models import Qualification
from wire.messages import Service


@dataclass(frozen=True, slots=True)
class Login:
    """``roles``: number and role of those that count or will count."""

    account: int
    email: str
    roles: tuple[tuple[int, Role], ...]


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Each as (name, address of its page)."""

    courses: tuple[tuple[str, str], ...]
    lessons: tuple[str, ...]
    machines: tuple[tuple[str, str], ...]  # nobody else trains there
    maintenance: tuple[tuple[str, str], ...]  # they alone, or a manager, may clear it
    sign_offs: int  # theirs to tick
    signed: int  # qualifications they gave, which stay

    @property
    def is_empty(self) -> bool:
        return not (self.courses or self.lessons or self.machines or self.maintenance or self.sign_offs)


def login_of(number: int, now: datetime) -> Login | None:
    """The account that can still log in."""
    with reading():
        wanted = select(Account.id, Account.email).where(Account.holder_number == number, Account.ended_at.is_(None))
        row = db.session.execute(wanted).first()
        if row is None:
            return None
        roles = select(RoleAssignment.id, RoleAssignment.role).where(
            RoleAssignment.account_id == row.id,
            RoleAssignment.valid_until.is_(None) | (RoleAssignment.valid_until > now),
        )
        given = tuple((number, Role(role)) for number, role in db.session.execute(roles.order_by(RoleAssignment.id)))
        return Login(row.id, row.email, given)


def left_behind(number: int, now: datetime) -> LeftBehind:
    with reading():
        account = db.session.scalar(select(Account.id).where(Account.holder_number == number))
        label = f"account:{account}"
        courses = select(Course.title, Course.id).where(Course.trainer == number, Course.ended_at.is_(None))
        lessons = select(Lesson.title).where(Lesson.trainer == number, Lesson.ended_at.is_(None), Lesson.ends_at > now)
        maintained = select(Machine.name, Machine.code).where(
            Machine.service == Service.MAINTENANCE.value, Machine.service_by == label, Machine.ended_at.is_(None)
        )
        pending = (
            select(func.count())
            .select_from(SignOffRow)
            .where(SignOffRow.trainer == number, SignOffRow.state == State.PENDING, SignOffRow.due_at > now)
        )
        signed = select(func.count()).select_from(Qualification).where(Qualification.granted_by == label)
        return LeftBehind(
            courses=tuple((title, f"/courses/{id_}") for title, id_ in db.session.execute(courses)),
            lessons=tuple(db.session.scalars(lessons)),
            machines=_without_another_trainer(account, now) if account is not None else (),
            maintenance=tuple((name, f"/machines/{code}") for name, code in db.session.execute(maintained)),
            sign_offs=db.session.scalar(pending) or 0,
            signed=(db.session.scalar(signed) or 0) if account is not None else 0,
        )


def _without_another_trainer(account: int, now: datetime) -> tuple[tuple[str, str], ...]:
    """Machines that this account trains at, and no other trainer: managers may too, but have other things to do."""
    trainers: dict[int, list[Assignment]] = {}
    wanted = (
        select(RoleAssignment)
        .join(Account, Account.id == RoleAssignment.account_id)
        .where(RoleAssignment.role == Role.TRAINER.value, Account.ended_at.is_(None), RoleAssignment.valid_from <= now)
        .where(RoleAssignment.valid_until.is_(None) | (RoleAssignment.valid_until > now))
    )
    for row in db.session.scalars(wanted):
        given = Assignment(Role.TRAINER, ScopeKind(row.scope_kind), row.scope)
        trainers.setdefault(row.account_id, []).append(given)
    mine, others = trainers.pop(account, []), list(trainers.values())
    if not mine:
        return ()
    places = select(Machine.name, Machine.code, Machine.room).where(Machine.ended_at.is_(None))
    found = [
        (name, f"/machines/{code}")
        for name, code, room in db.session.execute(places)
        if _trains(mine, code, room) and not any(_trains(other, code, room) for other in others)
    ]
    return tuple(sorted(found, key=lambda one: natural(one[0])))


def _trains(given: Sequence[Assignment], machine: str, room: str | None) -> bool:
    return may(Actor(account=0, assignments=tuple(given)), Verb.QUALIFY, About(machine=machine, room=room))
