"""A list of people from a spreadsheet: what it would do, line by line; then all of it or nothing. And the way out again."""

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from flask_wtf.file import FileField
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Optional

from server.domain import roster
from server.domain.roles import Verb
from server.domain.roster import Fault, Outcome
from server.pages.refused import said
from server.pages.tenants.choices import tenant_names
from server.people import service as people
from server.people.service import Roster
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now, today, zone
from server.web.needs import actor, needs

pages = Blueprint("lists", __name__)

Answer = str | tuple[str, int] | AnyResponse
SHOWN = 500  # lines of a dry run; what is wrong is always shown whole

FAULTS = {
    Fault.MISSING: lazy_gettext("is empty"),
    Fault.NO_COLUMN: lazy_gettext("this column is missing"),
    Fault.UNKNOWN_COLUMN: lazy_gettext("nobody knows this column; leave it out"),
    Fault.MAIL: lazy_gettext("is no mail address"),
    Fault.DAY: lazy_gettext("is no day; write 2026-11-18 or 18/11/2026"),
    Fault.LANGUAGE: lazy_gettext("is none of fr, de, en"),
    Fault.TOO_LONG: lazy_gettext("is too long"),
    Fault.PAYER: lazy_gettext("is the code of no cost centre"),
    Fault.CLASS: lazy_gettext("is the code of no class of members"),
    Fault.CLOSED: lazy_gettext("is a cost centre that is closed"),
    Fault.OTHER_NAME: lazy_gettext("the same mail address has another name in a line above"),
    Fault.TWICE: lazy_gettext("stands in a line above with the same payer"),
    Fault.LEFT: lazy_gettext("has left the lab; take this person back first"),
    Fault.TWO_PEOPLE: lazy_gettext("two people have this address; correct one of them first"),
    Fault.ENDS_FIRST: lazy_gettext("lies before the begin"),
    Fault.TOO_MANY: lazy_gettext("at most 4000 lines at once"),
    Fault.QUOTE: lazy_gettext("a quotation mark opens a cell and is never closed"),
    Fault.EMPTY: lazy_gettext("there is no line below the heads"),
}
OUTCOMES = {
    Outcome.NEW: lazy_gettext("new"),
    Outcome.CHANGED: lazy_gettext("changed"),
    Outcome.SAME: lazy_gettext("as it is"),
}


class PasteForm(Form):
    file = FileField(lazy_gettext("File"), [Optional()])
    text = TextAreaField(lazy_gettext("Or paste it here"), [Optional()])


class ConfirmForm(Form):
    text = HiddenField()
    mark = HiddenField()


@pages.get("/people/import")
@needs(Verb.EDIT_PEOPLE)
def ask() -> str:
    return _ask(PasteForm())


@pages.post("/people/import")
@needs(Verb.EDIT_PEOPLE)
def dry_run() -> Answer:
    form = PasteForm()
    if not form.validate_on_submit():
        return _ask(form), 422
    text = _typed(form)
    if text is None:
        form.refuse("file", gettext("This file is no text. Save it as CSV (UTF-8)."))
        return _ask(form), 422
    if not text.strip():
        form.refuse("text", gettext("Choose a file, or paste the lines with their heads."))
        return _ask(form), 422
    return _plan_page(text)


@pages.post("/people/import/confirm")
@needs(Verb.EDIT_PEOPLE)
def confirm() -> Answer:
    """What was shown is done; when it would be something else by now, that is shown instead."""
    form = ConfirmForm()
    text = form.text.data or ""
    if not form.validate_on_submit():
        return _plan_page(text)
    try:
        done_of_it = people.import_people(text, form.mark.data or "", zone(), actor=actor().label, now=now())
    except people.PeopleError as error:
        return _plan_page(text, said(error)), 409
    new = done_of_it.count(Outcome.NEW)
    done(
        ngettext(
            "%(num)d line was new; the machines know it in a second.",
            "%(num)d lines were new; the machines know them in a second.",
            new,
        )
    )
    return see_other(url_for("people.index"))


@pages.get("/people/export.csv")
@needs(Verb.EDIT_PEOPLE)
def export() -> Response:
    """Who took which list stands in the journal."""
    asked = request.args.get("tenant", "")
    tenant = asked if asked in dict(tenant_names()) else ""
    text = people.export_people(tenant, zone(), actor=actor().label, now=now())
    answer = Response(text, mimetype="text/csv; charset=utf-8")
    name = f"people-{tenant or 'all'}-{today():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _ask(form: PasteForm) -> str:
    return render_template("people/import.html", form=form, columns=roster.COLUMNS, needed=roster.NEEDED)


def _typed(form: PasteForm) -> str | None:
    """What was uploaded or else pasted; None where the file is no text."""
    if not form.file.data or not form.file.data.filename:
        return form.text.data or ""
    raw = form.file.data.read()
    for code in ("utf-8-sig", "cp1252"):
        try:
            return str(raw.decode(code))
        except UnicodeDecodeError:
            continue
    return None


def _plan_page(text: str, refusal: str = "") -> str:
    found: Roster = people.plan_import(text, zone(), now())
    form = ConfirmForm(formdata=None, data={"text": text, "mark": found.mark})
    if refusal:
        form.refuse("", refusal)
    counts = [(OUTCOMES[outcome], found.count(outcome)) for outcome in Outcome]
    told = {"faults": FAULTS, "outcomes": OUTCOMES, "counts": counts, "shown": SHOWN, "Outcome": Outcome}
    return render_template("people/import_plan.html", form=form, roster=found, **told)
