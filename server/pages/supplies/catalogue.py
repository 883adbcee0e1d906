"""The catalogue of materials: what there is, what it costs, another material, and one that is offered no longer."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit.service import trail
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.refused import form_page, said
from server.pages.supplies import forms, reads, words
from server.pages.supplies.about import material_of
from server.supplies import service as supplies
from server.supplies.models import Material
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("materials", __name__)
Answer = Response | tuple[str, int]


@pages.get("/materials")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    rows = reads.material_rows()
    here, past = [row for row in rows if row.ended_at is None], [row for row in rows if row.ended_at is not None]
    return render_template("supplies/materials.html", here=here, past=past, say=words)


@pages.route("/materials/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Answer:
    form = forms.MaterialForm()
    if form.validate_on_submit():
        try:
            number = supplies.add_material(form.facts(), **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The material is added. Say now what it costs."))
            return see_other(url_for("supply_prices.new", what=f"material:{number}"))
    return form_page("supplies/material_form.html", form, material=None, say=words)


@pages.get("/materials/<int:number>")
@needs(Verb.SEE_MONEY, about=material_of)
def show(number: int) -> str:
    material, _, lines = reads.material_row(number)
    entries = trail("material", number)
    return render_template("supplies/material.html", material=material, lines=lines, trail=entries, say=words)


@pages.route("/materials/<int:number>/edit", methods=["GET", "POST"])
@needs(Verb.SET_PRICES, about=material_of)
def edit(number: int) -> Answer:
    material, row, _ = reads.material_row(number)
    form = forms.MaterialForm(data=_values(row) | {"version": row.version})
    if form.validate_on_submit():
        try:
            supplies.edit_material(number, form.facts(), version=form.version.data, **_by())
        except Stale:
            _, current, _ = reads.material_row(number)
            return conflict_page(form, _values(current), current.version)
        except Refusal as refusal:
            form.refuse("unit" if "unit" in refusal.sentence else "", said(refusal))
        else:
            done(gettext("The material is changed."))
            return see_other(url_for("materials.show", number=number))
    return form_page("supplies/material_form.html", form, material=material, say=words)


@pages.route("/materials/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_PRICES, about=material_of)
def end(number: int) -> Answer:
    material, *_ = reads.material_row(number)
    form = ReasonForm()
    if form.validate_on_submit():
        supplies.end_material(number, form.reason.data or "", **_by())
        done(gettext("It is offered no longer."), url_for("materials.resume", number=number))
        return see_other(url_for("materials.listed"))
    back = url_for("materials.show", number=number)
    return form_page("supplies/material_end.html", form, material=material, back=back)


@pages.post("/materials/<int:number>/resume")
@needs(Verb.SET_PRICES, about=material_of)
def resume(number: int) -> Answer:
    supplies.resume_material(number, **_by())
    done(gettext("It is offered again."))
    return see_other(url_for("materials.show", number=number))


def _values(row: Material) -> dict[str, Any]:
    return {**row.names, "unit": row.unit, "nature": row.nature}


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
