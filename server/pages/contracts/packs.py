"""Packs that a tenant buys ahead: sold on a day, taken back before they are billed."""

from flask import Blueprint, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.billing.agreed import billed_until
from server.billing.uses import is_paid_for
from server.contracts import service as contracts
from server.contracts.service import ContractError
from server.db import Stale, reading
from server.domain.allowances import Unit
from server.domain.roles import Verb
from server.pages.contracts import forms, reads, words
from server.pages.contracts.about import pack_of, tenant_of
from server.pages.contracts.views import around, asked_kind, back_to, by, changed_meanwhile, follow
from server.pages.people.paying import category_names
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, settings, today
from server.web.needs import needs

pages = Blueprint("packs", __name__)
Answer = Response | tuple[str, int]


@pages.route("/tenants/<code>/packs/new", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=tenant_of)
def new(code: str) -> Answer:
    unit = asked_kind(Unit, Unit.SECONDS)
    form = forms.PACKS[unit](data={"day": today(), "pooled": True})
    form.offer(reads.payer_choices(code, now()), category_names())
    if form.validate_on_submit():
        try:
            with reading():
                told = {"billed_until": billed_until(code), **by()}
            contracts.sell_pack(code, form.payer.data, form.sold(), form.day.data, form.reason.data or "", **told)
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            follow(code)
            done(gettext("Sold. It stands on the document of its month, and can be used from its day on."))
            return see_other(back_to(code))
    return form_page("contracts/pack_new.html", form, **around(code), unit=unit, kinds=words.UNITS)


@pages.route("/tenants/<code>/packs/<int:number>/take-back", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=pack_of)
def take_back(code: str, number: int) -> Answer:
    found = reads.one_pack(number)
    form = ReasonForm(data={"version": found.version})
    if form.validate_on_submit():
        with reading():
            is_billed = is_paid_for(f"pack:{number}", real=not settings().demo)
        try:
            told = {"is_billed": is_billed, "version": form.version.data, **by()}
            contracts.take_back_pack(number, form.reason.data or "", **told)
        except Stale:
            form.refuse("", changed_meanwhile())
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            follow(code)
            done(gettext("Taken back. Nothing is billed for it."))
            return see_other(url_for("contracts.listed", code=code))
    return form_page("contracts/pack_take_back.html", form, **around(code), one=found, say=words)
