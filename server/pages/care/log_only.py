"""Log-only: for which risk class, until when, and why; begun and ended here."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.care import log_only
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.care.forms import LogOnlyForm
from server.pages.machines.words import RISKS
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.formats import moment
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs
from wire.messages import RiskClass

pages = Blueprint("log_only", __name__)
Answer = Response | tuple[str, int]


@pages.get("/log-only")
@needs(Verb.EDIT_MACHINES)
def listed() -> str:
    trail = told(audit.trail_of([("log_only", risk.value) for risk in RiskClass]))
    return render_template("care/log_only.html", rows=log_only.in_force(now()), risks=RISKS, trail=trail)


@pages.route("/log-only/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def new() -> Answer:
    form = LogOnlyForm(data={"risk": RiskClass.LOW.value})
    if form.validate_on_submit():
        risk = RiskClass(form.risk.data)
        try:
            log_only.begin(risk, form.until.data or now(), form.reason.data or "", **_by())
        except Stale:
            form.refuse("", gettext("Somebody was faster. Look at it again, then decide."))
        except Refusal as refusal:
            form.refuse("until", said(refusal))
        else:
            done(
                gettext(
                    "Risk class %(risk)s only logs until %(until)s.", risk=RISKS[risk], until=moment(form.until.data)
                )
            )
            return see_other(url_for("log_only.listed"))
    return form_page("care/log_only_new.html", form)


@pages.route("/log-only/<risk>/end", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def end(risk: str) -> Answer:
    wanted = RiskClass(risk) if risk in set(RiskClass) else abort(404)
    row = log_only.in_force(now()).get(wanted) or abort(404)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            log_only.end(wanted, form.reason.data or "", **_by())
        except Refusal as refusal:
            done(said(refusal))
        else:
            done(gettext("Refusals deny again. The agents have it in a second."))
        return see_other(url_for("log_only.listed"))
    more = {"verb": gettext("Deny again"), "back": url_for("log_only.listed")}
    return form_page("care/end_log_only.html", form, risk=RISKS[wanted], row=row, **more)


def risks_now() -> list[tuple[str, datetime]]:
    """The risk classes that only log just now, and until when; for the banner on Today and on the plan."""
    return [(str(RISKS[risk]), row.until) for risk, row in log_only.in_force(now()).items()]


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
