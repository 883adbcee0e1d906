"""Months: the list, and the path of one from its sessions to its payments."""

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.billing import draft_jobs, notes
from server.billing import months as billing
from server.billing.issuing import Seen, ask_to_issue
from server.billing.months import STEPS
from server.billing.progress import building, progress
from server.db import Stale
from server.domain.duties import Duty
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.audit.trails import name_of
from server.pages.months import forms, listing, reads
from server.pages.months.about import month_named, period
from server.pages.months.calendar import calendar_of
from server.pages.months.path import stations_of
from server.pages.months.worries import reason, worries_of
from server.pages.refused import said
from server.web import formats
from server.web.answers import done, see_other
from server.web.here import now, settings, today, zone
from server.web.needs import actor, allowed, needs

pages = Blueprint("months", __name__)
Answer = str | Response


@pages.get("/months")
@needs(Verb.SEE_MONEY)
def listed() -> str:
    return render_template("months/list.html", months=listing.list_months(now(), settings().demo), Stage=listing.Stage)


@pages.get("/months/<month>")
@needs(Verb.SEE_MONEY, about=month_named)
def show(month: str) -> str:
    trouble = _refresh(month)
    facts = reads.month_facts(period(month), settings().demo, now())
    worries, kept = worries_of(facts, now())
    return render_template(
        "months/month.html",
        facts=facts,
        trouble=trouble,
        building=building(month),
        steps=STEPS,
        worries=worries,
        kept=kept,
        show_kept=request.args.get("kept") == "1",
        stations=stations_of(facts, len(worries), len(kept), now()),
        reason=reason,
        closed_by=name_of(facts.closed_by) if facts.closed_by else "",
        calendar=calendar_of(period(month), settings().demo, today()),
        done_by=name_of,
        now=now(),
        today=today(),
        **_neighbours(month),
    )


@pages.get("/months/<month>/progress")
@needs(Verb.SEE_MONEY, about=month_named)
def far(month: str) -> Answer:
    """How far issuing is, for a page that asks every second; once it is over, the whole page."""
    found, built = progress(month), building(month)
    if found is None and built is None:
        answer = Response(status=204)
        answer.headers["HX-Redirect"] = url_for("months.show", month=month)
        return answer
    return render_template("months/progress.html", progress=found, building_now=built, steps=STEPS, month=month)


@pages.get("/months/<month>/drafts/<int:establishment>")
@needs(Verb.SEE_MONEY, about=month_named)
def draft(month: str, establishment: int) -> str:
    part = request.args.get("part", "")
    content = reads.draft_content(month, establishment, part)
    if content is None:
        abort(404)
    drafts = reads.month_facts(period(month), settings().demo, now())
    own = next(one for one in drafts.drafts if (one.establishment, one.part) == (establishment, part))
    return render_template(
        "months/draft.html",
        content=content,
        draft=own,
        facts=drafts,
        reason=reason,
        sessions_of=_sessions_of(drafts, own),
    )


@pages.post("/months/<month>/rebuild")
@needs(Verb.SEE_MONEY, about=month_named)
def rebuild(month: str) -> Response:
    try:
        if draft_jobs.is_large(month, zone(), settings().demo):
            draft_jobs.ask(month, closing=False, actor=actor().label, now=now(), zone=zone())
            return see_other(url_for("months.show", month=month))
        drafts = billing.build_drafts(month, now(), zone(), settings().demo)
    except Refusal as refusal:
        done(said(refusal))
    else:
        done(ngettext("%(num)d draft built anew", "%(num)d drafts built anew", len(drafts.drafts)))
    return see_other(url_for("months.show", month=month))


@pages.post("/months/<month>/close")
@needs(Verb.ISSUE, about=month_named)
def close(month: str) -> Response:
    try:
        if draft_jobs.is_large(month, zone(), settings().demo):
            draft_jobs.ask(month, closing=True, actor=actor().label, now=now(), zone=zone())
            return see_other(url_for("months.show", month=month))
        report = billing.close_month(month, actor().label, now(), zone(), settings().demo)
    except Refusal as refusal:
        done(said(refusal))
    else:
        ended = len(report.provisional)
        text = gettext("%(month)s is closed. Nothing is final before it is issued.", month=formats.month(month))
        more = ngettext("%(num)d silent session ended for now", "%(num)d silent sessions ended for now", ended)
        done(f"{text} {more}." if ended else text)
    return see_other(url_for("months.show", month=month))


