"""What is done about a document after it was issued: taken back by a credit note, its states on the platform, the number that the
operator's own system gave a statement."""

from datetime import date

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.billing import credit_notes, platform, statements
from server.billing.credit_notes import What, Whole
from server.db import Stale
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.pages.months import forms, papers
from server.pages.months.about import document_named
from server.pages.months.documents import document_page
from server.pages.months.standing import lines_of
from server.pages.refused import form_page, said
from server.web.answers import done, see_other
from server.web.here import now, today, zone
from server.web.needs import actor, needs

pages = Blueprint("putting_right", __name__)
Answer = tuple[str, int] | Response


@pages.route("/documents/<number>/credit", methods=["GET", "POST"])
@needs(Verb.ISSUE, about=document_named)
def credit(number: str) -> Answer:
    """Choose what, see what it would say, and confirm."""
    paper = papers.paper(number)
    if paper.kind != "invoice":
        return redirect(url_for("documents.show", number=number))
    lines = lines_of(number)
    form = forms.credit_form(paper.content, lines, request.args.get("reason", ""))
    preview, seen = None, credit_notes.taken_of(number)
    if form.validate_on_submit():
        what, reopen = form.what(), bool(form.reopen.data) and form.can_reopen()
        try:
            if request.form.get("step") == "confirm":
                return _written(number, what, form, reopen)
            preview = credit_notes.preview(number, what, form.reason.data or "", reopen=reopen)
        except Stale:
            form.refuse("", gettext("Somebody else has just taken something of it back. Look again."))
        except Refusal as refusal:
            form.refuse("", said(refusal))
    return form_page("documents/credit.html", form, paper=paper, lines=lines, preview=preview, seen=seen)


def _written(number: str, what: What, form: forms.CreditForm, reopen: bool) -> Response:
    """Only what its preview has shown: whoever else has taken something back since then would not have been seen."""
    seen, by = request.form.get("seen", type=int), {"actor": actor().label, "now": now()}
    given = credit_notes.credit(number, what, form.reason.data or "", reopen=reopen, seen=seen, zone=zone(), **by)  # type: ignore[arg-type]
    text = gettext("%(note)s takes back %(number)s.", note=given, number=number)
    if reopen and isinstance(what, Whole):
        text += " " + gettext("Its sessions are a draft of the month again: issue it for a new number.")
    done(text)
    return see_other(url_for("documents.show", number=given))


@pages.post("/documents/<number>/platform")
@needs(Verb.COLLECT, about=document_named)
def state(number: str) -> Answer:
    form = forms.PlatformForm()
    day = form.day.data
    if form.validate_on_submit() and day is not None:
        what = platform.State(form.state.data)
        by = {"today": today(), "actor": actor().label, "now": now()}
        try:
            platform.note_state(number, what, day, form.words.data or "", **by)  # type: ignore[arg-type]
        except Refusal as refusal:
            form.refuse("day", said(refusal))
        else:
            done(gettext("Typed in."))
            return see_other(url_for("documents.show", number=number, _anchor="platform"))
    return document_page(number, platform=form)


@pages.post("/documents/<number>/external")
@needs(Verb.COLLECT, about=document_named)
def external(number: str) -> Answer:
    form = forms.ExternalForm()
    day: date | None = form.day.data
    if form.validate_on_submit() and day is not None:
        by = {"today": today(), "actor": actor().label, "now": now()}
        try:
            statements.note_invoice(number, form.number.data or "", day, **by)  # type: ignore[arg-type]
        except Refusal as refusal:
            form.refuse("number", said(refusal))
        else:
            done(gettext("Typed in."))
            return see_other(url_for("documents.show", number=number))
    return document_page(number, external=form)
