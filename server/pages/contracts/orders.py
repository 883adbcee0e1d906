"""Order numbers of a tenant's bills, and what the address they go to asks for."""

from typing import Any

from flask import Blueprint, abort
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.contracts import service as contracts
from server.contracts.models import OrderRule, PurchaseOrder
from server.contracts.service import ContractError
from server.db import Stale, db, reading
from server.domain.orders import Asked
from server.domain.roles import Verb
from server.pages.contracts import forms, reads, words
from server.pages.contracts.about import house_of, order_of, tenant_of
from server.pages.contracts.views import around, back_to, by, changed_meanwhile
from server.pages.refused import form_page, said
from server.people.models import Establishment
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, today
from server.web.needs import needs

pages = Blueprint("orders", __name__)
Answer = Response | tuple[str, int]


@pages.route("/tenants/<code>/orders/new", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=tenant_of)
def new(code: str) -> Answer:
    houses = reads.house_choices(code)
    if not houses:
        done(gettext("There is no address yet that documents go to. Add one first."))
        return see_other(back_to(code))
    form = forms.NewOrderForm(data={"since": today()})
    form.offer(houses, reads.payer_choices(code, now()))
    if form.validate_on_submit():
        told = (form.house.data, form.payer.data or None, form.numbered(), form.reason.data or "")
        try:
            contracts.add_order(*told, **by())
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The next documents bear this order."))
            return see_other(back_to(code))
    return form_page("contracts/order_new.html", form, **around(code))


@pages.route("/tenants/<code>/orders/<int:number>/change", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=order_of)
def change(code: str, number: int) -> Answer:
    values, version = _values(number)
    form = forms.OrderForm(data=values | {"version": version})
    if form.validate_on_submit():
        try:
            contracts.change_order(number, form.numbered(), form.reason.data or "", version=form.version.data, **by())
        except Stale:
            return conflict_page(form, *_values(number))
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The order is changed. Documents issued before keep what they say."))
            return see_other(back_to(code))
    return form_page("contracts/order_change.html", form, **around(code), number=values["number"])


@pages.route("/tenants/<code>/orders/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=order_of)
def end(code: str, number: int) -> Answer:
    values, version = _values(number)
    form = forms.EndForm(data={"last": max(today(), values["since"]), "version": version})
    if form.validate_on_submit():
        last = forms.until(form.last.data)
        assert last is not None
        try:
            contracts.end_order(number, last, form.reason.data or "", version=form.version.data, **by())
        except Stale:
            form.refuse("", changed_meanwhile())
        except ContractError as refusal:
            form.refuse("last", said(refusal))
        else:
            done(gettext("Documents of later days bear it no more."))
            return see_other(back_to(code))
    return form_page("contracts/order_end.html", form, **around(code), values=values, say=words)


@pages.route("/tenants/<code>/addresses/<int:number>/orders", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=house_of)
def ask(code: str, number: int) -> Answer:
    values, version = _asked(number)
    form = forms.AskedForm(data=values | {"version": version})
    if form.validate_on_submit():
        asked = Asked(form.required.data, form.one_each.data)
        try:
            contracts.ask_orders(number, asked, version=form.version.data, **by())
        except Stale:
            return conflict_page(form, *_asked(number))
        done(gettext("Kept. Drafts follow it by themselves."))
        return see_other(back_to(code))
    with reading():
        name = db.session.scalars(select(Establishment.legal_name).where(Establishment.id == number)).one()
    return form_page("contracts/order_asked.html", form, **around(code), name=name)


def _values(number: int) -> tuple[dict[str, Any], int]:
    with reading():
        row = db.session.get(PurchaseOrder, number) or abort(404)
    values = {"number": row.number, "ordered_on": row.ordered_on, "since": row.valid_from}
    return {**values, "last": forms.last_of(row.valid_until), "ceiling": row.ceiling_cents}, row.version


def _asked(house: int) -> tuple[dict[str, Any], int]:
    with reading():
        row = db.session.get(OrderRule, house)
    return (
        ({"required": False, "one_each": False}, 0)
        if row is None
        else (
            {"required": row.required, "one_each": row.one_each},
            row.version,
        )
    )
