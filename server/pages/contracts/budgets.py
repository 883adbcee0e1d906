"""Budgets of a tenant and its cost centres: set by the lab, or by the tenant's own administrators for themselves."""

from flask import Blueprint, abort
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.contracts import service as contracts
from server.contracts.service import ContractError, Known, Limit
from server.db import Stale, reading
from server.domain.roles import THE_LAB, Verb
from server.pages.contracts import forms, reads, words
from server.pages.contracts.about import budget_of, tenant_of
from server.pages.contracts.views import around, back_to, by, changed_meanwhile, follow
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, today
from server.web.needs import allowed, needs

pages = Blueprint("budgets", __name__)
Answer = Response | tuple[str, int]


@pages.route("/tenants/<code>/budgets/new", methods=["GET", "POST"])
@needs(Verb.SET_BUDGETS, about=tenant_of)
def new(code: str) -> Answer:
    form = forms.NewBudgetForm(data={"since": today().replace(day=1)})
    form.offer(reads.payer_choices(code, now()))
    if form.validate_on_submit():
        told = (form.payer.data or None, form.limit(), form.reason.data or "")
        try:
            contracts.add_budget(code, *told, by_lab=_is_the_lab(), **by())
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            follow(code)
            done(gettext("The budget holds. Its people get a mail at 80 % and when it is used up."))
            return see_other(back_to(code))
    return form_page("contracts/budget_new.html", form, **around(code))


@pages.route("/tenants/<code>/budgets/<int:number>/change", methods=["GET", "POST"])
@needs(Verb.SET_BUDGETS, about=budget_of)
def change(code: str, number: int) -> Answer:
    found = _theirs(number)
    form = forms.BudgetForm(data=forms.budget_data(_limit(found)) | {"version": found.version})
    if form.validate_on_submit():
        try:
            contracts.change_budget(number, form.limit(), form.reason.data or "", version=form.version.data, **by())
        except Stale:
            current = _known(number)
            return conflict_page(form, forms.budget_data(_limit(current)), current.version)
        except ContractError as refusal:
            form.refuse("", said(refusal))
        else:
            follow(code)
            done(gettext("The budget is changed. The machines know it in a second."))
            return see_other(back_to(code))
    return form_page("contracts/budget_change.html", form, **around(code), one=found, say=words)


@pages.route("/tenants/<code>/budgets/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.SET_BUDGETS, about=budget_of)
def end(code: str, number: int) -> Answer:
    found = _theirs(number)
    form = forms.EndForm(data={"last": max(today(), found.rule.since), "version": found.version})
    if form.validate_on_submit():
        last = forms.until(form.last.data)
        assert last is not None
        try:
            contracts.end_budget(number, last, form.reason.data or "", version=form.version.data, **by())
        except Stale:
            form.refuse("", changed_meanwhile())
        except ContractError as refusal:
            form.refuse("last", said(refusal))
        else:
            follow(code)
            done(gettext("Nothing limits it any more after that day."))
            return see_other(back_to(code))
    return form_page("contracts/budget_end.html", form, **around(code), one=found, say=words)


def _is_the_lab() -> bool:
    return allowed(Verb.SET_CONTRACTS, THE_LAB)


def _theirs(number: int) -> Known:
    """What the lab has set, its tenants do not change."""
    found = _known(number)
    return abort(403) if found.by_lab and not _is_the_lab() else found


def _known(number: int) -> Known:
    with reading():
        return next((one for one in contracts.known_budgets() if one.rule.id == number), None) or abort(404)


def _limit(known: Known) -> Limit:
    return Limit(known.rule.cents, known.rule.monthly, known.rule.since, known.rule.until)
