"""The rates that late interest is worked out with: dated, typed by the accountant, each with its reason."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import DecimalField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from server.collecting import rates
from server.domain.late import Rate, RateKind, yearly_rate
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.vat import Customer
from server.pages.collecting import words
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.forms import Day, Form, Reason
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("rates", __name__)
Answer = Response | tuple[str, int]
_KINDS = [(kind.value, word) for kind, word in words.RATES.items()]


class RateForm(Form):
    """Without a percentage: none is stated any more from that day on."""

    kind = SelectField(lazy_gettext("Rate"), choices=_KINDS)
    percent = DecimalField(
        lazy_gettext("Per cent a year"), [Optional(), NumberRange(0, 50)], places=2, use_locale=False
    )
    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()


@pages.get("/collecting/rates")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    known = rates.all_rates()
    in_force = {customer: yearly_rate(customer, known, today()) for customer in Customer}
    return render_template("collecting/rates.html", rows=rates.rows(), in_force=in_force, Customer=Customer, say=words)


@pages.route("/collecting/rates/new", methods=["GET", "POST"])
@needs(Verb.COLLECT)
def new() -> Answer:
    half = today().replace(month=1 if today().month < 7 else 7, day=1)
    form = RateForm(data={"kind": RateKind.ECB.value, "since": half})
    if form.validate_on_submit():
        typed: Decimal | None = form.percent.data
        rate = Rate(RateKind(form.kind.data), form.since.data, None if typed is None else int(typed * 100))
        try:
            rates.state(rate, form.reason.data or "", **_by())
        except Refusal as refusal:
            form.refuse("percent", said(refusal))
        else:
            done(gettext("The rate is stated."))
            return see_other(url_for("rates.listed"))
    return form_page("collecting/rate.html", form)


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
