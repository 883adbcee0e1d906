"""Finds a course, a date, an enrolment or a class, or says in a sentence that there is none."""

from typing import Any

from sqlalchemy import Select, select

from server.courses.models import Course, CourseDate, Enrolment, Lesson
from server.db import db
from server.training.rows import TrainingError


def course_by_id(number: int, changing: bool = False) -> Course:
    course: Course | None = _one(select(Course).where(Course.id == number), changing)
    if course is None:
        raise TrainingError("there is no such course")
    return course


def date_by_id(number: int, changing: bool = False) -> CourseDate:
    date: CourseDate | None = _one(select(CourseDate).where(CourseDate.id == number), changing)
    if date is None:
        raise TrainingError("there is no such date")
    return date


def lesson_by_id(lesson_id: str, changing: bool = False) -> Lesson:
    lesson: Lesson | None = _one(select(Lesson).where(Lesson.id == lesson_id), changing)
    if lesson is None:
        raise TrainingError("there is no such class")
    return lesson


def enrolled(date_id: int) -> list[Enrolment]:
    """Who has a seat, in the order in which they enrolled."""
    wanted = select(Enrolment).where(Enrolment.date_id == date_id, Enrolment.withdrawn_at.is_(None))
    return list(db.session.scalars(wanted.order_by(Enrolment.enrolled_at, Enrolment.id)))


def _one(wanted: Select[*tuple[Any, ...]], changing: bool) -> Any:
    return db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True) if changing else wanted)
