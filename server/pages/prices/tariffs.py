"""The pages about prices: the list of a day and what is missing in it, one price, a new one, another one, and an end."""

from contextlib import suppress
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
from server.pages.prices import forms, price_forms, reads, trial, words
from server.pages.prices.reckoning import steps_of
from server.pages.prices.rule_form import rule_data, stored_data
from server.pages.prices.sentences import headline, sentence, terms
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
RULES = {
    "headline": headline,
    "sentence": sentence,
    "terms": terms,
    "steps_of": steps_of,
}  # words of rules, for templates


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
    return render_template(
        "prices/list.html",
        prices=reads.prices_on(day),
        today=today(),
        past=request.args.get("past") == "1",
        say=words,
        When=reads.When,
        **RULES,
    )


@pages.route("/tariffs/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Answer:
    form = price_forms.NewPriceForm(data={"since": today(), **_asked()})
    form.offer(reads.targets())
    if only_asks(form):
        return _editor("prices/new.html", form)
    if form.validate_on_submit():
        since = day_start(form.since.data, zone())
        try:
            row = billing.add_tariff(form.scope(), form.rule(), since, reason=form.reason.data or "", **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The price is decided. Panels show it in a second where it holds already."))
            return see_other(url_for("tariffs.shown", number=row.id))
    return _editor("prices/new.html", form)


@pages.get("/tariffs/<int:number>")
@needs(Verb.SEE_MONEY)
def shown(number: int) -> str:
    price = reads.one_price(number)
    trail = told(audit.trail("tariff", number))
    return render_template("prices/one.html", price=price, trail=trail, say=words, **RULES)


@pages.route("/tariffs/<int:number>/change", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def change(number: int) -> Answer:
    found = reads.one_price(number)
    begins = max(today(), found.line.since)
    form = price_forms.PriceForm(data={**rule_data(found.line.rule), "since": begins, "version": found.version})
    if only_asks(form):
        return _editor("prices/change.html", form, price=found)
    if form.validate_on_submit():
        wanted = (number, form.rule(), _moment(found, form.since.data), form.reason.data or "", form.version.data)
        try:
            row = billing.change_tariff(*wanted, **_by())
        except Stale:
            theirs = reads.price_in_place_of(number, form.since.data)
            there = url_for("tariffs.change", number=theirs.line.id)
            return conflict_page(form, stored_data(theirs.line.rule), theirs.version, there)
        except Refusal as refusal:
            form.refuse("since", said(refusal))
        else:
            done(gettext("The new price holds from %(day)s on.", day=formats.day(form.since.data)))
            return see_other(url_for("tariffs.shown", number=row.id))
    return _editor("prices/change.html", form, price=found)


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
    return form_page("prices/end.html", form, price=found, say=words, **RULES)


def only_asks(form: price_forms.TriedForm) -> bool:
    """A button for one more line, or for working it out, was pressed: show what is typed, and store nothing."""
    asked = request.form.get("more", "") if request.method == "POST" else ""
    if asked == "try":
        form.look()
    return asked == "try" or form.add(asked)


def _editor(template: str, form: price_forms.TriedForm, **more: Any) -> tuple[str, int]:
    return form_page(template, form, tried=trial.of(form), say=words, **RULES, **more)


def _moment(found: reads.One, day: date) -> datetime:
    """The beginning of a day; of the day on which the price itself begins, that very moment: it may be later."""
    return found.line.price.valid_from if day == found.line.since else day_start(day, zone())


def _asked() -> dict[str, Any]:
    """What the address says a new price is for, such as ``?what=category:printer&kind=school&since=2027-01-01``."""
    said: dict[str, Any] = {name: value for name in ("what", "kind", "members") if (value := request.args.get(name))}
    with suppress(ValueError):
        said["since"] = date.fromisoformat(request.args.get("since", ""))
    return said


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
