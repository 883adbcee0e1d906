"""Blocks of visitors: begun with a number and an end, ended with one click, opened again with the same badges."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.handouts import service as handouts
from server.pages.handouts.about import handout_of
from server.pages.handouts.forms import BlockForm, VisitorsForm, last_readers
from server.pages.handouts.reads import sheet_of
from server.pages.refused import said
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("visitors", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/handouts/visitors")
@needs(Verb.EDIT_PEOPLE)
def new() -> str:
    return _new_page(VisitorsForm(data={"language": "fr", "payer": request.args.get("payer", "")}))


@pages.post("/handouts/visitors")
@needs(Verb.EDIT_PEOPLE)
def begin() -> Answer:
    form = VisitorsForm()
    form.offer()
    if not form.validate_on_submit() or form.until.data is None:
        return _new_page(form), 422
    place = (
        form.payer.data,
        form.label.data or "",
        form.language.data,
        form.until.data,
        form.readers.data or [],
        form.skills.data or [],
    )
    try:
        block = handouts.begin_visitors(form.count.data or 0, *place, actor=actor().label, now=now())
    except Refusal as error:
        form.refuse("", said(error))
        return _new_page(form), 422
    return see_other(url_for("handouts.show", number=block.id))


def _new_page(form: VisitorsForm) -> str:
    form.offer(last_readers())
    return render_template("handouts/visitors.html", form=form)


@pages.get("/handouts/<int:number>/end-block")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def ask_end(number: int) -> str:
    back = url_for("handouts.show", number=number)
    return render_template("handouts/end_block.html", sheet=sheet_of(number, now()), form=None, back=back)


@pages.post("/handouts/<int:number>/end-block")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def end(number: int) -> Answer:
    try:
        badges = handouts.end_block(number, "", actor=actor().label, now=now())
        done(
            ngettext(
                "The block is ended: %(num)d badge opens nothing more.",
                "The block is ended: %(num)d badges open nothing more.",
                badges,
            )
        )
    except Refusal as error:
        done(said(error))
    return see_other(url_for("handouts.show", number=number))


@pages.get("/handouts/<int:number>/again")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def ask_again(number: int) -> str:
    sheet = sheet_of(number, now())
    return _again_page(number, BlockForm(data={"label": sheet.label, "payer": sheet.payer}))


@pages.post("/handouts/<int:number>/again")
@needs(Verb.EDIT_PEOPLE, about=handout_of)
def open_again(number: int) -> Answer:
    form = BlockForm()
    form.offer()
    if not form.validate_on_submit() or form.until.data is None:
        return _again_page(number, form), 422
    place = (form.payer.data, form.label.data or "", form.until.data, form.readers.data or [], form.skills.data or [])
    try:
        block = handouts.open_again(number, *place, actor=actor().label, now=now())
    except Refusal as error:
        form.refuse("", said(error))
        return _again_page(number, form), 422
    done(gettext("The block is open again."))
    return see_other(url_for("handouts.show", number=block.id))


def _again_page(number: int, form: BlockForm) -> str:
    sheet = sheet_of(number, now())
    form.offer([reader.code for reader in sheet.readers])
    return render_template("handouts/again.html", form=form, sheet=sheet)
