"""How long things are kept and why, what goes tonight, and what the last nights took."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.retention import Kept
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.privacy import reads, words
from server.pages.privacy.about import class_of
from server.pages.privacy.forms import RuleForm
from server.pages.refused import form_page, said
from server.privacy import retention
from server.privacy.rules import rules, set_rule
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("privacy", __name__)
Answer = str | Response | tuple[str, int]


@pages.get("/privacy")
@needs(Verb.MANAGE_ACCOUNTS)
def tonight() -> str:
    return render_template("privacy/tonight.html", tonight=reads.tonight(), runs=reads.runs(), words=words)


@pages.route("/privacy/run", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS)
def run() -> Answer:
    """Nobody waits for it: the job begins within a second, and this page shows what it took."""
    form = Form()
    if form.validate_on_submit():
        retention.ask_now(actor().label, now())
        done(gettext("The job has begun. What it took stands below, as soon as it is through."))
        return see_other(url_for("privacy.tonight"))
    return render_template("privacy/run.html", form=form, tonight=reads.tonight(), back=url_for("privacy.tonight"))


@pages.route("/privacy/rules/<kept>", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS, about=class_of)
def rule(kept: str) -> Answer:
    known = rules()[Kept(kept)]
    form = RuleForm(data={"keep": known.rule.keep, "version": known.version})
    form.bound_by(known.rule)
    if form.validate_on_submit():
        by: Any = {"version": form.version.data, "actor": actor().label, "now": now()}
        try:
            set_rule(Kept(kept), form.keep.data or 0, form.reason.data or "", **by)
        except Stale:
            current = rules()[Kept(kept)]
            return conflict_page(form, {"keep": current.rule.keep, "reason": current.reason}, current.version)
        except Refusal as refusal:
            form.refuse("keep", said(refusal))
        else:
            done(gettext("Decided. It counts from tonight on, and stands on the notice now."))
            return see_other(url_for("privacy.tonight"))
    trail = told(audit.trail("retention", kept))
    return form_page("privacy/rule.html", form, line=reads.line_of(Kept(kept)), trail=trail, words=words)
