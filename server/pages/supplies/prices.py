"""Prices of supplies: another one from a day on, and an end; what an operator's hour and bookings cost; presets."""

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.supplies import What
from server.pages.refused import form_page, said
from server.pages.supplies import forms, reads, words
from server.pages.supplies.about import preset_of, price_of
from server.supplies import service as supplies
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("supply_prices", __name__)
Answer = Response | tuple[str, int]


@pages.get("/supply-prices")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    return render_template("supplies/prices.html", prices=reads.other_prices(), presets=reads.presets(), say=words)


@pages.route("/supply-prices/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Answer:
    """``what`` in the address says what it is for: ``material:3``, ``operator``, ``missed``."""
    what, material = _asked()
    row = reads.material_row(material)[0] if material is not None else None
    form = forms.PriceForm(data={"since": today(), "step": 1, "within": 24, "kind": request.args.get("kind", "")})
    form.suit(what, *reads.places())
    if form.validate_on_submit():
        try:
            supplies.add_price(
                form.scope(what, material), form.facts(), form.since.data, form.reason.data or "", **_by()
            )
        except Refusal as refusal:
            form.refuse("since" if "from %(day)s on" in refusal.sentence else "", said(refusal))
        else:
            done(gettext("The price is decided."))
            return see_other(_back(material))
    told = {"what": what, "material": row, "back": _back(material)}
    return form_page("supplies/price_form.html", form, say=words, What=What, **told)


@pages.route("/supply-prices/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_PRICES, about=price_of)
def end(number: int) -> Answer:
    line = reads.price_line(number)
    form = forms.EndForm(data={"until": max(today(), line.price.valid_from), "version": line.version})
    if form.validate_on_submit():
        try:
            supplies.end_price(number, form.until.data, form.reason.data or "", version=form.version.data, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has changed this price in the meantime. Look at it again, then decide."))
        except Refusal as refusal:
            form.refuse("until", said(refusal))
        else:
            done(gettext("The price is ended."))
            return see_other(_back(line.price.material))
    name = (
        reads.material_row(line.price.material)[0].name
        if line.price.material
        else str(words.WHAT[What(line.price.what)])
    )
    return form_page("supplies/price_end.html", form, line=line, name=name, say=words, back=_back(line.price.material))


@pages.route("/presets/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new_preset() -> Answer:
    form = forms.PresetForm(data={"nature": "fee"})
    if form.validate_on_submit():
        try:
            supplies.add_preset(form.labels(), form.nature.data, form.euros.data * 100, **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("It stands ready where single items are added."))
            return see_other(url_for("supply_prices.listed"))
    return form_page("supplies/preset_form.html", form)


@pages.route("/presets/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_PRICES, about=preset_of)
def end_preset(number: int) -> Answer:
    row, form = reads.preset(number), ReasonForm()
    if form.validate_on_submit():
        supplies.end_preset(number, form.reason.data or "", **_by())
        done(gettext("It is offered no longer."))
        return see_other(url_for("supply_prices.listed"))
    back = url_for("supply_prices.listed")
    return form_page("supplies/preset_end.html", form, name=words.named(row.labels), back=back)


def _asked() -> tuple[str, int | None]:
    what, _, number = request.args.get("what", "").partition(":")
    if what not in set(What) or (what == What.MATERIAL) != number.isdigit():
        abort(404)
    return what, int(number) if number.isdigit() else None


def _back(material: int | None) -> str:
    return url_for("supply_prices.listed") if material is None else url_for("materials.show", number=material)


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
