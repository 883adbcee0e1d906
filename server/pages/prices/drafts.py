"""Draft price lists: what they would change, what a month would have come to, and the way into force or out of sight."""

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit import service as audit
from server.billing import price_drafts as billing
from server.billing import whatif
from server.db import Stale
from server.domain.period import day_start
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import told
from server.pages.months.listing import month_names
from server.pages.prices import draft_reads as reads
from server.pages.prices import trial, words
from server.pages.prices.price_forms import AdoptForm, DraftedForm, DraftForm, NewDraftedForm, TriedForm, scope_data
from server.pages.prices.reads import targets
from server.pages.prices.rule_form import rule_data
from server.pages.prices.tariffs import RULES, only_asks
from server.pages.refused import form_page, said
from server.web import formats
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now, settings, today, zone
from server.web.needs import actor, needs

pages = Blueprint("price_drafts", __name__)
Answer = Response | tuple[str, int]


@pages.get("/tariffs/drafts")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    return render_template("prices/drafts.html", drafts=reads.drafts())


@pages.route("/tariffs/drafts/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def new() -> Answer:
    form = DraftForm()
    if form.validate_on_submit():
        row = billing.begin_draft(form.name.data or "", **_by())
        return see_other(url_for("price_drafts.shown", number=row.id))
    return form_page("prices/draft_name.html", form, draft=None)


@pages.get("/tariffs/drafts/<int:number>")
@needs(Verb.SEE_MONEY)
def shown(number: int) -> str:
    draft, names = reads.one_draft(number), _months()
    month = _month(names, number)
    found = whatif.found(number, month, zone(), settings().demo) if month else None
    return render_template(
        "prices/draft.html",
        draft=draft,
        months=names,
        month=month,
        found=found,
        outcome=reads.outcome(found),
        trail=told(audit.trail("price_draft", number)),
        say=words,
        **RULES,
    )


@pages.post("/tariffs/drafts/<int:number>/try")
@needs(Verb.SEE_MONEY)
def work_out(number: int) -> Response:
    month = request.form.get("month", "")
    if month not in _months():
        abort(404)
    try:
        whatif.ask(number, month, now(), zone(), settings().demo)
    except Refusal as refusal:
        done(said(refusal))
        return see_other(url_for("price_drafts.listed"))
    return see_other(url_for("price_drafts.shown", number=number, month=month, _anchor="outcome"))


@pages.get("/tariffs/drafts/<int:number>/progress/<month>")
@needs(Verb.SEE_MONEY)
def far(number: int, month: str) -> str | Response:
    """How far it is, for a page that asks every second; once it is over, the whole page."""
    found = whatif.found(number, month, zone(), settings().demo) if month in _months() else None
    if found is None or not found.runs:
        answer = Response(status=204)
        answer.headers["HX-Redirect"] = url_for("price_drafts.shown", number=number, month=month)
        return answer
    return render_template("prices/draft_progress.html", found=found, number=number)


@pages.route("/tariffs/drafts/<int:number>/name", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def rename(number: int) -> Answer:
    draft = reads.one_draft(number)
    form = DraftForm(data={"name": draft.line.name, "version": draft.version})
    if form.validate_on_submit():
        refused = _tried(form, lambda: billing.rename_draft(number, form.name.data or "", form.version.data, **_by()))
        if not refused:
            return see_other(url_for("price_drafts.shown", number=number))
    return form_page("prices/draft_name.html", form, draft=draft)


@pages.route("/tariffs/drafts/<int:number>/prices/new", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def add(number: int) -> Answer:
    draft = reads.one_draft(number)
    start = reads.start_of(request.args.get("of", 0, type=int))
    data = {**rule_data(start.rule), **scope_data(start.scope)} if start else {}
    form = NewDraftedForm(data={**data, "version": draft.version})
    form.offer(targets())
    if only_asks(form):
        return _editor("prices/draft_add.html", form, draft)
    if form.validate_on_submit():
        change = form.change(form.scope())
        if not _tried(form, lambda: billing.put_change(number, change, form.version.data, **_by())):
            return see_other(url_for("price_drafts.shown", number=number))
    return _editor("prices/draft_add.html", form, draft)


@pages.route("/tariffs/drafts/<int:number>/prices/<int:place>", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def change(number: int, place: int) -> Answer:
    draft = reads.one_draft(number)
    line = next((one for one in draft.changes if one.number == place), None) or abort(404)
    rule = line.change.rule or line.now
    data = {"without": line.change.rule is None, **(rule_data(rule) if rule else {})}
    form = DraftedForm(data={**data, "version": draft.version})
    if only_asks(form):
        return _editor("prices/draft_change.html", form, draft, line=line)
    if form.validate_on_submit():
        wanted = form.change(line.change.scope)
        if not _tried(form, lambda: billing.put_change(number, wanted, form.version.data, **_by())):
            return see_other(url_for("price_drafts.shown", number=number))
    return _editor("prices/draft_change.html", form, draft, line=line)


@pages.post("/tariffs/drafts/<int:number>/prices/<int:place>/leave-out")
@needs(Verb.SET_PRICES)
def leave_out(number: int, place: int) -> Response:
    version = request.form.get("version", type=int)
    try:
        billing.leave_out(number, place, version, **_by())
    except Stale:
        done(_changed_meanwhile())
    except Refusal as refusal:
        done(said(refusal))
    return see_other(url_for("price_drafts.shown", number=number))


@pages.route("/tariffs/drafts/<int:number>/discard", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def discard(number: int) -> Answer:
    draft = reads.one_draft(number)
    form = Form(data={"version": draft.version})
    if form.validate_on_submit() and not _tried(
        form, lambda: billing.discard_draft(number, form.version.data, **_by())
    ):
        done(gettext("The draft is gone. Prices in force are what they were."))
        return see_other(url_for("price_drafts.listed"))
    return form_page("prices/draft_discard.html", form, draft=draft)


@pages.route("/tariffs/drafts/<int:number>/adopt", methods=["GET", "POST"])
@needs(Verb.SET_PRICES)
def adopt(number: int) -> Answer:
    draft = reads.one_draft(number)
    form = AdoptForm(data={"since": today(), "version": draft.version})
    if form.validate_on_submit():
        day = form.since.data
        wanted = (number, day_start(day, zone()), day, form.reason.data or "", form.version.data)
        if not _tried(form, lambda: billing.adopt_draft(*wanted, **_by()), "since"):
            done(gettext("The prices of the draft hold from %(day)s on.", day=formats.day(day)))
            return see_other(url_for("tariffs.listed"))
    return form_page("prices/draft_adopt.html", form, draft=draft, say=words, **RULES)


def _tried(form: Form, do: Any, field: str = "") -> bool:
    """Whether it was refused; the form then says why."""
    try:
        do()
    except Stale:
        form.refuse("", _changed_meanwhile())
    except Refusal as refusal:
        form.refuse(field, said(refusal))
    else:
        return False
    return True


def _changed_meanwhile() -> str:
    return gettext("Somebody has changed this draft in the meantime. Look at it again, then decide.")


def _editor(template: str, form: TriedForm, draft: reads.Draft, **more: Any) -> tuple[str, int]:
    return form_page(template, form, draft=draft, tried=trial.of(form), say=words, **RULES, **more)


def _months() -> list[str]:
    """The running month and those before, the newest first."""
    return month_names(now(), settings().demo)


def _month(names: list[str], number: int) -> str:
    """The one asked for; else the last one for which the draft was tried; else the month before this one."""
    asked = request.args.get("month", "")
    tried = [month for month in whatif.months_asked(number) if month in names]
    usual = names[1] if len(names) > 1 else names[0] if names else ""
    return asked if asked in names else tried[0] if tried else usual


def _by() -> dict[str, Any]:
    return {"actor": actor().label, "now": now()}
