"""The list of machines, and the pages where one is added, changed, and taken out of the lab."""

from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing.gaps import price_gaps
from server.care.facts import USUAL_MINORS
from server.db import Stale, writing
from server.domain.commissioning import needs_record
from server.domain.effects import with_machine
from server.domain.facts import Facts
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.domain.rules import RuleClash
from server.machines import changes
from server.machines import service as machines
from server.machines.changes import Rules
from server.pages.audit.trails import told
from server.pages.effects import confirmed, what_if
from server.pages.machines import finding, forms, reads, words
from server.pages.machines.about import machine_of
from server.pages.refused import form_page, said
from server.training import service as training
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("machines", __name__)
Answer = Response | tuple[str, int]


@pages.get("/machines")
@needs(Verb.SEE_FLOOR)
def listed() -> str:
    asked = _asked()
    here, ended = finding.count_of_machines()
    return render_template(
        "machines/list.html",
        rooms=finding.find_machines(asked, now()),
        asked=asked,
        choices=reads.choices_for(),
        counts=(here, ended),
        gaps=price_gaps(now()),
        say=words,
        Show=finding.Show,
    )


@pages.route("/machines/new", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES)
def new() -> Answer:
    form = forms.NewMachineForm(data=forms.usual_data())
    form.offer(reads.choices_for())
    if form.validate_on_submit():
        try:
            code = _add(form)
        except RuleClash as clash:
            form.refuse_rule(clash, said(clash))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(_added(form.rules()))
            return see_other(_overview(code))
    return form_page("machines/new.html", form, agents=bool(form.agent.choices))


@pages.route("/machines/<code>/edit", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def edit(code: str) -> Answer:
    found = reads.machine_as_it_is(code)
    if found.ended_at is not None:
        return redirect(url_for("machines.listed", show=finding.Show.ENDED))
    form = forms.MachineForm(data={**forms.form_data(found.rules, found.skills), "version": found.version})
    form.offer(reads.choices_for(code))
    asked = what_if(partial(_as_changed, code, form)) if form.validate_on_submit() and not confirmed() else None
    if asked is not None and asked.locks_out:
        return form_page(
            "machines/edit.html", form, machine=found, trail=told(audit.trail("machine", code)), asked=asked
        )
    if form.validate_on_submit():
        try:
            _change(found, form.rules(), form.skills.data or [], form.version.data)
        except Stale:
            return _two_editors(form, code)
        except RuleClash as clash:
            form.refuse_rule(clash, said(clash))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(machine)s is stored. Its agent has the new rules in a second.", machine=form.name.data))
            return see_other(_overview(code))
    trail = told(audit.trail("machine", code))
    return form_page("machines/edit.html", form, machine=found, trail=trail)


@pages.route("/machines/<code>/end", methods=["GET", "POST"])
@needs(Verb.EDIT_MACHINES, about=machine_of)
def end(code: str) -> Answer:
    found = reads.machine_as_it_is(code)
    if found.ended_at is not None:
        abort(404)
    form = ReasonForm(data={"version": found.version})
    touched = reads.touched_by_end(code, now())
    if form.validate_on_submit() and touched.running_since is not None:
        form.refuse("", gettext("It is running. Wait for the end of the session, or end it where the sessions are."))
    elif form.is_submitted() and not form.errors:
        try:
            changes.end_machine(code, form.reason.data or "", form.version.data, actor=actor().label, now=now())
        except Stale:
            form.refuse(
                "", gettext("Somebody has changed this machine in the meantime. Look at it again, then decide.")
            )
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("%(machine)s is out of the lab. Its sessions and documents stay.", machine=found.rules.name))
            return see_other(url_for("machines.listed"))
    return form_page("machines/end.html", form, machine=found, touched=touched)


def _as_changed(code: str, form: forms.MachineForm, facts: Facts) -> Facts:
    """The lab's facts as they would be: what of this form decides who may start."""
    rules = form.rules()
    before = next(one for one in facts.machines if one.code == code)
    minors = rules.minors or USUAL_MINORS[rules.risk]
    return with_machine(
        facts, replace(before, skills=frozenset(form.skills.data or []), risk=rules.risk, minors=minors)
    )


def _added(rules: Rules) -> str:
    if needs_record(rules.risk):
        text = gettext("%(machine)s is in the list. It can be started once it is commissioned.", machine=rules.name)
    else:
        text = gettext(
            "%(machine)s is in the list. It can be started once its agent has the new list.", machine=rules.name
        )
    return str(text)


def _overview(code: str) -> str:
    """The machine's own page."""
    return url_for("machine.page", code=code)


def _asked() -> finding.Asked:
    wanted = request.args.get("show", "")
    show = finding.Show(wanted) if wanted in set(finding.Show) else finding.Show.HERE
    return finding.Asked(
        request.args.get("q", "").strip(), request.args.get("room", ""), request.args.get("category", ""), show
    )


def _add(form: forms.NewMachineForm) -> str:
    rules, by = form.rules(), _by()
    code: str = form.code.data or ""
    place = (code, rules.name, rules.category, rules.agent, rules.risk, rules.room)
    with writing():
        machines.add_machine(*place, rules.policy, rules.list_valid_s, **by)
        changes.change_machine(code, rules, **by)  # the rule about minors
        training.require_skills(code, form.skills.data or [], **by)
    return code


def _change(found: reads.AsItIs, rules: Rules, skills: list[str], version: int | None) -> None:
    with writing():
        changes.change_machine(found.code, rules, version, **_by())
        if set(skills) != set(found.skills):
            training.require_skills(found.code, skills, **_by())
            changes.touch_machine(found.code)


def _two_editors(form: forms.MachineForm, code: str) -> tuple[str, int]:
    theirs = reads.machine_as_it_is(code)
    return conflict_page(form, forms.form_data(theirs.rules, theirs.skills), theirs.version)


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