@pages.route("/months/<month>/issue", methods=["GET", "POST"])
@needs(Verb.ISSUE, about=month_named)
def issue(month: str) -> Answer:
    back = url_for("months.show", month=month)
    _refresh(month)
    facts = reads.month_facts(period(month), settings().demo, now())
    if facts.closed_at is None or not facts.ready:
        return see_other(back)
    form = forms.IssueForm(data=facts.seen._asdict())
    if form.validate_on_submit():
        seen = Seen(form.number.data or 0, form.gross_cents.data or 0)
        try:
            ask_to_issue(month, seen, actor().label, now(), zone(), settings().demo)
        except Stale:
            form = forms.IssueForm(formdata=None, data=facts.seen._asdict())
            form.refuse("", gettext("The figures have changed meanwhile. These are the new ones."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
        else:
            return see_other(back)
    return render_template("months/issue.html", form=form, facts=facts, back=back)


@pages.post("/months/<month>/keep")
@needs(Verb.ISSUE, about=month_named)
def keep(month: str) -> Response:
    kind, subject = request.form.get("kind", ""), request.form.get("subject", "")
    try:
        notes.keep(month, kind, subject, actor=actor().label, now=now())
    except Refusal as refusal:
        done(said(refusal))
    else:
        undo = url_for("months.look_again", month=month, kind=kind, subject=subject)
        done(gettext("Kept as it is. It does not come up again."), undo)
    return see_other(url_for("months.show", month=month, _anchor="worries"))


@pages.post("/months/<month>/look-again")
@needs(Verb.ISSUE, about=month_named)
def look_again(month: str) -> Response:
    kind, subject = request.values.get("kind", ""), request.values.get("subject", "")
    notes.look_again(month, kind, subject, actor=actor().label, now=now())
    done(gettext("It is among what is to be decided again."))
    return see_other(url_for("months.show", month=month, _anchor="worries"))


@pages.post("/months/<month>/tick")
@needs(Verb.COLLECT, about=month_named)
def tick(month: str) -> Response:
    duty = _duty()
    notes.tick(month, duty, actor=actor().label, now=now())
    done(gettext("Done, and noted."), url_for("months.untick", month=month, duty=duty))
    return see_other(url_for("months.show", month=month, _anchor="calendar"))


@pages.post("/months/<month>/untick")
@needs(Verb.COLLECT, about=month_named)
def untick(month: str) -> Response:
    notes.take_back(month, _duty(), actor=actor().label, now=now())
    done(gettext("It is open again."))
    return see_other(url_for("months.show", month=month, _anchor="calendar"))


def _duty() -> str:
    said = request.values.get("duty", "")
    return said if said in set(Duty) else abort(404)


def _refresh(month: str) -> str:
    """Bring the drafts up to date where that is due. Returns why it cannot be done, in words."""
    if now() < period(month).start:
        return ""
    try:
        draft_jobs.refresh(month, now(), zone(), settings().demo)
    except Refusal as refusal:
        return said(refusal)
    return ""


def _neighbours(month: str) -> dict[str, str | None]:
    """The months beside this one, as far as there are any."""
    names = listing.month_names(now(), settings().demo)
    at = names.index(month) if month in names else None
    if at is None:
        return {"before": None, "after": None}
    return {"before": names[at + 1] if at + 1 < len(names) else None, "after": names[at - 1] if at else None}


def _sessions_of(facts: reads.MonthFacts, draft: reads.DraftRow) -> dict[str, Any] | None:
    """Where the sessions behind a draft are found; None for those who may not see when people were there."""
    if not allowed(Verb.SEE_SESSIONS):
        return None
    own = facts.period
    asked = {"tenant": draft.tenant, "since": own.first_day.isoformat(), "until": own.last_day.isoformat()}
    return {"asked": asked, "codes": {name: code for code, name in facts.machines.items()}}
