"""What the calendar of the demo holds on the morning on which somebody looks: courses with people in them, machines that are
booked, an hour of maintenance."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from server.bookings import outages
from server.bookings import service as bookings
from server.bookings.service import Rules
from server.courses import service as courses
from server.courses.service import OPEN, CourseFacts
from server.db import db, writing
from server.demo.books import ACTOR
from server.demo.lab import ZONE
from server.demo.lab_people import CUTTING, MILLING, PRINTING
from server.domain.bookings import Span
from server.domain.period import day_of
from server.people.models import Holder
from server.settings import Settings
from server.training.models import Qualification, Skill

_SEATS = 6
# title | skill it leads to | net price of a seat | days ahead | hour
_COURSES = (
    ("Premiers pas sur les imprimantes", PRINTING, 3_500, 2, 17),
    ("Habilitation fraiseuse", MILLING, 12_000, 5, 9),
    ("Découpe laser, prise en main", CUTTING, 6_000, 8, 14),
)
# machine | skill its holder has | days ahead | from | to
_BOOKED = (
    ("c1", MILLING, 0, 14, 17),
    ("c1", MILLING, 1, 9, 12),
    ("c3", MILLING, 1, 13, 18),
    ("l1", CUTTING, 1, 10, 11),
    ("p2", PRINTING, 2, 8, 20),
)
_SERVICED = ("c4", 3, 8, 10)


def plan(lab: Settings, now: datetime) -> None:
    """Nothing of it lies in the past: what is over by this hour is left out."""
    by: dict[str, Any] = {"actor": ACTOR, "now": now}
    with writing():
        for number, course in enumerate(_COURSES):
            _course(*course, number, by)
        for machine, skill, days, begins, ends in _BOOKED:
            _book(machine, skill, _span(now, days, begins, ends), by)
        machine, days, begins, ends = _SERVICED
        outages.declare(machine, _span(now, days, begins, ends), "Changement du lubrifiant", (), lab=lab, **by)


def _course(title: str, skill: str, cents: int, days: int, hour: int, number: int, by: dict[str, Any]) -> None:
    facts = CourseFacts(title, (skill,), "alone", cents, OPEN, _SEATS, None, "fr", 120, True)
    course = courses.add_course(facts, **by)
    begins = _span(by["now"], days, hour, hour + 2).begins
    date = courses.add_date(course, begins, "Halle sud", **by)
    for holder in _without(skill)[number * 4 : number * 4 + 4]:
        courses.enrol(date, holder, **by)


def _book(machine: str, skill: str, span: Span, by: dict[str, Any]) -> None:
    if span.begins > by["now"]:
        bookings.book(machine, _with(skill)[span.begins.day % 7], span, Rules(ZONE), **by)


def _span(now: datetime, days: int, begins: int, ends: int) -> Span:
    day = day_of(now, ZONE) + timedelta(days=days)
    return Span(*(datetime.combine(day, time(hour), ZONE).astimezone(UTC) for hour in (begins, ends)))


def _with(skill: str) -> list[int]:
    """Who is qualified and still comes, by number: the same people at every look."""
    wanted = _of_those_who_come().join(Skill, Skill.id == Qualification.skill_id).where(Skill.code == skill)
    return list(db.session.scalars(wanted.where(Qualification.valid_until.is_(None))))


def _without(skill: str) -> list[int]:
    has = set(_with(skill))
    return [number for number in db.session.scalars(_of_those_who_come()) if number not in has]


def _of_those_who_come() -> Any:
    wanted = select(Holder.number).join(Qualification, Qualification.holder_number == Holder.number)
    comes = Holder.blocked_at.is_(None) & Holder.ended_at.is_(None) & Qualification.revoked_at.is_(None)
    return wanted.where(comes).order_by(Holder.number).distinct()
