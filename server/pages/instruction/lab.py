"""For the lab: all sign-offs and what became of them, and what it decides once about sign-offs and classes."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.courses.lessons import MACHINES, RISK, limits
from server.db import reading, writing
from server.domain import classes
from server.domain.roles import Verb
from server.domain.signing import State
from server.instruction.rows import SIGN_OFF_HOURS, USUAL_HOURS, time_to_tick
from server.machines.lab_settings import decide
from server.pages.instruction.forms import RulesForm
from server.pages.instruction.reads import sign_offs
from server.pages.instruction.words import REASONS, STATES
from server.pages.machines.words import RISKS
from server.pages.refused import form_page
from server.web.answers import done, see_other
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("instruction", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/sign-offs/all")
@needs(Verb.SEE_TRAINING)
def listed() -> str:
    """What was signed off at machines, by whom, and what became of it."""
    told = {"states": STATES, "reasons": REASONS, "State": State, "everybody": True}
    return render_template("instruction/sign_offs.html", rows=sign_offs(now()), **told)


@pages.get("/instruction/rules")
@needs(Verb.EDIT_SKILLS)
def rules() -> Answer:
    with reading():
        most, risk = limits()
        hours = int(time_to_tick().total_seconds() // 3600)
    return _page(_form({"sign_off_hours": hours, "class_machines": most, "class_risk": risk.value}))


@pages.post("/instruction/rules")
@needs(Verb.EDIT_SKILLS)
def decide_rules() -> Answer:
    form = _form()
    if not form.validate_on_submit():
        return _page(form)
    by: dict[str, Any] = {"actor": actor().label, "now": now()}
    with writing():
        decide(SIGN_OFF_HOURS, form.sign_off_hours.data, USUAL_HOURS, **by)
        decide(MACHINES, form.class_machines.data, classes.USUAL_MACHINES, **by)
        decide(RISK, form.class_risk.data, classes.USUAL_RISK.value, **by)
    done(gettext("Decided."))
    return see_other(url_for("instruction.rules"))


def _form(values: dict[str, object] | None = None) -> RulesForm:
    form = RulesForm(data=values)
    form.class_risk.choices = [(risk.value, str(said)) for risk, said in RISKS.items()]
    return form


def _page(form: RulesForm) -> Answer:
    return form_page("instruction/rules.html", form)
