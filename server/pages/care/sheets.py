"""Commissioning: what a machine of medium or high risk must show before it is used, and the word that something changed."""

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.care import commissioning as records
from server.db import Stale
from server.domain.commissioning import Why
from server.domain.refusals import Refusal
from server.domain.roles import About, Verb
from server.machines import commissioning
from server.pages.care import words
from server.pages.care.forms import ChangedForm, SheetForm, renew
from server.pages.care.reads import Care, care_of
from server.pages.machines.about import machine_of
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("sheets", __name__)
Answer = Response | tuple[str, int]


@pages.get("/machines/<code>/commissioning")
@needs(Verb.RUN_MACHINES, about=machine_of)
def listed(code: str) -> str:
    care = care_of(code, now())
    return render_template("care/sheets.html", care=care, about=About(machine=code, room=care.room or None), say=words)


@pages.route("/machines/<code>/commissioning/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def new(code: str) -> Answer:
    care = _here(code)
    last = care.records[0].drawing if care.records else ""
    form = SheetForm(data={"done_on": today(), "by": actor().name, "drawing": last, "version": care.version})
    if form.validate_on_submit():
        sheet, sent = form.sheet(), form.papers.sent()
        by: Any = {"actor": actor().label, "now": now()}
        try:
            records.record(code, sheet, sent, settings().documents_dir, zone(), form.version.data, **by)
        except Stale:
            form.refuse("", gettext("Somebody has changed this machine in the meantime. See what, then send it again."))
            renew(form, _here(code).version)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(_done(care_of(code, now())))
            return see_other(url_for("sheets.listed", code=code))
    return form_page("care/sheet.html", form, care=care, say=words)


@pages.route("/machines/<code>/changed", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def changed(code: str) -> Answer:
    """Its record counts no more: whoever changed relay, contactor or wiring says so himself."""
    care = _here(code)
    form = ChangedForm(data={"version": care.version})
    if form.validate_on_submit():
        by: Any = {"actor": actor().label, "now": now()}
        try:
            commissioning.declare_change(code, Why(form.what.data), form.reason.data or "", form.version.data, **by)
        except Stale:
            form.refuse("", gettext("Somebody has changed this machine in the meantime. See what, then send it again."))
            renew(form, _here(code).version)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(machine)s waits for a commissioning record. A running session goes on.", machine=care.name))
            return see_other(url_for("sheets.listed", code=code))
    return form_page("care/changed.html", form, care=care)


def _done(care: Care) -> str:
    if care.waits_since is not None:
        return str(gettext("Kept. A line failed: %(machine)s waits for another record.", machine=care.name))
    return str(gettext("Kept. %(machine)s may be used.", machine=care.name))


def _here(code: str) -> Care:
    """One that has left the lab is not commissioned any more."""
    care = care_of(code, now())
    return care if care.ended_at is None else abort(404)
