"""What the pages about courses show, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from server.courses.models import Course, CourseDate, CourseFee, Enrolment
from server.courses.rows import enrolled
from server.db import db, reading
from server.pages.people.names import Named, named
from server.people.models import Payer, Tenant
from server.training.models import Skill
from server.training.trainers import trainers

_PAST = 20


@dataclass(frozen=True, slots=True)
class CourseRow:
    number: int
    title: str
    skills: tuple[str, ...]
    skill_codes: tuple[str, ...]
    level: str
    price_cents: int
    nature: str
    capacity: int
    trainer: Named | None
    language: str
    minutes: int
    is_open: bool
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class DateRow:
    """A date with its seats. ``payer``: who has ordered it."""

    number: int
    course: CourseRow
    begins_at: datetime
    place: str
    payer: str
    taken: int
    cancelled_at: datetime | None
    cancelled_reason: str
    done_at: datetime | None
    version: int

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + timedelta(minutes=self.course.minutes)

    @property
    def free(self) -> int:
        return max(0, self.course.capacity - self.taken)


@dataclass(frozen=True, slots=True)
class Seat:
    person: Named
    enrolled_at: datetime
    present: bool | None


@dataclass(frozen=True, slots=True)
class Fee:
    person: Named | None
    tenant: str
    net_cents: int


def courses() -> list[CourseRow]:
    with reading():
        return _courses(select(Course).order_by(Course.ended_at.is_not(None), Course.title))


def read_course(number: int) -> CourseRow:
    with reading():
        return _courses(select(Course).where(Course.id == number))[0]


def dates_to_come() -> list[DateRow]:
    with reading():
        return dates_open()


def dates_open() -> list[DateRow]:
    """Those that are not done: the next first; what is over and waits for its attendance stands before them. Inside
    ``reading()``."""
    return _dates(CourseDate.cancelled_at.is_(None) & CourseDate.done_at.is_(None), CourseDate.begins_at)


def dates_of(course: int) -> list[DateRow]:
    with reading():
        return _dates(CourseDate.course_id == course, CourseDate.begins_at.desc())[:_PAST]


def read_date(number: int) -> DateRow:
    with reading():
        return _dates(CourseDate.id == number, CourseDate.id)[0]


def seats_of(date: int) -> list[Seat]:
    """By name, as the list of attendees is printed."""
    with reading():
        rows = enrolled(date)
        people = named(row.holder_number for row in rows)
        seats = [Seat(people[row.holder_number], row.enrolled_at, row.present) for row in rows]
    return sorted(seats, key=lambda seat: (seat.person.family, seat.person.given))


def fees_of(date: int) -> list[Fee]:
    wanted = select(CourseFee, Tenant.name).outerjoin(Tenant, Tenant.id == CourseFee.tenant_id)
    with reading():
        rows = db.session.execute(wanted.where(CourseFee.date_id == date).order_by(CourseFee.id)).all()
        people = named(row.holder_number for row, _ in rows if row.holder_number is not None)
    return [Fee(people.get(row.holder_number or 0), tenant or "", row.net_cents) for row, tenant in rows]


def my_dates(holder: int) -> set[int]:
    """The dates on which somebody has a seat, inside ``reading()``."""
    mine = select(Enrolment.date_id).where(Enrolment.holder_number == holder, Enrolment.withdrawn_at.is_(None))
    return set(db.session.scalars(mine))


def trainer_choices(now: datetime, chosen: str = "") -> list[tuple[str, str]]:
    """Everybody who may teach something, by name, and who is chosen already."""
    already = {int(chosen)} if chosen and chosen.isdecimal() else set()
    with reading():
        people = named(trainers(now) | already).values()
    ordered = sorted((one for one in people if one.ended_at is None), key=lambda one: (one.family, one.given))
    return [(str(one.number), one.name) for one in ordered]


def _courses(wanted: Any) -> list[CourseRow]:
    rows = list(db.session.scalars(wanted))
    people = named(row.trainer for row in rows if row.trainer is not None)
    names = dict(db.session.execute(select(Skill.code, Skill.name)).all())
    return [_course(row, people, names) for row in rows]


def _course(row: Course, people: dict[int, Named], names: dict[str, str]) -> CourseRow:
    skills = tuple(names.get(code, code) for code in row.skills)
    price = (row.price_cents, row.nature, row.capacity)
    trainer, state = people.get(row.trainer or 0), (row.is_open, row.ended_at, row.version)
    return CourseRow(
        *(row.id, row.title, skills, tuple(row.skills), row.level), *price, trainer, row.language, row.minutes, *state
    )


def _dates(which: ColumnElement[bool], order: Any) -> list[DateRow]:
    rows = list(db.session.scalars(select(CourseDate).where(which).order_by(order, CourseDate.id)))
    known = {one.number: one for one in _courses(select(Course).where(Course.id.in_({row.course_id for row in rows})))}
    taken = _taken(row.id for row in rows)
    payers = select(Payer.id, Payer.label).where(Payer.id.in_({row.payer_id for row in rows if row.payer_id}))
    labels = dict(db.session.execute(payers).all())
    return [
        DateRow(
            *(row.id, known[row.course_id], row.begins_at, row.place, labels.get(row.payer_id or 0, "")),
            *(taken.get(row.id, 0), row.cancelled_at, row.cancelled_reason, row.done_at, row.version),
        )
        for row in rows
    ]


def _taken(dates: Iterable[int]) -> dict[int, int]:
    wanted = select(Enrolment.date_id, func.count()).where(Enrolment.withdrawn_at.is_(None))
    wanted = wanted.where(Enrolment.date_id.in_(set(dates))).group_by(Enrolment.date_id)
    return dict(db.session.execute(wanted).all())
