"""Courses: the catalogue, the dates on which they are held, who comes, who was there, and what they then are given.

Every function runs inside ``writing()`` and audits. Refusals raise TrainingError with a sentence.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.courses.models import Course, CourseDate, CourseFee, Enrolment
from server.courses.rows import course_by_id, date_by_id, enrolled
from server.db import db, expect_version, writing
from server.domain.facts import MembershipFact
from server.domain.purses import NOBODY, purses_of
from server.jobs import service as jobs
from server.people.facts import payers
from server.people.models import Membership, Payer
from server.people.rows import holder_of_the_lab, payer_by_code
from server.training import service as training
from server.training.order import needed_first
from server.training.rows import TrainingError, skill_by_code
from wire.messages import Level

OPEN, ORDERED = "open_course", "tenant_training"  # natures of supply


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """What is said of a course. ``price_cents`` is net: each person's, or the whole date's where a tenant orders it."""

    title: str
    skills: tuple[str, ...]
    level: str
    price_cents: int
    nature: str
    capacity: int
    trainer: int | None
    language: str
    minutes: int
    is_open: bool


def add_course(facts: CourseFacts, *, actor: str, now: datetime) -> int:
    with writing() as session:
        _check(facts)
        course = Course(**_columns(facts))
        session.add(course)
        session.flush()
        audit.record(actor, "add", "course", course.id, None, _picture(facts), "", now)
        return course.id


def edit_course(number: int, facts: CourseFacts, *, version: int | None = None, actor: str, now: datetime) -> None:
    """For the dates to come; what is done stays as it was."""
    with writing():
        course = course_by_id(number, changing=True)
        expect_version(course, version)
        _check(facts)
        columns = _columns(facts)
        before = {name: getattr(course, name) for name in columns}
        changed = {name for name, value in columns.items() if before[name] != value}
        for name in changed:
            setattr(course, name, columns[name])
        if changed:
            old, new = ({name: some[name] for name in sorted(changed)} for some in (before, columns))
            audit.record(actor, "edit", "course", number, old, new, "", now)


def end_course(number: int, reason: str, *, actor: str, now: datetime) -> None:
    """It is offered no longer. Dates that are arranged take place all the same."""
    with writing():
        course = course_by_id(number, changing=True)
        before = {"ended_at": course.ended_at}
        course.ended_at = course.ended_at or now
        audit.record(actor, "end", "course", number, before, {"ended_at": course.ended_at}, reason, now)


def resume_course(number: int, *, actor: str, now: datetime) -> None:
    with writing():
        course = course_by_id(number, changing=True)
        before = {"ended_at": course.ended_at}
        course.ended_at = None
        audit.record(actor, "resume", "course", number, before, {"ended_at": None}, "", now)


def add_date(course: int, begins: datetime, place: str = "", payer_code: str = "", *, actor: str, now: datetime) -> int:
    """A date of a course. What a tenant has ordered is paid by one of its cost centres."""
    with writing() as session:
        row = course_by_id(course)
        if row.ended_at is not None:
            raise TrainingError("This course is offered no longer.")
        if row.nature == ORDERED and not payer_code:
            raise TrainingError("Say which cost centre has ordered it.")
        payer = payer_by_code(payer_code) if payer_code and row.nature == ORDERED else None
        date = CourseDate(course_id=course, begins_at=begins, place=place, payer_id=payer.id if payer else None)
        session.add(date)
        session.flush()
        after = {"name": row.title, "begins_at": begins, "payer": payer_code or None}
        audit.record(actor, "add", "course_date", date.id, None, after, "", now)
        return date.id


def cancel_date(number: int, reason: str, *, actor: str, now: datetime) -> None:
    with writing():
        date = _still_to_come(number)
        date.cancelled_at, date.cancelled_reason = now, reason
        audit.record(actor, "cancel", "course_date", number, None, {"cancelled_at": now}, reason, now)


def enrol(number: int, holder: int, by_oneself: bool = False, *, actor: str, now: datetime) -> None:
    """Give a seat, where there is one. By oneself: where the course is open to all, before it begins."""
    with writing() as session:
        date = _still_to_come(number)
        course = course_by_id(date.course_id)
        holder_of_the_lab(holder)
        if by_oneself and not (course.is_open and now < date.begins_at):
            raise TrainingError("Ask the lab for a seat: one cannot enrol here by oneself.")
        seats = enrolled(number)
        if any(seat.holder_number == holder for seat in seats):
            raise TrainingError("This person has a seat already.")
        if len(seats) >= course.capacity:
            raise TrainingError("The course is full: %(capacity)s seats.", capacity=course.capacity)
        session.add(Enrolment(date_id=number, holder_number=holder, enrolled_at=now, enrolled_by=actor))
        _seats_changed(date)
        audit.record(actor, "enrol", "course_date", number, None, {"holder": holder}, "", now)
        jobs.announce("course", str(number), now)


def withdraw(number: int, holder: int, by_oneself: bool = False, *, actor: str, now: datetime) -> None:
    """The seat is free again. By oneself: before it begins."""
    with writing():
        date = _still_to_come(number)
        seat = next((one for one in enrolled(number) if one.holder_number == holder), None)
        if seat is None:
            raise TrainingError("This person has no seat.")
        if by_oneself and now >= date.begins_at:
            raise TrainingError("The course has begun. Tell the lab.")
        seat.withdrawn_at = now
        _seats_changed(date)
        audit.record(actor, "withdraw", "course_date", number, {"holder": holder}, None, "", now)
        jobs.announce("course", str(number), now)


def tick(number: int, present: Collection[int], *, version: int | None = None, actor: str, now: datetime) -> None:
    """Who was there; everybody else with a seat was not."""
    with writing():
        date = _still_to_come(number)
        expect_version(date, version)
        _has_begun(date, now)
        seats = enrolled(number)
        for seat in seats:
            seat.present = seat.holder_number in present
        _seats_changed(date)
        after = {
            "present": sum(1 for seat in seats if seat.present),
            "absent": sum(1 for seat in seats if not seat.present),
        }
        audit.record(actor, "tick", "course_date", number, None, after, "", now)


def finish(number: int, *, version: int | None = None, actor: str, now: datetime) -> list[int]:
    """Give everybody who was there what the course leads to, and note what it costs: all of it or nothing. Returns who."""
    with writing():
        date = _still_to_come(number)
        expect_version(date, version)
        _has_begun(date, now)
        course, seats = course_by_id(date.course_id), enrolled(number)
        if any(seat.present is None for seat in seats) or not any(seat.present for seat in seats):
            raise TrainingError("Tick who was there first.")
        present = [seat.holder_number for seat in seats if seat.present]
        for skill in needed_first(course.skills):
            training.grant_to_all(present, skill, reason=course.title, level=Level(course.level), actor=actor, now=now)
        _note_fees(course, date, present, now)
        date.done_at = now
        audit.record(actor, "finish", "course_date", number, None, {"present": len(present)}, "", now)
        return present


def _note_fees(course: Course, date: CourseDate, present: Collection[int], now: datetime) -> None:
    if not course.price_cents:
        return
    known: Mapping[str, Any] = {"date_id": date.id, "nature": course.nature, "net_cents": course.price_cents}
    known = {**known, "title": course.title, "held_at": date.begins_at, "noted_at": now}
    if course.nature == ORDERED:
        payer = db.session.get(Payer, date.payer_id)
        db.session.add(CourseFee(**known, **_billed_to(payer)))
        return
    for holder in present:
        db.session.add(CourseFee(**known, holder_number=holder, **_billed_to(_pays_for(holder, date.begins_at))))


def _billed_to(payer: Payer | None) -> dict[str, int | None]:
    return {"payer_id": payer.id if payer else None, "tenant_id": payer.tenant_id if payer else None}


def _pays_for(holder: int, at: datetime) -> Payer | None:
    """The holder's default payer then, as a machine would find it. Where that one was closed, nobody: nobody is billed by
    fallback."""
    ties = select(
        *(Membership.ref, Membership.holder_number, Payer.code, Membership.rank),
        *(Membership.valid_from, Membership.valid_until, Membership.ended_at),
    ).join(Payer, Payer.id == Membership.payer_id)
    mine = [MembershipFact(*row) for row in db.session.execute(ties.where(Membership.holder_number == holder))]
    purse = purses_of(mine, {one.code: one for one in payers({})}, at).get(holder, NOBODY)
    return db.session.scalar(select(Payer).where(Payer.code == purse.payers[0]))


def _still_to_come(number: int) -> CourseDate:
    date = date_by_id(number, changing=True)
    if date.cancelled_at is not None:
        raise TrainingError("This date is cancelled.")
    if date.done_at is not None:
        raise TrainingError("This date is done: nothing about it changes any more.")
    return date


def _seats_changed(date: CourseDate) -> None:
    """The date's version stands for its seats, too: whoever ticks, or gives, has seen who sits there."""
    flag_modified(date, "place")


def _has_begun(date: CourseDate, now: datetime) -> None:
    if now < date.begins_at:
        raise TrainingError("The course has not begun yet.")


def _check(facts: CourseFacts) -> None:
    for code in facts.skills:
        if skill_by_code(code).ended_at is not None:
            raise TrainingError("%(skill)s is no longer given", skill=code)
    if facts.trainer is not None:
        holder_of_the_lab(facts.trainer)


def _columns(facts: CourseFacts) -> dict[str, Any]:
    return asdict(facts) | {"skills": sorted(facts.skills)}


def _picture(facts: CourseFacts) -> dict[str, Any]:
    return {"name": facts.title, **_columns(facts)}
