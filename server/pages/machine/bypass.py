"""A machine whose box is broken runs over the key-switch beside it: staff declare that here, with an end, and end it."""

from flask import Blueprint, abort, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import bypass
from server.pages.machine.forms import BypassForm
from server.pages.machine.reads import MachineNow, machine_now
from server.pages.machines.about import machine_of
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.formats import moment
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("bypass", __name__)
Answer = Response | tuple[str, int]


@pages.route("/machines/<code>/bypass", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def declare(code: str) -> Answer:
    found = _now(code)
    stands = {"who": found.bypass.who, "until": found.bypass.until, "reason": found.bypass.reason}
    form = BypassForm(data={**stands, "who": stands["who"] or actor().name, "version": found.version})
    if form.validate_on_submit():
        who, why, until = form.who.data or "", form.reason.data or "", form.until.data or now()
        try:
            bypass.declare_bypass(code, who, why, until, form.version.data, actor=actor().label, now=now())
        except Stale:
            return conflict_page(form, stands, _now(code).version)
        except Refusal as refusal:
            form.refuse("until" if who.strip() else "who", said(refusal))
        else:
            text = gettext(
                "%(machine)s is bypassed until %(until)s.", machine=found.name, until=moment(form.until.data)
            )
            done(text)
            return see_other(_back(code))
    return form_page("machine/bypass.html", form, machine=found)


@pages.route("/machines/<code>/end-bypass", methods=["GET", "POST"])
@needs(Verb.RUN_MACHINES, about=machine_of)
def end(code: str) -> Answer:
    found = _now(code)
    form = ReasonForm(data={"version": found.version})
    if form.validate_on_submit():
        try:
            bypass.end_bypass(code, form.reason.data or "", form.version.data, actor=actor().label, now=now())
        except Stale:
            form.refuse(
                "", gettext("Somebody has changed this machine in the meantime. Look at it again, then decide.")
            )
        except Refusal as refusal:
            done(said(refusal))
            return see_other(_back(code))
        else:
            done(gettext("The bypass of %(machine)s is over. Take the key out.", machine=found.name))
            return see_other(_back(code))
    return form_page("machine/end_bypass.html", form, machine=found, verb=gettext("End the bypass"), back=_back(code))


def _now(code: str) -> MachineNow:
    return machine_now(code, sees_sessions=False) or abort(404)


def _back(code: str) -> str:
    return url_for("machine.page", code=code)
