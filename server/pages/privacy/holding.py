"""What is not deleted although its time is over: after an accident, in a dispute; until somebody decides."""

from flask import Blueprint, render_template, request, url_for
from flask import Response as JsonResponse
from flask.json import dumps
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.people.about import holder_of
from server.pages.people.reads import read_file
from server.pages.privacy import reads
from server.pages.privacy.about import hold_of
from server.pages.privacy.forms import DecisionForm, HoldMachineForm
from server.pages.privacy.held import all_of
from server.pages.privacy.looking import looked_at
from server.pages.refused import form_page, said
from server.pages.sessions.reads import machine_choices
from server.privacy.holds import end_hold, hold_machine, hold_person
from server.privacy.viewing import Looked
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("holding", __name__)
Answer = str | Response | tuple[str, int]


@pages.get("/privacy/holds")
@needs(Verb.MANAGE_ACCOUNTS)
def listed() -> str:
    return render_template("privacy/holds.html", holds=reads.holds())


@pages.route("/privacy/holds/new", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS)
def machine() -> Answer:
    form = HoldMachineForm(data={"machine": request.args.get("machine")})
    form.machine.choices = machine_choices()
    if form.validate_on_submit():
        times = (form.since.data, form.until.data)
        try:
            hold_machine(form.machine.data, *times, form.reason.data or "", actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("until", said(refusal))
        else:
            done(gettext("Nothing of it is deleted until somebody decides."))
            return see_other(url_for("holding.listed"))
    return form_page("privacy/hold_new.html", form)


@pages.route("/privacy/people/<int:number>/hold", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS, about=holder_of)
def person(number: int) -> Answer:
    form = ReasonForm()
    back = url_for("data_of.shown", number=number)
    if form.validate_on_submit():
        try:
            hold_person(number, form.reason.data or "", actor=actor().label, now=now())
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("Nothing of this person is deleted until somebody decides."))
            return see_other(back)
    file = read_file(number, sees_sessions=False)
    return form_page("privacy/hold_person.html", form, file=file, back=back)


@pages.route("/privacy/holds/<int:hold>/end", methods=["GET", "POST"])
@needs(Verb.MANAGE_ACCOUNTS, about=hold_of)
def end(hold: int) -> Answer:
    row, back = reads.hold(hold), url_for("holding.listed")
    form = DecisionForm(data={"version": row.version})
    if form.validate_on_submit():
        try:
            end_hold(hold, form.decision.data or "", version=form.version.data, actor=actor().label, now=now())
        except Stale:
            form.refuse("", gettext("Somebody has changed this hold in the meantime. Look at it again, then decide."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The hold has ended. From tonight on the times count again."))
            return see_other(back)
    return form_page("privacy/hold_end.html", form, hold=row, back=back)


@pages.get("/privacy/holds/<int:hold>/all.json")
@needs(Verb.MANAGE_ACCOUNTS, about=hold_of)
def export(hold: int) -> Response:
    """Everything that is held by it, for whoever decides; a look at the traces of everybody in it."""
    found, people = all_of(hold)
    for number in sorted(people):
        looked_at(number, Looked.HOLD)
    answer = JsonResponse(dumps(found, indent=2, ensure_ascii=False), mimetype="application/json")
    answer.headers["Content-Disposition"] = f"attachment; filename=prolab-hold-{hold}.json"
    return answer
