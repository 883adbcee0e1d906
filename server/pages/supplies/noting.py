"""What staff note: material that was used and an operator's time, for a session or for a payer and a day; corrections."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.billing import item_corrections
from server.db import Stale
from server.domain.items import Unit
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.supplies import WAYS
from server.pages.refused import form_page, said
from server.pages.supplies import forms, reads, words
from server.pages.supplies.about import noted_of
from server.supplies import service as supplies
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now, settings, today, zone
from server.web.needs import actor, allowed, needs

pages = Blueprint("noting", __name__)
pages.add_app_template_global(reads.noted_on_session, "noted_on_session")  # for the page of a session
pages.add_app_template_global(lambda: words, "supply_words")
Answer = Response | tuple[str, int]


@pages.get("/noting")
@needs(Verb.NOTE_SUPPLIES)
def listed() -> str:
    return render_template("supplies/noted.html", rows=reads.noted_lately(), say=words, now=now())


@pages.route("/noting/material", methods=["GET", "POST"])
@needs(Verb.NOTE_SUPPLIES)
def material() -> Answer:
    """``session`` in the address: for that one. A slip in how it is measured is told at the field."""
    session = request.args.get("session")
    form = forms.MaterialUsedForm(data={"day": today()})
    form.material.choices = reads.material_choices()
    form.offer(session)
    if form.validate_on_submit():
        told = (int(form.material.data), form.quantity.data, form.measured.data, _place(form, session))
        try:
            number = item_corrections.note_material(*told, zone=zone(), **_by())
        except Refusal as refusal:
            form.refuse("measured" if "in that way" in refusal.sentence else "quantity", said(refusal))
        else:
            _say_noted(number)
            return see_other(_back(session))
    return _page("supplies/note_material.html", form, session)


@pages.route("/noting/operator", methods=["GET", "POST"])
@needs(Verb.NOTE_SUPPLIES)
def operator() -> Answer:
    session = request.args.get("session")
    form = forms.OperatorForm(data={"day": today()})
    form.offer(session)
    if form.validate_on_submit():
        span = supplies.Span(form.minutes.data or 0, form.begins.data, form.ends.data)
        try:
            item_corrections.note_operator(span, _place(form, session), zone=zone(), **_by())
        except Refusal as refusal:
            form.refuse("minutes", said(refusal))
        else:
            done(gettext("Noted."))
            return see_other(_back(session))
    return _page("supplies/note_operator.html", form, session)


@pages.route("/noting/<int:number>/correct", methods=["GET", "POST"])
@needs(Verb.NOTE_SUPPLIES, about=noted_of)
def correct(number: int) -> Answer:
    row = reads.noted_row(number)
    form = forms.CorrectForm(data={"quantity": row.quantity, "measured": row.measured, "version": row.newest})
    if row.material is None:
        del form.measured
    else:
        form.measured.choices = [(way.value, words.WAYS[way]) for way in WAYS[Unit(row.unit)]]
    if form.validate_on_submit():
        measured = form.measured.data if row.material is not None else None
        told = (row.number, form.quantity.data, form.reason.data or "", measured, form.version.data)
        try:
            item_corrections.correct_noted(*told, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has corrected it meanwhile. Load the page again and look."))
        except Refusal as refusal:
            form.refuse("quantity", said(refusal))
        else:
            done(gettext("Corrected. What was noted before stays in the journal."))
            return see_other(_back(row.session))
    return form_page("supplies/correct.html", form, row=row, say=words, back=_back(row.session))


def _page(template: str, form: Form, session: str | None) -> Answer:
    machine, payer = reads.session_words(session) if session is not None else ("", "")
    where = {"session": session, "machine": machine, "payer": payer, "back": _back(session)}
    return form_page(template, form, say=words, WAYS=WAYS, **where)


def _say_noted(number: int) -> None:
    """What it comes to; and where a price by weight rests on a scale that is not certified, that it does."""
    row = reads.noted_row(number)
    done(gettext("Noted."))
    if row.needs_scale:
        done(gettext("Sold by weight needs a certified scale: this quantity can be contested."))


def _place(form: Any, session: str | None) -> supplies.Place:
    if session is not None:
        return supplies.Place(session=session)
    return supplies.Place(payer=form.payer.data, day=form.day.data)


def _back(session: str | None) -> str:
    if session is not None and allowed(Verb.SEE_SESSIONS):
        return url_for("sessions.show", session_id=session, _anchor="supplies")
    return url_for("noting.listed")


def _by() -> dict[str, Any]:
    return {"real": not settings().demo, "actor": actor().label, "now": now()}
