"""What a cost centre pays for: machines, categories and hours, set by the lab or by the tenant's own administrator."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField

from server.db import Stale, db, reading
from server.domain.payers import Limits, read
from server.domain.roles import About, Verb
from server.machines.service import Hours
from server.pages.machines.week import WeekForm, week_data
from server.pages.people.paying import PayerLimits, category_names, machine_names
from server.pages.refused import form_page
from server.pages.tenants.about import payer_of
from server.people import service as people
from server.people.models import Payer, Tenant
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now
from server.web.needs import actor, allowed, needs

pages = Blueprint("limits", __name__)


class LimitsForm(WeekForm):
    categories = SelectMultipleField(lazy_gettext("All machines of these categories"))
    machines = SelectMultipleField(lazy_gettext("Single machines"))

    def offer(self) -> None:
        self.categories.choices, self.machines.choices = category_names(), machine_names()

    def limits(self) -> Limits:
        hours = tuple((one.weekday, one.opens, one.closes) for one in self.hours())
        return Limits(tuple(self.machines.data or ()), tuple(self.categories.data or ()), hours)


@pages.route("/tenants/<code>/payers/<payer>/limits", methods=["GET", "POST"])
@needs(Verb.MANAGE_MEMBERS, about=payer_of)
def edit(code: str, payer: str) -> Response | tuple[str, int]:
    now_limits, values, version = _known(payer)
    form = LimitsForm(data=values | {"version": version})
    form.offer()
    if request.method == "POST" and _only_changed_what_is_typed(form):
        return _page(code, payer, form, now_limits)
    if form.validate_on_submit():
        try:
            people.limit_payer(payer, form.limits(), version=form.version.data, actor=actor().label, now=now())
        except Stale:
            _, current, newest = _known(payer)
            return conflict_page(form, current, newest)
        done(gettext("What this cost centre pays for is kept. The machines know it in a second."))
        return see_other(_back(code))
    return _page(code, payer, form, now_limits)


def _page(code: str, payer: str, form: LimitsForm, limits: PayerLimits) -> tuple[str, int]:
    with reading():
        wanted = select(Tenant.name, Payer.cost_centre).join(Payer, Payer.tenant_id == Tenant.id)
        tenant, centre = db.session.execute(wanted.where(Payer.code == payer)).one()
    told: dict[str, Any] = {"code": code, "tenant": tenant, "centre": centre, "limits": limits, "back": _back(code)}
    is_typing = any(name in request.form for name in ("more", "copy"))
    if is_typing:
        return render_template("tenants/limits.html", form=form, **told), 200
    return form_page("tenants/limits.html", form, **told)


def _back(code: str) -> str:
    """The lab's page of the tenant, or what its own people see of it."""
    own = url_for("members.listed", code=code)
    return url_for("tenants.show", code=code) if allowed(Verb.SEE_TENANTS, About(tenant=code)) else own


def _known(payer: str) -> tuple[PayerLimits, dict[str, Any], int]:
    with reading():
        row = db.session.scalars(select(Payer).where(Payer.code == payer)).one()
        limits = PayerLimits(tuple(row.machines), tuple(row.categories), read(row.hours))
        version = row.version
    week = week_data(Hours(*stretch) for stretch in limits.hours)
    return limits, {"machines": list(limits.machines), "categories": list(limits.categories), **week}, version


def _only_changed_what_is_typed(form: LimitsForm) -> bool:
    """A button for one more opening or for copying was pressed: show what is typed, changed, and store nothing."""
    for name, change in (("copy", form.copy), ("more", form.add_to)):
        number = request.form.get(name, type=int)
        if number is not None and 0 <= number < 7:
            change(number)
            return True
    return False
