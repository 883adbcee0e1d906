"""Payments: the list, a new one, one with its parts by VAT rate; taken back, set off, used from a credit."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.collecting import payments
from server.collecting.open_items import Account, OpenItem, open_accounts
from server.collecting.payments import Received
from server.domain.payments import Means
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.books.views import tenant_of
from server.pages.collecting import forms, reads, words
from server.pages.collecting.about import payment_numbered
from server.pages.refused import form_page, said
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("payments", __name__)
Answer = Response | tuple[str, int]


@pages.get("/collecting/payments")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    typed = request.args.get("q", "").strip()
    found = reads.find_payments(typed, settings().demo)
    return render_template("collecting/payments.html", page=found, typed=typed, say=words)


@pages.get("/collecting/payments/new")
@needs(Verb.COLLECT)
def whose() -> Answer:
    """Who has paid; with a tenant in the address, on to its form."""
    if code := request.args.get("tenant"):
        return see_other(url_for("payments.new", code=code))
    return render_template("collecting/whose.html", tenants=reads.billed_tenants(settings().demo)), 200


@pages.route("/collecting/<code>/payments/new", methods=["GET", "POST"])
@needs(Verb.COLLECT, about=tenant_of)
def new(code: str) -> Answer:
    account = _account(code)
    items = account.items if account else ()
    form = forms.payment_form(items, today(), request.args.get("document", ""))
    if form.validate_on_submit():
        cents = form.cents.data or 0
        received = Received(code, form.received_on.data, cents, Means(form.means.data), form.reference.data or "")
        try:
            number = payments.receive(received, form.given(), today(), settings().demo, **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(amount)s are noted.", amount=formats.money(received.cents)))
            return see_other(url_for("payments.shown", number=number))
    return form_page("collecting/new.html", form, code=code, account=account, say=words)


@pages.get("/collecting/payments/<int:number>")
@needs(Verb.SEE_MONEY, about=payment_numbered)
def shown(number: int) -> str:
    trail = told(audit.trail("payment", number))
    return render_template("collecting/payment.html", one=reads.payment(number), trail=trail, say=words)


@pages.route("/collecting/payments/<int:number>/take-back", methods=["GET", "POST"])
@needs(Verb.COLLECT, about=payment_numbered)
def take_back(number: int) -> Answer:
    one = reads.payment(number)
    form = forms.TakeBackForm(data={"day": today()})
    if form.validate_on_submit():
        try:
            payments.take_back(number, form.day.data, form.reason.data or "", today(), **_by())
        except Refusal as refusal:
            form.refuse("day", said(refusal))
        else:
            done(gettext("It counts no more. What it paid is open again."))
            return see_other(url_for("payments.shown", number=number))
    return form_page(
        "collecting/take_back.html", form, one=one, back=url_for("payments.shown", number=number), say=words
    )


@pages.route("/collecting/<code>/set-off", methods=["GET", "POST"])
@needs(Verb.COLLECT, about=tenant_of)
def set_off(code: str) -> Answer:
    items = _items(code)
    notes, bills = [one for one in items if one.open_cents < 0], [one for one in items if one.open_cents > 0]
    least = min(-notes[0].open_cents, bills[0].open_cents) if notes and bills else None
    form = forms.SetOffForm(data={"day": today(), "cents": least})
    form.note.choices, form.invoice.choices = _choices(notes), _choices(bills)
    if form.validate_on_submit():
        try:
            cents, day = form.cents.data or 0, form.day.data
            number = payments.set_off(form.note.data, form.invoice.data, cents, day, today(), **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Set off."))
            return see_other(url_for("payments.shown", number=number))
    return form_page("collecting/set_off.html", form, code=code, account=_account(code), possible=least is not None)


@pages.route("/collecting/<code>/credit", methods=["GET", "POST"])
@needs(Verb.COLLECT, about=tenant_of)
def use_credit(code: str) -> Answer:
    account = _account(code)
    bills = [one for one in account.items if one.open_cents > 0] if account else []
    credit = account.credit_cents if account else 0
    form = forms.CreditForm(data={"day": today(), "cents": min(credit, bills[0].open_cents) if bills else None})
    form.invoice.choices = _choices(bills)
    if form.validate_on_submit():
        given = {form.invoice.data: form.cents.data or 0}
        try:
            payments.use_credit(code, given, form.day.data, today(), settings().demo, **_by())
        except Refusal as refusal:
            form.refuse("cents", said(refusal))
        else:
            done(gettext("The credit is used."))
            return see_other(url_for("collecting.listed"))
    return form_page("collecting/credit.html", form, code=code, account=account, possible=bool(bills and credit > 0))


def _account(code: str) -> Account | None:
    found = open_accounts(today(), settings().demo, code)
    return found[0] if found else None


def _items(code: str) -> tuple[OpenItem, ...]:
    account = _account(code)
    return account.items if account else ()


def _choices(items: list[OpenItem]) -> list[tuple[str, str]]:
    return [(one.number, f"{one.number} · {formats.money(one.open_cents)}") for one in items]


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
