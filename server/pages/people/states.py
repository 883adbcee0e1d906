"""What is decided about a person as a whole, each on a page that first says what it touches: blocked, taken back."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.domain.roles import Verb
from server.pages.people.about import holder_of
from server.pages.people.reads import read_file
from server.people import service as people
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("person_states", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/people/<int:number>/block")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def ask_block(number: int) -> str:
    return _page("people/block.html", number, ReasonForm())


@pages.post("/people/<int:number>/block")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def block(number: int) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page("people/block.html", number, form), 422
    people.block_holder(number, form.reason.data or "", actor=actor().label, now=now())
    done(gettext("Blocked: no badge of this person starts anything."))
    return _to(number)


@pages.get("/people/<int:number>/unblock")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def ask_unblock(number: int) -> str:
    return _page("people/unblock.html", number, ReasonForm())


@pages.post("/people/<int:number>/unblock")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def unblock(number: int) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page("people/unblock.html", number, form), 422
    people.unblock_holder(number, form.reason.data or "", actor=actor().label, now=now())
    done(gettext("No longer blocked."))
    return _to(number)


@pages.post("/people/<int:number>/take-back")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def take_back(number: int) -> Answer:
    people.take_back(number, actor=actor().label, now=now())
    done(gettext("Taken back. Give a membership and a badge anew."))
    return _to(number)


def _page(template: str, number: int, form: Any) -> str:
    file = read_file(number, sees_sessions=False)
    form.version.data, form.version.raw_data = file.version, None  # the page shows what stands now
    return render_template(template, file=file, form=form, back=url_for("people.show", number=number), now=now())


def _to(number: int) -> Response:
    return see_other(url_for("people.show", number=number))
