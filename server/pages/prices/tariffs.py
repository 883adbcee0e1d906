"""The pages about prices: the list of a day and what is missing in it, one price, a new one, another one, and an end."""

from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import service as billing
from server.db import Stale
from server.domain.period import day_start
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.prices import forms, reads, words
from server.pages.refused import form_page, said
from server.web import formats
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.fields import Day
from server.web.forms import Form
from server.web.here import now, today, zone
from server.web.needs import actor, needs

pages = Blueprint("tariffs", __name__)
Answer = Response | tuple[str, int]


class DayForm(Form):
    """The day whose price list is looked at; it is asked for in the address."""

    class Meta(Form.Meta):
        csrf = False

    day = Day()


@pages.get("/tariffs")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    asked = DayForm(request.args)
    day = asked.day.data if asked.validate() and asked.day.data else today()
    matrix, lines, gaps = reads.prices_on(day)
    past = request.args.get("past") == "1"
    return render_template(
        "prices/list.html",
        matrix=matrix,
        lines=lines,
        gaps=gaps,
        today=today(),
        past=past,
        say=words,
        When=reads.When,
    )


@pages.route("/tariffs/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Answer:
    form = forms.NewPriceForm(data={**_asked(), "since": today(), "step": 15})
    form.offer(*reads.targets())
    if form.validate_on_submit():
        since = day_start(form.since.data, zone())
        try:
            row = billing.add_tariff(form.scope(), form.price(), since, reason=form.reason.data or "", **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The price is decided. Panels show it in a second where it holds already."))
            return see_other(url_for("tariffs.shown", number=row.id))
    return form_page("prices/new.html", form)


@pages.get("/tariffs/<int:number>")
@needs(Verb.SEE_MONEY)
def shown(number: int) -> str:
    price = reads.one_price(number)
    return render_template("prices/one.html", price=price, trail=told(audit.trail("tariff", number)), say=words)


@pages.route("/tariffs/<int:number>/change", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def change(number: int) -> Answer:
    found = reads.one_price(number)
    begins = max(today(), found.line.since)
    form = forms.PriceForm(data={**forms.price_data(found.line.price), "since": begins, "version": found.version})
    if form.validate_on_submit():
        wanted = (number, form.price(), _moment(found, form.since.data), form.reason.data or "", form.version.data)
        try:
            row = billing.change_tariff(*wanted, **_by())
        except Stale:
            theirs = reads.price_in_place_of(number, form.since.data)
            there = url_for("tariffs.change", number=theirs.line.id)
            return conflict_page(form, forms.price_data(theirs.line.price), theirs.version, there)
        except Refusal as refusal:
            form.refuse("since", said(refusal))
        else:
            done(gettext("The new price holds from %(day)s on.", day=formats.day(form.since.data)))
            return see_other(url_for("tariffs.shown", number=row.id))
    return form_page("prices/change.html", form, price=found, say=words)


@pages.route("/tariffs/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def end(number: int) -> Answer:
    found = reads.one_price(number)
    form = forms.EndForm(data={"until": max(today(), found.line.since), "version": found.version})
    if form.validate_on_submit():
        until = _moment(found, form.until.data)
        try:
            billing.end_tariff(number, until, form.reason.data or "", form.version.data, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has changed this price in the meantime. Look at it again, then decide."))
        except Refusal as refusal:
            form.refuse("until", said(refusal))
        else:
            done(gettext("The price no longer holds from %(day)s on.", day=formats.day(form.until.data)))
            return see_other(url_for("tariffs.listed"))
    return form_page("prices/end.html", form, price=found, say=words)


def _moment(found: reads.One, day: date) -> datetime:
    """The beginning of a day; of the day on which the price itself begins, that very moment: it may be later."""
    return found.line.price.valid_from if day == found.line.since else day_start(day, zone())


def _asked() -> dict[str, str]:
    """What the address says a new price is for, such as ``?what=category:printer&kind=school``."""
    return {name: value for name in ("what", "kind") if (value := request.args.get(name))}


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
