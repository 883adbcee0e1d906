"""Sessions: the list, one with its evidence and price, and what staff may decide about it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing.pricing import priced
from server.contracts.facts import names_of
from server.db import Stale, reading
from server.domain.decisions import Free
from server.domain.rating import RatedSession
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.prices.reckoning import Step, named_plainly, steps_of
from server.pages.prices.sentences import sentence
from server.pages.privacy.looking import looked_at
from server.pages.refused import said
from server.pages.sessions import finding, forms, reads, words
from server.pages.sessions.about import session_of
from server.pages.sessions.trace import trace_of
from server.privacy.viewing import Looked
from server.usage import decisions
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import Form, ReasonForm
from server.web.here import now, settings, zone
from server.web.needs import actor, allowed, needs

pages = Blueprint("sessions", __name__)
Answer = str | Response | tuple[str, int]


@pages.get("/sessions")
@needs(Verb.SEE_SESSIONS)
def listed() -> str:
    machines, tenants = finding.choices()
    asked = _asked()
    page = finding.find_sessions(asked, now())
    if asked.typed:  # whoever asks for a name sees where that person was
        for holder in {row.person.number for row in page.rows}:
            looked_at(holder, Looked.SESSIONS)
    return render_template(
        "sessions/list.html", page=page, asked=asked, machines=machines, tenants=tenants, words=words, Show=finding.Show
    )


@pages.get("/sessions/<session_id>")
@needs(Verb.SEE_SESSIONS, about=session_of)
def show(session_id: str) -> str:
    facts = reads.session_facts(session_id, now())
    looked_at(facts.session.holder_number, Looked.SESSION)
    return render_template(
        "sessions/session.html",
        facts=facts,
        price=priced(session_id, facts.until(now()), zone()),
        trace=trace_of(facts, now()),
        trail=told(audit.trail("session", session_id)),
        words=words,
        sentence=sentence,
        steps_of=_steps,
        month=_month(),
        now=now(),
    )


def _steps(rated: RatedSession) -> list[Step]:
    """Why it costs what it does; contracts and packs by their names."""
    refs = {one.ref for one in rated.covered} | ({rated.discount.ref} if rated.discount else set())
    with reading():
        names = names_of(refs) if refs else {}
    return steps_of(rated, lambda ref: names.get(ref) or named_plainly(ref))


@pages.route("/sessions/<session_id>/end", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS, about=session_of)
def correct_end(session_id: str) -> Answer:
    facts = reads.session_facts(session_id, now())
    known = facts.until(now())
    form = forms.EndForm(data={"ended_at": known, "version": facts.version})

    def decide() -> str:
        ended_at, reason = form.ended_at.data or known, form.reason.data or ""
        decisions.correct_end(session_id, ended_at, reason, form.version.data, actor=actor().label, now=now())
        return gettext("The session counts until the moment given. What was measured stays beside it.")

    counts = facts.session.started_at + timedelta(seconds=facts.decision.counted_s or 0)
    theirs = {"ended_at": counts if facts.decision.counted_s is not None else known}
    return _decided(form, facts, "sessions/end.html", decide, theirs)


@pages.route("/sessions/<session_id>/measured", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS, about=session_of)
def count_as_measured(session_id: str) -> Answer:
    facts = reads.session_facts(session_id, now())
    form = ReasonForm(data={"version": facts.version})

    def decide() -> str:
        reason = form.reason.data or ""
        decisions.count_as_measured(session_id, reason, form.version.data, actor=actor().label, now=now())
        return gettext("All that was measured counts again.")

    return _decided(form, facts, "sessions/measured.html", decide)


@pages.route("/sessions/<session_id>/free", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS, about=session_of)
def do_not_charge(session_id: str) -> Answer:
    facts = reads.session_facts(session_id, now())
    form = forms.FreeForm(data={"free": Free.MACHINE_FAULT.value, "version": facts.version})

    def decide() -> str:
        why, reason = form.free.data, form.reason.data or ""
        decisions.do_not_charge(session_id, why, reason, form.version.data, actor=actor().label, now=now())
        return gettext("The session is not charged. It stays on the document, at 0.")

    return _decided(form, facts, "sessions/free.html", decide, {"free": facts.decision.free or ""})


@pages.route("/sessions/<session_id>/charge", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS, about=session_of)
def charge_again(session_id: str) -> Answer:
    facts = reads.session_facts(session_id, now())
    form = ReasonForm(data={"version": facts.version})

    def decide() -> str:
        reason = form.reason.data or ""
        decisions.charge_again(session_id, reason, form.version.data, actor=actor().label, now=now())
        return gettext("The session is charged again.")

    return _decided(form, facts, "sessions/charge.html", decide)


@pages.route("/sessions/new", methods=["GET", "POST"])
@needs(Verb.CORRECT_SESSIONS)
def new() -> Answer:
    """First who, then what: whom it can be charged to depends on the person."""
    holder, typed = request.args.get("holder", type=int), request.args.get("q", "").strip()
    person, payers = reads.payers_of(holder, now()) if holder is not None else (None, [])
    if holder is None or person is None:
        return render_template("sessions/who.html", typed=typed, people=reads.who_is_meant(typed))
    form = forms.ByHandForm(data={"machine": request.args.get("machine")})
    form.machine.choices, form.payer.choices = reads.machine_choices(), payers
    if form.validate_on_submit():
        try:
            entered = _enter(form, holder)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            done(gettext("The session is entered. It stands with the others, and says that it was entered by hand."))
            return see_other(url_for("sessions.show", session_id=entered))
    return render_template("sessions/new.html", form=form, person=person, payers=payers)


def _enter(form: forms.ByHandForm, holder: int) -> str:
    start, end = form.start.data, form.end.data
    assert start is not None
    assert end is not None
    times = (start, end, form.reason.data or "")
    return decisions.enter_by_hand(
        form.machine.data, holder, form.payer.data, *times, simulated=settings().demo, actor=actor().label, now=now()
    )


def _decided(
    form: Form,
    facts: reads.SessionFacts,
    template: str,
    decide: Callable[[], str],
    theirs: dict[str, Any] | None = None,
) -> Answer:
    """Ask, decide, and back to the session. ``theirs``: what somebody else may have decided meanwhile, field by field."""
    back = url_for("sessions.show", session_id=facts.session.id, month=_month())
    if form.validate_on_submit():
        try:
            done(decide())
        except Stale:
            return conflict_page(form, theirs or {}, facts.version)
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            return see_other(back)
    return render_template(template, form=form, facts=facts, back=back, month=_month(), words=words, now=now())


def _month() -> str | None:
    """The month from whose page somebody came to look at this session, and may go back to."""
    named = request.args.get("month", "")
    is_month = re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", named)
    return named if is_month and allowed(Verb.SEE_MONEY) else None


def _asked() -> finding.Asked:
    args = request.args
    wanted = args.get("show", "")
    return finding.Asked(
        typed=args.get("q", "").strip(),
        machine=args.get("machine", ""),
        tenant=args.get("tenant", ""),
        since=_day("since"),
        until=_day("until"),
        show=finding.Show(wanted) if wanted in set(finding.Show) else finding.Show.ALL,
    )


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
