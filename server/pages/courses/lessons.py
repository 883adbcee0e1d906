"""Classes on machines: prepared here, opened by the trainer's badge at each machine, ended at their hour or by a click."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from sqlalchemy import ColumnElement, select
from werkzeug.wrappers import Response

from server.audit.service import trail
from server.courses import lessons
from server.courses.models import Lesson, LessonMachine
from server.db import db, reading
from server.domain.roles import About, Verb
from server.machines.models import Machine
from server.pages.courses.about import lesson_of
from server.pages.courses.forms import LessonForm
from server.pages.courses.reads import trainer_choices
from server.pages.people.choices import payer_choices
from server.pages.people.names import Named, named, natural
from server.pages.refused import form_page, said
from server.people.models import Payer
from server.people.rows import PeopleError
from server.training.rows import TrainingError
from server.usage.models import UsageSession
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, allowed, needs
from wire.messages import RiskClass

pages = Blueprint("lessons", __name__)

Answer = str | tuple[str, int] | Response
_PAST = 30
_ORDER = (RiskClass.LOW, RiskClass.MEDIUM, RiskClass.HIGH)


@dataclass(frozen=True, slots=True)
class LessonRow:
    id: str
    title: str
    trainer: Named
    payer: str
    machines: tuple[tuple[str, str], ...]  # code and name
    begins_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    version: int

    def over(self, at: datetime) -> bool:
        return self.ended_at is not None or self.ends_at <= at


@dataclass(frozen=True, slots=True)
class Use:
    """A session that belongs to the class, and so is paid by its organiser."""

    id: str
    machine: str
    person: Named | None
    started_at: datetime
    ended_at: datetime | None
    occupied_s: int


@pages.get("/classes")
@needs(Verb.SEE_TRAINING)
def index() -> str:
    with reading():
        still = Lesson.ended_at.is_(None) & (Lesson.ends_at > now())
        told = {"ahead": _rows(still, Lesson.begins_at), "past": _rows(~still, Lesson.begins_at.desc())[:_PAST]}
    return render_template("courses/lessons.html", now=now(), **told)


@pages.get("/classes/new")
@needs(Verb.TEACH)
def new() -> Answer:
    return _new_page(_form())


@pages.post("/classes/new")
@needs(Verb.TEACH)
def prepare() -> Answer:
    """A trainer of some machines prepares classes at these alone; the desk and managers at all."""
    form = _form()
    begins, ends = form.begins.data, form.ends.data
    if form.validate_on_submit() and begins is not None and ends is not None:
        machines = form.machines.data or []
        facts = (form.title.data or "", int(form.trainer.data), form.payer.data, machines)
        try:
            lesson = lessons.prepare(*facts, begins, ends, actor=actor().label, now=now())
        except (TrainingError, PeopleError) as error:
            form.refuse("", said(error))
        else:
            done(gettext("The class is prepared. The trainer’s badge opens each machine within its hours."))
            return see_other(url_for("lessons.show", lesson=lesson))
    return _new_page(form)


@pages.get("/classes/<lesson>")
@needs(Verb.SEE_TRAINING, about=lesson_of)
def show(lesson: str) -> str:
    row = read_lesson(lesson)
    told = {"uses": _uses(lesson), "may_end": _is_theirs(row), "trail": trail("lesson", lesson), "now": now()}
    return render_template("courses/lesson.html", lesson=row, **told)


@pages.get("/classes/<lesson>/end")
@needs(Verb.TEACH, about=lesson_of)
def ask_end(lesson: str) -> str:
    return _end_page(lesson, Form())


@pages.post("/classes/<lesson>/end")
@needs(Verb.TEACH, about=lesson_of)
def end(lesson: str) -> Answer:
    form = Form()
    if not _is_theirs(read_lesson(lesson)):
        form.refuse("", gettext("Only its trainer, or whoever looks after all its machines, ends this class."))
    if form.validate_on_submit() and not form.form_errors:
        try:
            lessons.end(lesson, actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        else:
            done(gettext("The class is over."))
            return see_other(url_for("lessons.show", lesson=lesson))
    return _end_page(lesson, form), 422


def read_lesson(lesson: str) -> LessonRow:
    with reading():
        return _rows(Lesson.id == lesson, Lesson.id)[0]


def _is_theirs(row: LessonRow) -> bool:
    """Whether who asks is the trainer of the class, or may run every machine of it."""
    rooms = select(Machine.code, Machine.room).where(Machine.code.in_([code for code, _ in row.machines]))
    with reading():
        places = [About(machine=code, room=room) for code, room in db.session.execute(rooms)]
    return actor().holder == row.trainer.number or all(allowed(Verb.RUN_MACHINES, one) for one in places)


def _rows(which: ColumnElement[bool], order: Any) -> list[LessonRow]:
    wanted = select(Lesson, Payer.label).join(Payer, Payer.id == Lesson.payer_id)
    rows = db.session.execute(wanted.where(which).order_by(order)).all()
    people = named(row.trainer for row, _ in rows)
    machines = select(LessonMachine.lesson_id, Machine.code, Machine.name)
    machines = machines.join(Machine, Machine.id == LessonMachine.machine_id)
    at = db.session.execute(machines.where(LessonMachine.lesson_id.in_([row.id for row, _ in rows]))).all()
    return [
        LessonRow(
            *(row.id, row.title, people[row.trainer], payer),
            tuple(sorted(((code, name) for of, code, name in at if of == row.id), key=lambda one: natural(one[1]))),
            *(row.begins_at, row.ends_at, row.ended_at, row.version),
        )
        for row, payer in rows
    ]


def _uses(lesson: str) -> Sequence[Use]:
    wanted = select(UsageSession, Machine.name).join(Machine, Machine.id == UsageSession.machine_id)
    with reading():
        rows = db.session.execute(wanted.where(UsageSession.lesson == lesson).order_by(UsageSession.started_at)).all()
        people = named(row.holder_number for row, _ in rows)
    return [
        Use(row.id, machine, people.get(row.holder_number), row.started_at, row.ended_at, row.occupied_s)
        for row, machine in rows
    ]


def _form() -> LessonForm:
    form = LessonForm()
    form.trainer.choices = [("", gettext("choose")), *trainer_choices(now())]
    form.payer.choices = {"": [("", gettext("choose"))], **payer_choices()}
    form.machines.choices = _machine_choices()
    return form


def _machine_choices() -> list[tuple[str, str]]:
    """The machines at which who asks may prepare a class, up to the highest risk a class may have."""
    wanted = select(Machine.code, Machine.name, Machine.room, Machine.risk).where(Machine.ended_at.is_(None))
    with reading():
        _, highest = lessons.limits()
        rows = db.session.execute(wanted).all()
    open_to = [
        row
        for row in sorted(rows, key=lambda row: natural(row.name))
        if _ORDER.index(RiskClass(row.risk)) <= _ORDER.index(highest)
        and allowed(Verb.RUN_MACHINES, About(machine=row.code, room=row.room))
    ]
    return [(row.code, f"{row.name} · {row.room}" if row.room else row.name) for row in open_to]


def _new_page(form: LessonForm) -> Answer:
    with reading():
        most, _ = lessons.limits()
    return form_page("courses/new_lesson.html", form, most=most)


def _end_page(lesson: str, form: Form) -> str:
    row = read_lesson(lesson)
    return render_template(
        "courses/end_lesson.html", form=form, lesson=row, back=url_for("lessons.show", lesson=lesson)
    )
