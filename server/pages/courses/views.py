"""The catalogue of courses, and the dates on which they are held."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit.service import trail
from server.courses import service
from server.courses.service import ORDERED
from server.db import Stale
from server.domain.roles import Verb
from server.pages.courses.about import course_of
from server.pages.courses.forms import LEVELS, NATURES, CourseForm, DateForm
from server.pages.courses.reads import CourseRow, courses, dates_of, dates_to_come, read_course, trainer_choices
from server.pages.instruction.forms import NAMES
from server.pages.people.choices import payer_choices
from server.pages.refused import form_page, said
from server.pages.training.reads import catalogue
from server.people.rows import PeopleError
from server.training.rows import TrainingError
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("courses", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/courses")
@needs(Verb.SEE_TRAINING)
def index() -> str:
    return render_template("courses/index.html", dates=dates_to_come(), courses=courses(), now=now())


@pages.get("/courses/<int:number>")
@needs(Verb.SEE_TRAINING, about=course_of)
def show(number: int) -> str:
    told = {"natures": NATURES, "levels": LEVELS, "names": NAMES, "ORDERED": ORDERED, "now": now()}
    return render_template(
        "courses/course.html", course=read_course(number), dates=dates_of(number), trail=trail("course", number), **told
    )


@pages.get("/courses/new")
@needs(Verb.EDIT_SKILLS)
def new() -> Answer:
    return form_page("courses/edit.html", _form(), course=None)


@pages.post("/courses/new")
@needs(Verb.EDIT_SKILLS)
def add() -> Answer:
    form = _form()
    if form.validate_on_submit():
        try:
            number = service.add_course(form.facts(), actor=actor().label, now=now())
        except (TrainingError, PeopleError) as error:
            form.refuse("", said(error))
        else:
            done(gettext("%(course)s is in the catalogue. Give it a date.", course=form.title.data))
            return see_other(url_for("courses.show", number=number))
    return form_page("courses/edit.html", form, course=None)


@pages.get("/courses/<int:number>/edit")
@needs(Verb.EDIT_SKILLS, about=course_of)
def edit(number: int) -> Answer:
    course = read_course(number)
    return form_page("courses/edit.html", _form({**_values(course), "version": course.version}), course=course)


@pages.post("/courses/<int:number>/edit")
@needs(Verb.EDIT_SKILLS, about=course_of)
def save(number: int) -> Answer:
    form, course = _form(), read_course(number)
    if form.validate_on_submit():
        by: dict[str, Any] = {"actor": actor().label, "now": now()}
        try:
            service.edit_course(number, form.facts(), version=form.version.data, **by)
        except Stale:
            return conflict_page(form, _values(course), course.version)
        except (TrainingError, PeopleError) as error:
            form.refuse("", said(error))
        else:
            done(gettext("Stored."))
            return see_other(url_for("courses.show", number=number))
    return form_page("courses/edit.html", form, course=course)


@pages.get("/courses/<int:number>/end")
@needs(Verb.EDIT_SKILLS, about=course_of)
def ask_end(number: int) -> str:
    return _end_page(number, ReasonForm())


@pages.post("/courses/<int:number>/end")
@needs(Verb.EDIT_SKILLS, about=course_of)
def end(number: int) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _end_page(number, form), 422
    service.end_course(number, form.reason.data or "", actor=actor().label, now=now())
    done(gettext("The course is offered no longer."), url_for("courses.resume", number=number))
    return see_other(url_for("courses.show", number=number))


@pages.post("/courses/<int:number>/resume")
@needs(Verb.EDIT_SKILLS, about=course_of)
def resume(number: int) -> Answer:
    service.resume_course(number, actor=actor().label, now=now())
    done(gettext("The course is offered again."))
    return see_other(url_for("courses.show", number=number))


@pages.get("/courses/<int:number>/dates/new")
@needs(Verb.TEACH, about=course_of)
def new_date(number: int) -> Answer:
    return _date_page(number, _date_form())


@pages.post("/courses/<int:number>/dates/new")
@needs(Verb.TEACH, about=course_of)
def add_date(number: int) -> Answer:
    form = _date_form()
    begins = form.begins.data
    if form.validate_on_submit() and begins is not None:
        where = (form.place.data or "", form.payer.data or "")
        try:
            date = service.add_date(number, begins, *where, actor=actor().label, now=now())
        except (TrainingError, PeopleError) as error:
            form.refuse("", said(error))
        else:
            done(gettext("The date is arranged. Enrol people, or let them enrol."))
            return see_other(url_for("course_dates.show", number=date))
    return _date_page(number, form)


def _form(values: Mapping[str, Any] | None = None) -> CourseForm:
    form = CourseForm(data=values)
    chosen = set(form.skills.data or ())
    form.skills.choices = [
        (one.code, one.name) for one in catalogue(now()) if one.ended_at is None or one.code in chosen
    ]
    form.trainer.choices = [("", gettext("nobody yet")), *trainer_choices(now(), form.trainer.data)]
    return form


def _values(course: CourseRow) -> dict[str, Any]:
    kept = asdict(course)
    names = ("title", "level", "language", "minutes", "capacity", "price_cents", "nature", "is_open")
    trainer = str(course.trainer.number) if course.trainer else ""
    return {name: kept[name] for name in names} | {"skills": list(course.skill_codes), "trainer": trainer}


def _date_form() -> DateForm:
    form = DateForm()
    form.payer.choices = {"": [("", gettext("nobody"))], **payer_choices()}
    return form


def _date_page(number: int, form: DateForm) -> Answer:
    return form_page("courses/new_date.html", form, course=read_course(number), ORDERED=ORDERED)


def _end_page(number: int, form: ReasonForm) -> str:
    course = read_course(number)
    return render_template("courses/end.html", form=form, course=course, back=url_for("courses.show", number=number))
