"""What a tenant is billed beside its sessions in a month; single and monthly items added, taken back, ended."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from server.billing import item_corrections
from server.db import Stale, db, reading
from server.domain.items import BillItem
from server.domain.period import period_of
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.books.views import asked_month, beside, tenant_of
from server.pages.people.choices import payer_choices
from server.pages.refused import form_page, said
from server.pages.supplies import forms, reads, words
from server.pages.supplies.about import one_off_of, recurring_of
from server.people.models import Payer, Tenant
from server.supplies.models import OneOff, Recurring
from server.supplies.rows import whole
from server.supplies.service import bill_items
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("tenant_items", __name__)
Answer = Response | tuple[str, int]


@pages.get("/tenants/<code>/items")
@needs(Verb.SEE_MONEY, about=tenant_of)
def listed(code: str) -> str:
    month, current = asked_month()
    period, (before, after) = period_of(month, zone()), beside(month)
    with reading():
        tenant = db.session.scalars(select(Tenant).where(Tenant.code == code)).one()
        items = bill_items(period, settings().demo, tenant.id)
        charged = item_corrections.documents_of([one.ref for one in items], real=not settings().demo)
        lasting = _lasting(tenant.id)
    cents = sum(one.net_cents for one in items if isinstance(one, BillItem))
    told = {"month": month, "before": before, "after": after if month < current else None, "cents": cents}
    return render_template(
        "supplies/items.html", tenant=tenant, items=items, charged=charged, lasting=lasting, say=words, **told
    )


@pages.route("/tenants/<code>/items/new", methods=["GET", "POST"])
@needs(Verb.ISSUE, about=tenant_of)
def new(code: str) -> Answer:
    form = forms.ItemForm(data={"day": today(), "quantity": Decimal(1), "unit": "piece", **_preset()})
    form.payer.choices = _own_payers(code)
    if form.validate_on_submit():
        facts = form.facts()
        try:
            item_corrections.add_one_off(facts, form.reason.data or "", **_by())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Added to the document of %(day)s.", day=f"{facts.day:%m/%Y}"))
            return see_other(url_for("tenant_items.listed", code=code, month=f"{facts.day:%Y-%m}"))
    presets = reads.presets()
    return form_page("supplies/item_form.html", form, code=code, tenant=_name(code), presets=presets, say=words)


@pages.route("/tenants/<code>/items/<int:number>/take-back", methods=["GET", "POST"])
@needs(Verb.ISSUE, about=one_off_of)
def take_back(code: str, number: int) -> Answer:
    with reading():
        row = db.session.get_one(OneOff, number)
    form, back = ReasonForm(data={"version": row.version}), url_for("tenant_items.listed", code=code)
    if form.validate_on_submit():
        try:
            item_corrections.take_back(number, form.reason.data or "", version=form.version.data, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has changed it in the meantime. Load the page again and look."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Taken back: it is not billed."))
            return see_other(f"{back}?month={row.day:%Y-%m}")
    return form_page("supplies/item_take_back.html", form, name=words.named(row.labels), back=back, code=code)


@pages.route("/tenants/<code>/recurring/new", methods=["GET", "POST"])
@needs(Verb.ISSUE, about=tenant_of)
def new_recurring(code: str) -> Answer:
    form = forms.RecurringForm(data={"since": today(), "nature": "subscription"})
    form.payer.choices = _own_payers(code)
    if form.validate_on_submit():
        until = form.until.data + timedelta(days=1) if form.until.data else None
        price = (form.payer.data, form.labels(), form.nature.data, form.cents.data or 0)
        try:
            item_corrections.add_recurring(*price, form.since.data, form.reason.data or "", until, **_by())
        except Refusal as refusal:
            form.refuse("until" if "before it begins" in refusal.sentence else "", said(refusal))
        else:
            done(gettext("It is billed every month from now on."))
            return see_other(url_for("tenant_items.listed", code=code))
    return form_page("supplies/recurring_form.html", form, code=code, tenant=_name(code))


@pages.route("/tenants/<code>/recurring/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.ISSUE, about=recurring_of)
def end_recurring(code: str, number: int) -> Answer:
    with reading():
        row = db.session.get_one(Recurring, number)
    form = forms.EndForm(data={"until": max(today(), row.valid_from), "version": row.version})
    back = url_for("tenant_items.listed", code=code)
    if form.validate_on_submit():
        reason, version = form.reason.data or "", form.version.data
        try:
            item_corrections.end_recurring(number, form.until.data, reason, version=version, **_by())
        except Stale:
            form.refuse("", gettext("Somebody has changed it in the meantime. Load the page again and look."))
        except Refusal as refusal:
            form.refuse("until", said(refusal))
        else:
            done(gettext("It is billed no more from that day on."))
            return see_other(back)
    return form_page("supplies/recurring_end.html", form, row=row, name=words.named(row.labels), back=back)


def _lasting(tenant_id: int) -> list[Recurring]:
    """What is billed every month, now or from a day to come."""
    wanted = select(Recurring).join(Payer, Payer.id == Recurring.payer_id).where(Payer.tenant_id == tenant_id)
    goes_on = or_(Recurring.valid_until.is_(None), Recurring.valid_until > today())
    return list(db.session.scalars(wanted.where(goes_on).order_by(Recurring.valid_from, Recurring.id)))


def _own_payers(code: str) -> list[tuple[str, str]]:
    with reading():
        own = set(db.session.scalars(select(Payer.code).join(Tenant).where(Tenant.code == code)))
    return [choice for choices in payer_choices().values() for choice in choices if choice[0] in own]


def _preset() -> dict[str, Any]:
    """What the preset in the address fills in."""
    number = request.args.get("preset", type=int)
    row = next((one for one in reads.presets() if one.id == number), None)
    if row is None:
        return {}
    return {**row.labels, "nature": row.nature, "euros": whole(row.cents_milli) / 100}


def _name(code: str) -> str:
    with reading():
        return db.session.scalars(select(Tenant.name).where(Tenant.code == code)).one()


def _by() -> dict[str, Any]:
    return {"real": not settings().demo, "actor": actor().label, "now": now()}
