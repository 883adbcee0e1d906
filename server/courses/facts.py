"""Classes as facts for the agents' lists: machine by machine, with trainer, payer and hours. Inside ``reading()``."""

from datetime import datetime

from sqlalchemy import select

from server.courses.models import Lesson, LessonMachine
from server.db import db
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
