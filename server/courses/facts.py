"""Classes as facts for the agents' lists, machine by machine; and the courses to come, for the trainers' digest. Inside
``reading()``.
"""

from datetime import datetime

from sqlalchemy import func, select

from server.courses.models import Course, CourseDate, Enrolment, Lesson, LessonMachine
from server.db import db
from server.domain.classes import CourseToCome
from server.domain.facts import LessonFact
from server.machines.models import Machine
from server.people.models import Payer


def lessons(now: datetime, until: datetime) -> tuple[LessonFact, ...]:
    """Those that are on between two moments, at machines that are still here. One that was ended is none any more."""
    wanted = (
        select(Lesson.id, Machine.code, Lesson.trainer, Payer.code, Lesson.begins_at, Lesson.ends_at)
        .join(LessonMachine, LessonMachine.lesson_id == Lesson.id)
        .join(Machine, Machine.id == LessonMachine.machine_id)
        .join(Payer, Payer.id == Lesson.payer_id)
        .where(Lesson.begins_at < until, Lesson.ends_at > now, Lesson.ended_at.is_(None), Machine.ended_at.is_(None))
    )
    return tuple(LessonFact(*row) for row in db.session.execute(wanted.order_by(Lesson.begins_at, Machine.code)))


def courses_to_come(now: datetime, until: datetime) -> tuple[CourseToCome, ...]:
    taken = select(func.count(Enrolment.id)).where(Enrolment.date_id == CourseDate.id, Enrolment.withdrawn_at.is_(None))
    wanted = select(
        *(Course.title, CourseDate.begins_at, Course.trainer, taken.correlate(CourseDate).scalar_subquery()),
        Course.capacity,
    ).join(Course, Course.id == CourseDate.course_id)
    wanted = wanted.where(CourseDate.begins_at >= now, CourseDate.begins_at < until, CourseDate.cancelled_at.is_(None))
    return tuple(CourseToCome(*row) for row in db.session.execute(wanted.order_by(CourseDate.begins_at)))
