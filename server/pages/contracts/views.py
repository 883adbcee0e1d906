"""What was agreed with a tenant, on one page; and a contract: a new one, another amount from a day on, its end."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import standing
from server.billing.agreed import billed_until
from server.contracts import service as contracts
from server.contracts.service import ContractError
from server.db import Stale, db, reading
from server.domain.contracts import Gives
from server.domain.roles import Verb
from server.pages.contracts import forms, reads, words
from server.pages.contracts.about import contract_of, tenant_of
from server.pages.contracts.left import used_budgets
from server.pages.people.paying import category_names
from server.pages.refused import form_page, said
from server.people.models import Tenant
from server.web import formats
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, settings, today
from server.web.needs import actor, needs

pages = Blueprint("contracts", __name__)
pages.add_app_template_global(used_budgets)
Answer = Response | tuple[str, int]


@pages.get("/tenants/<code>/contracts")
@needs(Verb.SEE_TENANT_BOOKS, about=tenant_of)
def listed(code: str) -> str:
    file = reads.read_contracts(code, now())
    return render_template("contracts/list.html", file=file, say=words, today=today())


@pages.route("/tenants/<code>/contracts/new", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=tenant_of)
def new(code: str) -> Answer:
    gives = asked_kind(Gives, Gives.HOURS)
    form = forms.NEW[gives](data={"since": today().replace(day=1)})
    form.offer(reads.payer_choices(code, now()), category_names())
    if form.validate_on_submit():
        told = (form.name.data or "", gives, form.given(), form.whom(), form.since.data, forms.until(form.last.data))
        try:
            contracts.refuse_billed(form.since.data, _billed_until(code))
            contracts.add_contract(code, *told, form.reason.data or "", **by())
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            follow(code)
            done(gettext("Agreed. Documents and panels follow it by themselves."))
            return see_other(back_to(code))
    return form_page("contracts/new.html", form, **around(code), gives=gives, kinds=words.GIVES)


@pages.route("/tenants/<code>/contracts/<int:number>/change", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=contract_of)
def change(code: str, number: int) -> Answer:
    found = reads.one_contract(number)
    data = forms.given_data(found.gives, found.given) | {"since": max(today(), found.since), "version": found.version}
    form = forms.CHANGE[found.gives](data=data)
    if form.validate_on_submit():
        told: dict[str, Any] = {"billed_until": _billed_until(code), "version": form.version.data, **by()}
        try:
            contracts.change_contract(number, form.given(), form.since.data, form.reason.data or "", **told)
        except Stale:
            theirs = reads.one_contract(number)
            return conflict_page(form, forms.given_data(theirs.gives, theirs.given), theirs.version)
        except ContractError as refusal:
            form.refuse("since", said(refusal))
        else:
            follow(code)
            done(gettext("It holds so from %(day)s on.", day=formats.day(form.since.data)))
            return see_other(back_to(code))
    trail = audit.trail("contract", number)
    return form_page("contracts/change.html", form, **around(code), one=found, say=words, trail=trail)


@pages.route("/tenants/<code>/contracts/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_CONTRACTS, about=contract_of)
def end(code: str, number: int) -> Answer:
    found = reads.one_contract(number)
    month_end = (today().replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    form = forms.EndForm(data={"last": max(month_end, found.since), "version": found.version})
    if form.validate_on_submit():
        told: dict[str, Any] = {"billed_until": _billed_until(code), "version": form.version.data, **by()}
        last = forms.until(form.last.data)
        assert last is not None
        try:
            contracts.end_contract(number, last, form.reason.data or "", **told)
        except Stale:
            form.refuse("", changed_meanwhile())
        except ContractError as refusal:
            form.refuse("last", said(refusal))
        else:
            follow(code)
            done(gettext("It ends on %(day)s.", day=formats.day(form.last.data)))
            return see_other(back_to(code))
    return form_page("contracts/end.html", form, **around(code), one=found, say=words)


def around(code: str) -> dict[str, Any]:
    """What every form about a tenant's contracts shows around itself."""
    return {"code": code, "tenant": reads.tenant_name(code), "back": back_to(code)}


def follow(code: str) -> None:
    """What is left to this tenant is worked out now; where others are concerned, ``work`` does it within the minute."""
    with reading():
        number = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
    standing.refresh(settings(), now(), [number])


def back_to(code: str) -> str:
    return url_for("contracts.listed", code=code)


def by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}


def changed_meanwhile() -> str:
    return gettext("Somebody has changed this in the meantime. Look at it again, then decide.")


def asked_kind(kinds: Any, usual: Any) -> Any:
    """Which kind the address asks for, as ``?kind=credit``."""
    known = {one.value: one for one in kinds}
    return known.get(request.args.get("kind", ""), usual)


def _billed_until(code: str) -> Any:
    with reading():
        return billed_until(code)
