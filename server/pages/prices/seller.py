"""The pages about the seller: who issues the invoices and since when, and a new one from a day on."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import service as billing
from server.billing.models import Seller as SellerRow
from server.billing.sellers import LATE_RATES
from server.db import reading
from server.domain import invoicing
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.prices import words
from server.pages.prices.seller_form import MODES, RATES, SellerForm
from server.pages.refused import form_page, said
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("seller", __name__)
_TO_PAY = 30  # days, as the law has it where nothing is agreed


@dataclass(frozen=True, slots=True)
class Dated:
    """One seller and its time. ``until`` is the first day on which another one issues."""

    id: int
    seller: invoicing.Seller
    since: date
    until: date | None
    prefix: str

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@pages.get("/seller")
@needs(Verb.SEE_MONEY)
def shown() -> str:
    sellers = _sellers()
    current = next((one for one in sellers if one.holds(today())), None)
    trail = told(audit.trail_of([("seller", one.id) for one in sellers]))
    return render_template(
        "prices/seller.html",
        sellers=sellers,
        current=current,
        today=today(),
        trail=trail,
        modes=MODES,
        rates=RATES,
        regimes=words.REGIMES,
        declares=words.DECLARES,
    )


@pages.route("/seller/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Response | tuple[str, int]:
    known = _known()
    form = SellerForm(data={**known, "since": today()})
    form.offer_rates(known["late_rate"])
    if form.validate_on_submit() and _is_right(form):
        try:
            prefix = form.prefix.data or "F"
            billing.add_seller(form.seller(), form.since.data, series_prefix=prefix, actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("prefix" if "prefix" in refusal.blanks else "since", said(refusal))
        else:
            day = formats.day(form.since.data)
            done(gettext("%(seller)s issues the documents from %(day)s on.", seller=form.legal_name.data, day=day))
            return see_other(url_for("seller.shown"))
    return form_page("prices/seller_new.html", form)


def _is_right(form: SellerForm) -> bool:
    """The same checks as on the command line, each beside its field."""
    problems = billing.problems_of(form.seller())
    for name, problem in problems.items():
        form.refuse(name, said(problem))
    return not problems


def _sellers() -> list[Dated]:
    """The newest first."""
    names = [field.name for field in fields(invoicing.Seller)]
    with reading() as session:
        return [
            Dated(
                row.id,
                invoicing.Seller(**{name: getattr(row, name) for name in names}),
                row.valid_from,
                row.valid_until,
                row.series_prefix,
            )
            for row in session.scalars(select(SellerRow).order_by(SellerRow.valid_from.desc()))
        ]


def _known() -> dict[str, Any]:
    """The form begins with the last one: mostly one line has changed."""
    last = next(iter(_sellers()), None)
    if last is None:
        return {"country": "FR", "payment_days": _TO_PAY, "late_rate": LATE_RATES[0]}
    return {field.name: getattr(last.seller, field.name) for field in fields(invoicing.Seller)} | {
        "prefix": last.prefix
    }
