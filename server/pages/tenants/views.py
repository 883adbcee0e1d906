"""The list of tenants, a new one, the page of one, what is known of it, and what is decided about it as a whole."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale, writing
from server.domain.roles import Verb
from server.pages.people.paying import limits_of
from server.pages.prices.words import KINDS, treatment
from server.pages.refused import said
from server.pages.tenants.about import tenant_of
from server.pages.tenants.forms import NewTenantForm, SuspendForm, TenantForm
from server.pages.tenants.reads import Show, TenantFile, find_tenants, members, read_tenant
from server.pages.tenants.words import PROOFS
from server.people import service as people
from server.people.models import TenantKind
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now, settings, today
from server.web.needs import actor, needs
from wire.messages import Shows

pages = Blueprint("tenants", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/tenants")
@needs(Verb.SEE_TENANTS)
def index() -> str:
    typed, kind, asked = (request.args.get(name, "").strip() for name in ("q", "kind", "show"))
    chosen = Show(asked) if asked in set(Show) else Show.HERE
    page = find_tenants(typed, kind, chosen, now())
    told = {"typed": typed, "kind": kind, "chosen": chosen, "Show": Show, "kinds": KINDS, "now": now()}
    return render_template("tenants/list.html", page=page, **told)


@pages.get("/tenants/new")
@needs(Verb.EDIT_TENANTS)
def new() -> str:
    return _new_page(NewTenantForm(data={"language": "fr", "cost_centre": gettext("General")}))


@pages.post("/tenants/new")
@needs(Verb.EDIT_TENANTS)
def add() -> Answer:
    form = NewTenantForm()
    form.offer_parents()
    if not form.validate_on_submit():
        return _new_page(form), 422
    code, centre = form.code.data or "", form.cost_centre.data or ""
    by: Any = {"actor": actor().label, "now": now()}
    try:
        with writing():
            kind = TenantKind(form.kind.data)
            people.add_tenant(code, form.name.data or "", kind, form.language.data, form.parent.data or None, **by)
            people.add_payer(code, code, centre, label_of(form.name.data or "", centre), **by)
    except people.PeopleError as error:
        form.refuse("code", said(error))
        return _new_page(form), 422
    done(gettext("%(name)s is here. The next step is an address for its documents.", name=form.name.data))
    return see_other(url_for("tenants.show", code=code))


def label_of(name: str, centre: str) -> str:
    """How a payer is named on the panel of a machine."""
    return f"{name[:40]} · {centre}"[:60]


def _new_page(form: NewTenantForm) -> str:
    form.offer_parents()
    return render_template("tenants/new.html", form=form)


@pages.get("/tenants/<code>")
@needs(Verb.SEE_TENANTS, about=tenant_of)
def show(code: str) -> str:
    file = read_tenant(code, now())
    told = {"now": now(), "today": today(), "kinds": KINDS, "treatment": treatment, "limits": limits_of(code)}
    told |= {"proof_kinds": PROOFS}
    return render_template("tenants/tenant.html", file=file, **told)


@pages.get("/tenants/<code>/edit")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def edit(code: str) -> str:
    file = read_tenant(code, now())
    return _edit_page(TenantForm(data=_values(file) | {"version": file.version}), file)


@pages.post("/tenants/<code>/edit")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def save(code: str) -> Answer:
    form, file = TenantForm(), read_tenant(code, now())
    form.offer_parents(code)
    if not form.validate_on_submit():
        return _edit_page(form, file), 422
    said_of_it = (form.name.data or "", TenantKind(form.kind.data), form.language.data, form.parent.data or None)
    try:
        people.edit_tenant(
            code, *said_of_it, Shows(form.shows.data), version=form.version.data, actor=actor().label, now=now()
        )
    except Stale:
        current = read_tenant(code, now())
        return conflict_page(form, _values(current), current.version)
    done(gettext("%(name)s is changed.", name=form.name.data))
    return see_other(url_for("tenants.show", code=code))


def _edit_page(form: TenantForm, file: TenantFile) -> str:
    form.offer_parents(file.code)
    return render_template("tenants/edit.html", form=form, file=file)


def _values(file: TenantFile) -> dict[str, Any]:
    parent = file.parent[0] if file.parent else ""
    return {
        "name": file.name,
        "kind": file.kind,
        "language": file.language,
        "parent": parent,
        "shows": file.shows,
    }


# --- as a whole -------------------------------------------------------------------------------------------------------


@pages.get("/tenants/<code>/suspend")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def ask_suspend(code: str) -> str:
    return _ask_suspend(code, SuspendForm(data={"decided_by": actor().name, "notice_days": 7}))


@pages.post("/tenants/<code>/suspend")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def suspend(code: str) -> Answer:
    form = SuspendForm()
    if not form.validate_on_submit():
        return _ask_suspend(code, form), 422
    papers = people.Papers(form.decided_by.data or "", form.letter_on.data, form.notice_days.data)
    by: Any = {"version": form.version.data, "actor": actor().label, "now": now()}
    try:
        with writing():
            people.suspend_tenant(code, form.reason.data or "", form.since.data, papers, **by)
            people.warn_members(settings(), now())
    except Stale:
        form.refuse("", gettext("Somebody changed this tenant meanwhile. Look at what is touched now, then decide."))
        return _ask_suspend(code, form), 409
    done(gettext("Suspended. Panels say “access paused”, and nothing about money."))
    return see_other(url_for("tenants.show", code=code))


def _ask_suspend(code: str, form: SuspendForm) -> str:
    """With the name of everybody who is touched."""
    return _ask("tenants/suspend.html", code, form, touched=members(code, now()))


@pages.get("/tenants/<code>/resume")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def ask_resume(code: str) -> str:
    return _ask("tenants/resume.html", code, ReasonForm())


@pages.post("/tenants/<code>/resume")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def resume(code: str) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _ask("tenants/resume.html", code, form), 422
    people.resume_tenant(code, form.reason.data or "", actor=actor().label, now=now())
    done(gettext("Resumed. Its members may start again, within a second."))
    return see_other(url_for("tenants.show", code=code))


@pages.get("/tenants/<code>/end")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def ask_end(code: str) -> str:
    return _ask("tenants/end.html", code, ReasonForm())


@pages.post("/tenants/<code>/end")
@needs(Verb.EDIT_TENANTS, about=tenant_of)
def end(code: str) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _ask("tenants/end.html", code, form), 422
    try:
        people.end_tenant(code, form.reason.data or "", version=form.version.data, actor=actor().label, now=now())
    except Stale:
        form.refuse("", gettext("Somebody changed this tenant meanwhile. Look at what is touched now, then decide."))
        return _ask("tenants/end.html", code, form), 409
    except people.PeopleError as error:
        form.refuse("", said(error))
        return _ask("tenants/end.html", code, form), 422
    done(gettext("This tenant has left. What it owes is still invoiced."))
    return see_other(url_for("tenants.show", code=code))


def _ask(template: str, code: str, form: Any, **told: Any) -> str:
    file = read_tenant(code, now())
    form.version.data, form.version.raw_data = file.version, None  # the page shows what stands now
    return render_template(template, file=file, form=form, back=url_for("tenants.show", code=code), now=now(), **told)
