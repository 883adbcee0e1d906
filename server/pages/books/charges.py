"""What was charged to a tenant today, which it may refuse the same day; and, where a dated setting says so, by name."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import refusals
from server.db import db, reading, writing
from server.domain.period import period_of
from server.domain.refusals import Refusal
from server.domain.roles import About, Verb
from server.pages.books.uses import Charged, Names, charged_by_name, charged_today, names_of
from server.pages.books.views import asked_month, beside, tenant_of
from server.pages.privacy.looking import looked_at
from server.pages.refused import form_page, said
from server.people.models import Payer, Tenant
from server.privacy.viewing import Looked
from server.usage.models import UsageSession
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, zone
from server.web.needs import actor, allowed, needs

pages = Blueprint("charges", __name__)


def charge_of(code: str, session_id: str, **others: Any) -> About:
    """A session belongs to the tenant that pays for it: one of another tenant is not there."""
    own = select(Tenant.code).join(Payer, Payer.tenant_id == Tenant.id)
    own = own.join(UsageSession, UsageSession.payer_id == Payer.id)
    with reading():
        found = db.session.scalar(own.where(Tenant.code == code, UsageSession.id == session_id))
    return About(tenant=found) if found is not None else abort(404)


@pages.get("/tenants/<code>/charges")
@needs(Verb.REFUSE_CHARGES, about=tenant_of)
def listed(code: str) -> str:
    names = _names(code)
    found = charged_today(code, now(), names)
    _told_to_whom(found)
    return render_template("books/charges.html", code=code, tenant=_tenant(code), charged=found, names=names)


@pages.route("/tenants/<code>/charges/<session_id>/refuse", methods=["GET", "POST"])
@needs(Verb.REFUSE_CHARGES, about=charge_of)
def refuse(code: str, session_id: str) -> Response | tuple[str, int]:
    back = url_for("charges.listed", code=code)
    one = next((one for one in charged_today(code, now(), _names(code)) if one.id == session_id), None)
    if one is None:
        done(gettext("A session can be refused on the day it ended. Later, ask the lab."))
        return see_other(back)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            refusals.refuse_charge(session_id, form.reason.data or "", zone=zone(), actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Refused. Nothing is issued for it until the lab has answered."))
            return see_other(back)
    return form_page("books/refuse.html", form, one=one, tenant=_tenant(code), back=back)


@pages.get("/tenants/<code>/books/names")
@needs(Verb.MANAGE_MEMBERS, about=tenant_of)
def by_name(code: str) -> str:
    """Not there before the setting says so. Each look at it stands in the journal."""
    names = names_of(code) or abort(404)
    month, current = asked_month()
    found = charged_by_name(code, period_of(month, zone()), names)
    _told_to_whom(found)
    with writing():
        audit.record(actor().label, "see_names", "tenant", code, None, {"month": month}, "", now())
    before, after = beside(month)
    told = {"month": month, "before": before, "after": after if month < current else None}
    return render_template(
        "books/names.html", code=code, tenant=_tenant(code), charged=_by_person(found), names=names, **told
    )


def _told_to_whom(found: list[Charged]) -> None:
    """Everybody whose name was seen reads on their own page who saw it."""
    for holder in {one.holder for one in found if one.holder is not None}:
        looked_at(holder, Looked.SESSIONS)


def _by_person(found: list[Charged]) -> dict[str, list[Charged]]:
    """By name, each person's sessions from the first on."""
    people: dict[str, list[Charged]] = {}
    for one in sorted(found, key=lambda one: (one.person, one.day)):
        people.setdefault(one.person, []).append(one)
    return people


def _names(code: str) -> Names | None:
    """Names are for the tenant's administrators; its accountant sees machine, hours and cost."""
    return names_of(code) if allowed(Verb.MANAGE_MEMBERS, About(tenant=code)) else None


def _tenant(code: str) -> str:
    with reading():
        return db.session.scalars(select(Tenant.name).where(Tenant.code == code)).one()
