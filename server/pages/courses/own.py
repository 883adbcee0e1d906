"""On one's own phone: the courses to come, a seat taken or given back."""

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.courses import service
from server.db import reading
from server.domain.roles import Verb
from server.pages.courses.about import date_of
from server.pages.courses.reads import DateRow, dates_to_come, my_dates
from server.pages.instruction.forms import NAMES
from server.pages.refused import said
from server.people.rows import PeopleError
from server.training.rows import TrainingError
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("own_courses", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/me/courses")
@needs(Verb.SEE_OWN)
def index() -> str:
    return _page(Form())


@pages.post("/me/courses/<int:number>/enrol")
@needs(Verb.SEE_OWN, about=date_of)
def enrol(number: int) -> Answer:
    form = Form()
    if form.validate_on_submit():
        try:
            service.enrol(number, _number(), by_oneself=True, actor=actor().label, now=now())
        except (TrainingError, PeopleError) as error:
            form.refuse("", said(error))
        else:
            done(gettext("You have a seat."))
            return see_other(url_for("own_courses.index"))
    return _page(form), 422


@pages.post("/me/courses/<int:number>/withdraw")
@needs(Verb.SEE_OWN, about=date_of)
def withdraw(number: int) -> Answer:
    form = Form()
    if form.validate_on_submit():
        try:
            service.withdraw(number, _number(), by_oneself=True, actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        else:
            done(gettext("Your seat is free again."))
            return see_other(url_for("own_courses.index"))
    return _page(form), 422


def offered_to(holder: int) -> tuple[list[DateRow], list[DateRow]]:
    """The dates on which this person has a seat, and those that are open to everybody and have seats."""
    with reading():
        mine = my_dates(holder)
    dates = [one for one in dates_to_come() if one.begins_at > now()]
    taken = [one for one in dates if one.number in mine]
    return taken, [one for one in dates if one.number not in mine and one.course.is_open]


def _page(form: Form) -> str:
    mine, others = offered_to(_number())
    return render_template("courses/own.html", form=form, mine=mine, others=others, names=NAMES)


def _number() -> int:
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    return number
