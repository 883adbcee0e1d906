"""What a request about courses is about, for the gate; 404 for what is not there. A course belongs to the whole lab."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.courses.models import Course, CourseDate, Lesson
from server.db import db, reading
from server.domain.roles import About


def course_of(number: int, **others: Any) -> About:
    return _about(select(Course.id).where(Course.id == number))


def date_of(number: int, **others: Any) -> About:
    return _about(select(CourseDate.id).where(CourseDate.id == number))


def lesson_of(lesson: str, **others: Any) -> About:
    return _about(select(Lesson.id).where(Lesson.id == lesson))


def _about(wanted: Any) -> About:
    with reading():
        found = db.session.scalar(wanted)
    return About() if found is not None else abort(404)
