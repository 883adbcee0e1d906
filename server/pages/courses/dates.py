"""One date of a course: who has a seat, who was there, and what they are then given in one step."""

from collections.abc import Collection

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.audit.service import trail
from server.courses import service
from server.db import Stale, reading
from server.domain.roles import Verb
from server.pages.courses.about import date_of
from server.pages.courses.forms import LEVELS, SeatForm
from server.pages.courses.reads import DateRow, Seat, fees_of, read_date, seats_of
from server.pages.people.names import Named, everybody, matching
from server.pages.refused import said
from server.pages.training.scope import is_oneself, teachable
from server.people.rows import PeopleError
from server.training.rows import TrainingError
from server.web.answers import done, see_other
from server.web.forms import Form, ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("course_dates", __name__)

Answer = str | tuple[str, int] | Response
_OFFERED = 20


@pages.get("/course-dates/<int:number>")
@needs(Verb.SEE_TRAINING, about=date_of)
def show(number: int) -> str:
    return _page(number, Form())


@pages.get("/course-dates/<int:number>/list")
@needs(Verb.SEE_TRAINING, about=date_of)
def printed(number: int) -> str:
    """The list of attendees, to print and to sign."""
    return render_template("courses/list.html", date=read_date(number), seats=seats_of(number))


@pages.post("/course-dates/<int:number>/enrol")
@needs(Verb.TEACH, about=date_of)
def enrol(number: int) -> Answer:
    form = SeatForm()
    if form.validate_on_submit():
        try:
            service.enrol(number, form.person.data or 0, actor=actor().label, now=now())
        except (TrainingError, PeopleError) as error:
            form.refuse("", said(error))
        else:
            done(gettext("Enrolled."))
            return see_other(url_for("course_dates.show", number=number))
    return _page(number, form), 422


@pages.post("/course-dates/<int:number>/withdraw")
@needs(Verb.TEACH, about=date_of)
def withdraw(number: int) -> Answer:
    form = SeatForm()
    if form.validate_on_submit():
        try:
            service.withdraw(number, form.person.data or 0, actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        else:
            done(gettext("The seat is free again."))
            return see_other(url_for("course_dates.show", number=number))
    return _page(number, form), 422


@pages.post("/course-dates/<int:number>/tick")
@needs(Verb.TEACH, about=date_of)
def tick(number: int) -> Answer:
    """Who was there; then the question whether they are given what the course leads to."""
    form, present = Form(), request.form.getlist("present", type=int)
    if form.validate_on_submit():
        try:
            service.tick(number, present, version=form.version.data, actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        except Stale:
            form.refuse("", gettext("Somebody has changed who sits here in the meantime: look, and tick again."))
            form.version.data, form.version.raw_data = None, None  # the page that follows shows them as they are
        else:
            return see_other(url_for("course_dates.ask_finish", number=number))
    return _page(number, form, present), 422


@pages.get("/course-dates/<int:number>/finish")
@needs(Verb.TEACH, about=date_of)
def ask_finish(number: int) -> str:
    return _finish_page(number, Form(data={"version": read_date(number).version}))


@pages.post("/course-dates/<int:number>/finish")
@needs(Verb.TEACH, about=date_of)
def finish(number: int) -> Answer:
    form = Form()
    date, seats = read_date(number), seats_of(number)
    if own := _not_theirs_to_give(date, seats):
        form.refuse("", own)
    if form.validate_on_submit() and not form.form_errors:
        try:
            people = service.finish(number, version=form.version.data, actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        except Stale:
            form.refuse("", gettext("Somebody has changed it in the meantime. Load the page again and look."))
        else:
            done(ngettext("Given to one person.", "Given to %(num)d people.", len(people)))
            return see_other(url_for("course_dates.show", number=number))
    return _finish_page(number, form), 422


@pages.get("/course-dates/<int:number>/cancel")
@needs(Verb.TEACH, about=date_of)
def ask_cancel(number: int) -> str:
    return _cancel_page(number, ReasonForm())


@pages.post("/course-dates/<int:number>/cancel")
@needs(Verb.TEACH, about=date_of)
def cancel(number: int) -> Answer:
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            service.cancel_date(number, form.reason.data or "", actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        else:
            done(gettext("The date is cancelled. Tell those who had a seat."))
            return see_other(url_for("course_dates.show", number=number))
    return _cancel_page(number, form), 422


def _not_theirs_to_give(date: DateRow, seats: list[Seat]) -> str:
    """Whoever ticks must be allowed to give each skill to each of them; nobody certifies himself."""
    for seat in seats:
        if seat.present and not set(date.course.skill_codes) <= teachable(seat.person.number):
            if is_oneself(seat.person.number):
                return gettext("Nobody decides about their own qualification: ask another trainer.")
            return gettext("You may not give what this course leads to: a trainer of all these machines finishes it.")
    return ""


def _page(number: int, form: Form, ticked: Collection[int] | None = None) -> str:
    """``ticked``: whoever was ticked in a form that was refused."""
    date, seats = read_date(number), seats_of(number)
    there = {seat.person.number for seat in seats if seat.present} if ticked is None else set(ticked)
    typed = request.args.get("q", "").strip()
    form.version.data = form.version.data or date.version
    told = {"seats": seats, "there": there, "fees": fees_of(number), "typed": typed, "now": now(), "levels": LEVELS}
    return render_template(
        "courses/date.html",
        form=form,
        date=date,
        offered=_offered(typed, {seat.person.number for seat in seats}),
        trail=trail("course_date", number),
        **told,
    )


def _offered(typed: str, without: set[int]) -> list[Named]:
    if not typed:
        return []
    with reading():
        here = (one for one in everybody() if one.ended_at is None and one.number not in without)
        return matching(here, typed)[:_OFFERED]


def _finish_page(number: int, form: Form) -> str:
    date, seats = read_date(number), seats_of(number)
    told = {"present": [seat for seat in seats if seat.present], "absent": [seat for seat in seats if not seat.present]}
    back = url_for("course_dates.show", number=number)
    return render_template("courses/finish.html", form=form, date=date, back=back, levels=LEVELS, **told)


def _cancel_page(number: int, form: ReasonForm) -> str:
    date, back = read_date(number), url_for("course_dates.show", number=number)
    return render_template("courses/cancel.html", form=form, date=date, seats=seats_of(number), back=back)
