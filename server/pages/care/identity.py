"""Which machine it is, and another one in its place: what goes over to it is asked one by one."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.billing import service as billing
from server.billing.models import Tariff
from server.bookings import service as bookings
from server.db import Stale, db, writing
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.rule_text import from_plain
from server.domain.tariffs import Scope
from server.machines import identity as identities
from server.machines.models import Machine
from server.pages.care.forms import IdentityForm, ReplaceForm, renew
from server.pages.care.reads import Care, care_of
from server.pages.machines import reads
from server.pages.machines.about import machine_of
from server.pages.refused import form_page, said
from server.people.models import Tenant
from server.training import service as training
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("identity", __name__)
Answer = Response | tuple[str, int]


@pages.route("/machines/<code>/identity", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def edit(code: str) -> Answer:
    care = _here(code)
    form = IdentityForm(data={**asdict(care.identity), "version": care.version})
    if form.validate_on_submit():
        try:
            identities.identify(code, form.identity(), form.version.data, **_by())
        except Stale:
            theirs = _here(code)
            return conflict_page(form, asdict(theirs.identity), theirs.version)
        except Refusal as refusal:
            form.refuse("manual_url", said(refusal))
        else:
            done(gettext("Stored."))
            return see_other(url_for("machine.page", code=code))
    return form_page("care/identity.html", form, care=care)


@pages.route("/machines/<code>/replace", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def replace(code: str) -> Answer:
    care, touched = _here(code), reads.touched_by_end(code, now())
    usual = dict.fromkeys(("skills", "prices", "bookings", "rules"), "keep")
    form = ReplaceForm(data={**usual, "name": care.name, "version": care.version})
    if form.validate_on_submit() and touched.running_since is not None:
        form.refuse("", gettext("It is running. Wait for the end of the session, or end it where the sessions are."))
    elif form.is_submitted() and not form.errors:
        try:
            _replace(care, form)
        except Stale:
            form.refuse("", gettext("Somebody has changed this machine in the meantime. See what, then send it again."))
            renew(form, _here(code).version)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(machine)s stands in its place. Now commission it.", machine=form.name.data))
            return see_other(url_for("machine.page", code=form.code.data))
    return form_page("care/replace.html", form, care=care, touched=touched, skills=_skills(code))


def _replace(care: Care, form: ReplaceForm) -> None:
    new, name, reason = form.code.data or "", form.name.data or "", form.reason.data or ""
    with writing():
        skills = reads.machine_as_it_is(care.code).skills
        keeps = form.rules.data == "keep"
        version = form.version.data
        identities.replace_machine(care.code, new, name, form.identity(), reason, version, keeps_rules=keeps, **_by())
        training.require_skills(new, skills if form.skills.data == "keep" else (), **_by())
        if form.prices.data == "keep":
            _carry_prices(care.code, new)
        if form.bookings.data == "keep":  # what stays with a machine that has ended is cancelled by ``work``
            bookings.carry_over(care.code, new, **_by())


def _carry_prices(old: str, new: str) -> None:
    """The prices of the old machine alone that hold now or are to come: from now on they hold for the new one."""
    wanted = select(Tariff, Tenant.code).outerjoin(Tenant, Tenant.id == Tariff.tenant_id)
    wanted = wanted.join(Machine, Machine.id == Tariff.machine_id).where(Machine.code == old)
    wanted = wanted.where(Tariff.valid_until.is_(None) | (Tariff.valid_until > now())).order_by(Tariff.valid_from)
    for row, tenant in db.session.execute(wanted).all():
        scope = Scope(machine=new, tenant=tenant, tenant_kind=row.tenant_kind, member_class=row.member_class)
        since = max(row.valid_from, now())
        billing.add_tariff(scope, from_plain(row.rule), since, row.valid_until, row.reason, **_by())


def _skills(code: str) -> tuple[str, ...]:
    names = dict(reads.choices_for(code).skills)
    return tuple(names.get(skill, skill) for skill in reads.machine_as_it_is(code).skills)


def _here(code: str) -> Care:
    care = care_of(code, now())
    return care if care.ended_at is None else abort(404)


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
