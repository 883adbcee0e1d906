"""What is agreed with a tenant: the dates of its contract, its declaration of a training frame, who of it sees names."""

from typing import Any

from flask import Blueprint, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.roles import Verb
from server.pages.people.choices import begin_of, end_of, last_day
from server.pages.refused import form_page, said
from server.pages.tenants.about import tenant_of
from server.pages.tenants.forms import NamesForm, TermsForm
from server.pages.tenants.reads import TenantFile, read_tenant
from server.people import service as people
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now, today, zone
from server.web.needs import actor, needs

pages = Blueprint("terms", __name__)

Answer = str | tuple[str, int] | Response


@pages.route("/tenants/<code>/terms", methods=["GET", "POST"])
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def edit(code: str) -> Answer:
    file = read_tenant(code, now())
    form = TermsForm(data=_terms(file) | {"version": file.version})
    if form.validate_on_submit():
        try:
            _store(code, form)
        except Stale:
            current = read_tenant(code, now())
            return conflict_page(form, _terms(current), current.version)
        except people.PeopleError as error:
            form.refuse("", said(error))
        else:
            done(gettext("The dates are kept. Panels and lists follow them by themselves."))
            return see_other(url_for("tenants.show", code=code))
    return form_page("tenants/terms.html", form, file=file)


def _store(code: str, form: TermsForm) -> None:
    terms = people.Terms(
        valid_from=begin_of(form.begins.data),
        valid_until=end_of(form.until.data),
        frame_ref=form.frame_ref.data or "",
        frame_until=end_of(form.frame_until.data),
    )
    people.set_terms(code, terms, version=form.version.data, actor=actor().label, now=now())


def _terms(file: TenantFile) -> dict[str, Any]:
    begins = None if file.valid_from is None else file.valid_from.astimezone(zone()).date()
    return {
        "begins": begins,
        "until": last_day(file.valid_until),
        "frame_ref": file.frame_ref,
        "frame_until": last_day(file.frame_until),
    }


# --- who of it sees names ---------------------------------------------------------------------------------------------


@pages.route("/tenants/<code>/names", methods=["GET", "POST"])
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def names(code: str) -> Answer:
    file = read_tenant(code, now())
    form = NamesForm(data=_names(file) | {"version": file.version})
    if form.validate_on_submit():
        assert form.since.data is not None
        told = (form.since.data, form.reason.data or "", form.times.data)
        try:
            people.show_names(code, *told, version=form.version.data, actor=actor().label, now=now())
        except Stale:
            current = read_tenant(code, now())
            return conflict_page(form, _names(current), current.version)
        done(gettext("Its administrators see who used what, from that day on."))
        return see_other(url_for("tenants.show", code=code))
    return form_page("tenants/names.html", form, file=file)


@pages.route("/tenants/<code>/names/hide", methods=["GET", "POST"])
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def hide(code: str) -> Answer:
    file = read_tenant(code, now())
    form = ReasonForm(data={"version": file.version})
    if form.validate_on_submit():
        try:
            by: Any = {"version": form.version.data, "actor": actor().label, "now": now()}
            people.hide_names(code, form.reason.data or "", **by)
        except Stale:
            form.refuse("", gettext("Somebody changed this tenant meanwhile. Look again, then decide."))
            form.version.raw_data, form.version.data = None, file.version
        else:
            done(gettext("Hidden again: it sees hours and cost, of earlier months, too."))
            return see_other(url_for("tenants.show", code=code))
    return form_page("tenants/hide_names.html", form, file=file, back=url_for("tenants.show", code=code))


def _names(file: TenantFile) -> dict[str, Any]:
    return {"since": file.names_since or today(), "reason": file.names_reason, "times": file.names_times}
