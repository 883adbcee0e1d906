"""Safety sheets and checklists of a skill: read, written as a draft, published; and who has not accepted the newest."""

from datetime import timedelta

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale
from server.domain.editions import LANGUAGES, problems_of
from server.domain.roles import Verb
from server.instruction import editions
from server.instruction.rows import SHEET
from server.pages.instruction.about import kind_of
from server.pages.instruction.forms import NAMES, ChecklistForm, PublishForm, RequiredForm, SheetForm, typed
from server.pages.instruction.reads import Paper, Papers, paper, papers_of
from server.pages.people.choices import begin_of
from server.pages.refused import form_page, said
from server.pages.training.reads import read_skill
from server.pages.training.scope import skill_of
from server.training.rows import TrainingError
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, today
from server.web.needs import actor, needs

pages = Blueprint("safety_sheets", __name__)

Answer = str | tuple[str, int] | Response
_NOTICE = timedelta(days=14)  # offered; staff choose the day


@pages.get("/skills/<code>/instruction")
@needs(Verb.SEE_TRAINING, about=skill_of)
def show(code: str) -> str:
    return render_template(
        "instruction/papers.html", skill=read_skill(code, now()), papers=papers_of(code, now()), sheet=SHEET
    )


@pages.get("/skills/<code>/instruction/<kind>/<int:number>")
@needs(Verb.SEE_TRAINING, about=kind_of)
def edition(code: str, kind: str, number: int) -> str:
    found = paper(code, kind, number) or abort(404)
    told = {"names": NAMES, "languages": LANGUAGES}
    return render_template("instruction/edition.html", skill=read_skill(code, now()), paper=found, kind=kind, **told)


@pages.get("/skills/<code>/instruction/<kind>/edit")
@needs(Verb.EDIT_SKILLS, about=kind_of)
def edit(code: str, kind: str) -> Answer:
    """The draft; where there is none, what is in force, to begin the next one with."""
    newest = next(iter(papers_of(code, now()).of(kind)), None)
    values = typed(newest.body) if newest else {}
    version = newest.version if newest and newest.published_at is None else None
    return _edit_page(code, kind, _form(kind, {**values, "version": version}))


@pages.post("/skills/<code>/instruction/<kind>/edit")
@needs(Verb.EDIT_SKILLS, about=kind_of)
def save(code: str, kind: str) -> Answer:
    form = _form(kind)
    valid = form.validate_on_submit()
    body = form.body()
    if not valid or any(field.errors for field in form):
        return _edit_page(code, kind, form)
    try:
        editions.save_draft(code, kind, body, version=form.version.data, actor=actor().label, now=now())
    except Stale:
        draft = papers_of(code, now()).of(kind)[0]
        return conflict_page(form, typed(draft.body), draft.version)
    done(gettext("The draft is kept. Nobody sees it before it is published."))
    return see_other(url_for("safety_sheets.ask_publish", code=code, kind=kind))


@pages.get("/skills/<code>/instruction/<kind>/publish")
@needs(Verb.EDIT_SKILLS, about=kind_of)
def ask_publish(code: str, kind: str) -> Answer:
    draft = _draft(papers_of(code, now()), kind)
    form = _publish_form(kind, {"required_from": today() + _NOTICE, "version": draft.version})
    return _publish_page(code, kind, form)


@pages.post("/skills/<code>/instruction/<kind>/publish")
@needs(Verb.EDIT_SKILLS, about=kind_of)
def publish(code: str, kind: str) -> Answer:
    form = _publish_form(kind)
    if not form.validate_on_submit():
        return _publish_page(code, kind, form)
    day = form.required_from.data if isinstance(form, RequiredForm) else None
    required_from = now() if day == today() else begin_of(day)
    try:
        editions.publish(code, kind, required_from, version=form.version.data, actor=actor().label, now=now())
    except TrainingError as error:
        form.refuse("required_from" if day is not None else "", said(error))
        return _publish_page(code, kind, form)
    except Stale:
        form.refuse("", gettext("Somebody has changed the draft in the meantime: read it again."))
        return _publish_page(code, kind, form)
    done(gettext("Published. It never changes again; the next change is a new version."))
    return see_other(url_for("safety_sheets.show", code=code))


@pages.post("/skills/<code>/instruction/<kind>/drop")
@needs(Verb.EDIT_SKILLS, about=kind_of)
def drop(code: str, kind: str) -> Answer:
    _draft(papers_of(code, now()), kind)
    editions.drop_draft(code, kind, actor=actor().label, now=now())
    done(gettext("The draft is thrown away."))
    return see_other(url_for("safety_sheets.show", code=code))


@pages.get("/skills/<code>/instruction/<kind>/drop")
@needs(Verb.EDIT_SKILLS, about=kind_of)
def ask_drop(code: str, kind: str) -> Answer:
    _draft(papers_of(code, now()), kind)
    back = url_for("safety_sheets.show", code=code)
    return render_template("instruction/drop.html", form=None, back=back, skill=read_skill(code, now()), kind=kind)


def _draft(papers: Papers, kind: str) -> Paper:
    newest = next(iter(papers.of(kind)), None)
    return newest if newest is not None and newest.published_at is None else abort(404)


def _form(kind: str, values: dict[str, object] | None = None) -> ChecklistForm:
    return (SheetForm if kind == SHEET else ChecklistForm)(data=values)


def _publish_form(kind: str, values: dict[str, object] | None = None) -> RequiredForm | PublishForm:
    return (RequiredForm if kind == SHEET else PublishForm)(data=values)


def _edit_page(code: str, kind: str, form: ChecklistForm) -> Answer:
    told = {"skill": read_skill(code, now()), "kind": kind, "names": NAMES, "languages": LANGUAGES}
    return form_page("instruction/edit.html", form, is_sheet=kind == SHEET, **told)


def _publish_page(code: str, kind: str, form: RequiredForm | PublishForm) -> Answer:
    papers = papers_of(code, now())
    draft = _draft(papers, kind)
    missing = problems_of(draft.body, kind == SHEET)
    told = {"skill": read_skill(code, now()), "kind": kind, "paper": draft, "holders": papers.holders}
    problems = [gettext(refusal.sentence, **refusal.blanks) for _, refusal in missing]
    more = {"is_sheet": kind == SHEET, "problems": problems, "names": NAMES, "languages": LANGUAGES}
    return form_page("instruction/publish.html", form, **told, **more)
