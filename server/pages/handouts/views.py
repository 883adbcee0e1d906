"""Hand-outs: all of them, a new one from a pasted list, and the page that listens while badges are tapped.

The page asks twice a second; whoever asks, each tap is used once and in the name of whoever made the hand-out listen.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.db import db, reading
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.handouts import service as handouts
from server.handouts.models import Handout, Mode
from server.machines.site_keys import ring
from server.pages.handouts.about import handout_of
from server.pages.handouts.forms import ListForm, ReadersForm, last_readers
from server.pages.handouts.heard import taps_for
from server.pages.handouts.preview import Preview, preview
from server.pages.handouts.reads import all_handouts, sheet_of
from server.pages.people.choices import end_of
from server.pages.refused import said
from server.web.answers import done, see_other
from server.web.here import now, settings
from server.web.needs import actor, needs

pages = Blueprint("handouts", __name__)

Answer = str | tuple[str, int] | Response
_STOP_POLLING = 286  # htmx takes this status as: enough


@pages.get("/handouts")
@needs(Verb.EDIT_PEOPLE)
def index() -> str:
    found = all_handouts(now())
    live = [one for one in found if not one.is_over(now())]
    return render_template(
        "handouts/list.html", live=live, past=[one for one in found if one.is_over(now())], now=now()
    )


# --- a new one --------------------------------------------------------------------------------------------------------


@pages.get("/handouts/new")
@needs(Verb.EDIT_PEOPLE)
def new() -> str:
    return _new_page(ListForm(data={"language": "fr", "payer": request.args.get("payer", "")}), None)


@pages.post("/handouts/new")
@needs(Verb.EDIT_PEOPLE)
def begin() -> Answer:
    """Sent once to look at the list, and once more, unchanged, to begin."""
    form = ListForm()
    form.offer()
    if not form.validate_on_submit():
        return _new_page(form, None), 422
    seen = preview(form.names.data or "")
    if not seen.is_good:
        form.refuse("names", seen.wrong or _count_of_errors(seen))
        return _new_page(form, seen), 422
    if "begin" not in request.form or form.seen.data != form.digest:
        return _new_page(form, seen)
    try:
        handout = _begin(form, seen)
    except Refusal as error:
        form.refuse("", said(error))
        return _new_page(form, seen), 422
    return see_other(url_for("handouts.show", number=handout.id))


def _begin(form: ListForm, seen: Preview) -> Handout:
    return handouts.begin(
        [row.newcomer for row in seen.rows],
        form.payer.data,
        form.label.data or "",
        form.language.data,
        end_of(form.until.data),
        form.readers.data or [],
        actor=actor().label,
        now=now(),
    )


def _new_page(form: ListForm, seen: Preview | None) -> str:
    form.offer(last_readers())
    form.seen.data, form.seen.raw_data = form.digest, None
    return render_template("handouts/new.html", form=form, seen=seen)


def _count_of_errors(seen: Preview) -> str:
    return ngettext("One line is wrong, see below.", "%(num)d lines are wrong, see below.", seen.errors)


# --- the page that listens --------------------------------------------------------------------------------------------


@pages.get("/handouts/<int:number>")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def show(number: int) -> str:
    return render_template("handouts/sheet.html", sheet=sheet_of(number, now()), is_poll=False, now=now())


@pages.post("/handouts/<int:number>/hear")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def hear(number: int) -> Answer:
    """Use what was tapped. The answer to a page that shows all of it already is empty."""
    with reading():
        handout = db.session.get_one(Handout, number)
    if taps := taps_for(handout, ring(settings(), now()), now()):
        handouts.take(number, taps, now=now())
    if "HX-Request" not in request.headers:
        return see_other(url_for("handouts.show", number=number))
    sheet = sheet_of(number, now())
    if request.form.get("seen") == sheet.news:
        return "", 204
    page = render_template("handouts/now.html", sheet=sheet, is_poll=True, now=now())
    return page if sheet.hears else (page, _STOP_POLLING)


@pages.post("/handouts/<int:number>/listen")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def listen(number: int) -> Answer:
    """Go on after a pause, give instead of collect, or collect instead of give: at the same readers."""
    mode = Mode.COLLECT if request.form.get("mode") == Mode.COLLECT else Mode.GIVE
    with reading():
        readers = db.session.get_one(Handout, number).readers
    return _try(number, lambda **by: handouts.listen(number, readers, mode, **by))


@pages.post("/handouts/<int:number>/pause")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def pause(number: int) -> Answer:
    return _try(number, lambda **by: handouts.pause(number, **by))


@pages.get("/handouts/<int:number>/readers")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def choose_readers(number: int) -> str:
    return _readers_page(number, ReadersForm())


@pages.post("/handouts/<int:number>/readers")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def set_readers(number: int) -> Answer:
    form = ReadersForm()
    form.offer()
    if not form.validate_on_submit():
        return _readers_page(number, form), 422
    try:
        mode = Mode(sheet_of(number, now()).mode)
        handouts.listen(number, form.readers.data or [], mode, actor=actor().label, now=now())
    except Refusal as error:
        form.refuse("", said(error))
        return _readers_page(number, form), 422
    return see_other(url_for("handouts.show", number=number))


def _readers_page(number: int, form: ReadersForm) -> str:
    sheet = sheet_of(number, now())
    form.offer([reader.code for reader in sheet.readers])
    return render_template("handouts/readers.html", form=form, sheet=sheet)


# --- one name ---------------------------------------------------------------------------------------------------------


@pages.post("/handouts/<int:number>/names/<int:line>/undo")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def undo(number: int, line: int) -> Answer:
    return _try(number, lambda **by: handouts.undo(number, line, **by))


@pages.post("/handouts/<int:number>/names/<int:line>/give-back")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def give_back(number: int, line: int) -> Answer:
    return _try(number, lambda **by: handouts.give_back(number, line, **by))


@pages.post("/handouts/<int:number>/names/<int:line>/skip")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def skip(number: int, line: int) -> Answer:
    return _try(number, lambda **by: handouts.skip(number, line, **by))


@pages.post("/handouts/<int:number>/names/<int:line>/call-up")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def call_up(number: int, line: int) -> Answer:
    return _try(number, lambda **by: handouts.call_up(number, line, **by))


@pages.post("/handouts/<int:number>/taps/<int:event>/return")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def return_of_another(number: int, event: int) -> Answer:
    return _try(number, lambda **by: handouts.return_of_another(number, event, **by))


# --- its end ----------------------------------------------------------------------------------------------------------


@pages.get("/handouts/<int:number>/end")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def ask_end(number: int) -> str:
    back = url_for("handouts.show", number=number)
    return render_template("handouts/end.html", sheet=sheet_of(number, now()), form=None, back=back)


@pages.post("/handouts/<int:number>/end")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def end(number: int) -> Answer:
    try:
        handouts.end(number, actor=actor().label, now=now())
        done(gettext("The hand-out is put away."))
    except Refusal as error:
        done(said(error))
    return see_other(url_for("handouts.index"))


def _try(number: int, change: Callable[..., Any]) -> Response:
    """Do it, or say on the page why not; somebody else may have been faster."""
    try:
        change(actor=actor().label, now=now())
    except Refusal as error:
        done(said(error))
    return see_other(url_for("handouts.show", number=number))
