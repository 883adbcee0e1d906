"""Checks of a machine: what is asked for and when, what came of each, and the report itself."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.care import checks
from server.care.checks import Asked
from server.db import Stale
from server.domain.checks import CheckKind
from server.domain.refusals import Refusal
from server.domain.roles import About, Verb
from server.pages.audit.trails import told
from server.pages.care import words
from server.pages.care.forms import CheckForm, ReportForm, renew
from server.pages.care.reads import Care, CheckRow, care_of
from server.pages.machines.about import machine_of
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Form, ReasonForm
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("checks", __name__)
Answer = Response | tuple[str, int]


@pages.get("/machines/<code>/checks")
@needs(Verb.RUN_MACHINES, about=machine_of)
def listed(code: str) -> str:
    care = care_of(code, now())
    return render_template("care/checks.html", care=care, about=About(machine=code, room=care.room or None), **_say())


@pages.route("/machines/<code>/checks/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def new(code: str) -> Answer:
    care = _here(code)
    form = CheckForm(data={"kind": CheckKind.LEGAL.value, "every_months": 12})
    if form.validate_on_submit():
        try:
            checks.add_check(code, form.asked(), zone(), **_by())
        except Refusal as refusal:
            form.refuse("every_months", said(refusal))
        else:
            done(gettext("%(check)s is checked from now on.", check=form.name.data))
            return see_other(_back(code))
    return form_page("care/check.html", form, care=care, check=None, trail=())


@pages.route("/machines/<code>/checks/<int:number>", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def edit(code: str, number: int) -> Answer:
    care, check = _check(code, number)
    form = CheckForm(data={**_data(check), "version": check.version})
    if form.validate_on_submit():
        try:
            checks.change_check(number, form.asked(), zone(), form.version.data, **_by())
        except Stale:
            _, theirs = _check(code, number)
            return conflict_page(form, _data(theirs), theirs.version)
        except Refusal as refusal:
            form.refuse("every_months", said(refusal))
        else:
            done(gettext("Stored. The agents have it in a second."))
            return see_other(_back(code))
    return form_page("care/check.html", form, care=care, check=check, trail=told(audit.trail("check", number)))


@pages.route("/machines/<code>/checks/<int:number>/report", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def report(code: str, number: int) -> Answer:
    care, check = _check(code, number)
    form = ReportForm(data={"done_on": today(), "by": check.body, "version": check.version})
    if form.validate_on_submit():
        found, sent = form.found(), form.papers.sent()
        try:
            checks.report(number, found, sent, settings().documents_dir, zone(), form.version.data, **_by())
        except Stale:
            _again(form, _check(code, number)[1].version)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The report on %(check)s is kept.", check=check.name))
            return see_other(_back(code))
    return form_page("care/report.html", form, care=care, check=check, say=words)


@pages.route("/machines/<code>/checks/<int:number>/end", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def end(code: str, number: int) -> Answer:
    care, check = _check(code, number)
    form = ReasonForm(data={"version": check.version})
    if form.validate_on_submit():
        try:
            checks.end_check(number, form.reason.data or "", form.version.data, **_by())
        except Stale:
            _again(form, _check(code, number)[1].version)
        else:
            done(gettext("%(check)s is no longer asked for. Its reports stay.", check=check.name))
            return see_other(_back(code))
    more = {"verb": gettext("No longer ask for it"), "back": url_for("checks.edit", code=code, number=number)}
    return form_page("care/end_check.html", form, care=care, check=check, **more)


@pages.route("/machines/<code>/checks/<int:number>/reserves", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def lift(code: str, number: int) -> Answer:
    """What the last report asked to be put right is done."""
    care, check = _check(code, number)
    form = ReasonForm(data={"version": check.version})
    if form.validate_on_submit():
        try:
            checks.lift_reserves(number, form.reason.data or "", form.version.data, **_by())
        except Stale:
            _again(form, _check(code, number)[1].version)
        else:
            done(gettext("The reserves on %(check)s are lifted.", check=check.name))
            return see_other(_back(code))
    more = {"verb": gettext("The reserves are lifted"), "back": _back(code)}
    return form_page("care/lift_reserves.html", form, care=care, check=check, **more)


def _again(form: Form, version: int) -> None:
    form.refuse("", gettext("Somebody has changed this check in the meantime. See what, then send it again."))
    renew(form, version)


def _here(code: str) -> Care:
    care = care_of(code, now())
    return care if care.ended_at is None else abort(404)


def _check(code: str, number: int) -> tuple[Care, CheckRow]:
    care = _here(code)
    found = next((one for one in care.open_checks if one.id == number), None)
    return (care, found) if found is not None else abort(404)


def _data(check: CheckRow) -> dict[str, Any]:
    said = Asked(
        CheckKind(check.kind), check.name, check.due_on, check.every_months, check.every_days, check.basis, check.body
    )
    plain = {name: getattr(said, name) for name in ("name", "basis", "body", "every_months", "every_days", "due_on")}
    return {**plain, "kind": check.kind}


def _back(code: str) -> str:
    return url_for("checks.listed", code=code)


def _say() -> dict[str, Any]:
    return {"say": words, "now": now(), "today": today()}


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
