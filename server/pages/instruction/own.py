"""On one's own phone: the safety sheets to accept, with their questions; sign-offs a trainer has to tick."""

from collections.abc import Mapping

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.db import Stale, reading
from server.domain.editions import LANGUAGES, Body, passes, read, right_answers
from server.domain.roles import Verb
from server.domain.signing import State
from server.instruction import editions, signoffs
from server.instruction.models import Edition, SignOffRow
from server.instruction.rows import SHEET, published
from server.pages.instruction.about import sheet_of, sign_off_of
from server.pages.instruction.forms import NAMES, TickForm
from server.pages.instruction.reads import read_sign_off, sheets_for, sign_offs
from server.pages.instruction.words import REASONS, STATES
from server.pages.refused import said
from server.training.rows import TrainingError
from server.web import formats
from server.web.answers import done, see_other
from server.web.forms import Form
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("own_instruction", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/me/sheets/<code>")
@needs(Verb.SEE_OWN, about=sheet_of)
def sheet(code: str) -> Answer:
    return _sheet_page(code, Form(), {}, _language(request.args.get("lang", "")))


@pages.post("/me/sheets/<code>")
@needs(Verb.SEE_OWN, about=sheet_of)
def accept(code: str) -> Answer:
    form, language = Form(), _language(request.form.get("lang", ""))
    answers = _answers(request.form)
    edition = _sheet(code)
    body = read(edition.body)
    number = request.form.get("number", type=int)
    if number != edition.number:
        form.refuse("", gettext("This sheet has a newer version: read that one."))
    elif not passes(body, len(right_answers(body, answers))):
        form.refuse("", gettext("Not all answers are right yet: read the sheet again and try once more."))
    elif "read" not in request.form:
        form.refuse("", gettext("Tick that you have read and understood it."))
    if form.validate_on_submit() and not form.form_errors:
        try:
            editions.accept(_number(), code, edition.number, answers, language, actor=actor().label, now=now())
        except TrainingError as error:
            form.refuse("", said(error))
        else:
            done(gettext("Accepted: version %(number)s, in %(language)s.", number=number, language=NAMES[language]))
            return see_other(url_for("me.page"))
    return _sheet_page(code, form, answers, language), 422


@pages.get("/sign-offs")
@needs(Verb.SEE_OWN)
def mine() -> str:
    """The sign-offs of the trainer who asks."""
    told = {"states": STATES, "reasons": REASONS, "State": State, "everybody": False}
    return render_template("instruction/sign_offs.html", rows=sign_offs(now(), _number()), **told)


@pages.get("/sign-offs/<int:number>")
@needs(Verb.SEE_OWN, about=sign_off_of)
def sign_off(number: int) -> Answer:
    form = TickForm()
    minutes = sum(body.minutes for _, body in _checklists(number).values())
    form.minutes.data, form.version.data = minutes or None, read_sign_off(number, now()).version
    form.language.data = formats.language()
    return _sign_off_page(number, form, {})


@pages.post("/sign-offs/<int:number>")
@needs(Verb.SEE_OWN, about=sign_off_of)
def tick(number: int) -> Answer:
    form = TickForm()
    ticked = {skill: request.form.getlist(f"tick-{skill}", type=int) for skill in _checklists(number)}
    shown = {skill: request.form.get(f"edition-{skill}", 0, type=int) for skill in ticked}
    if not form.validate_on_submit():
        return _sign_off_page(number, form, ticked), 422
    how = (form.minutes.data or 0, form.language.data or "")
    version = form.version.data
    try:
        signoffs.confirm(number, _number(), ticked, shown, *how, version=version, actor=actor().label, now=now())
    except TrainingError as error:
        form.refuse("", said(error))
        return _sign_off_page(number, form, ticked), 422
    except Stale:
        form.refuse("", gettext("Somebody has changed it in the meantime. Load the page again and look."))
        return _sign_off_page(number, form, ticked), 422
    done(gettext("Ticked. The qualification counts from now on."))
    return see_other(url_for("own_instruction.mine"))


def _sheet_page(code: str, form: Form, answers: Mapping[int, int], language: str) -> str:
    edition = _sheet(code)
    body = read(edition.body)
    with reading():
        due = next((one for one in sheets_for(_number(), [code], now()) if one.skill == code), None)
    wrong = set(range(len(body.questions))) - right_answers(body, answers) if answers else set()
    told = {"body": body, "edition": edition, "due": due, "answers": answers, "wrong": wrong, "now": now()}
    chosen = body.language_for(language)
    return render_template("instruction/sheet.html", form=form, code=code, lang=chosen, names=NAMES, **told)


def _sign_off_page(number: int, form: TickForm, ticked: Mapping[str, list[int]]) -> str:
    row, shown = read_sign_off(number, now()), _checklists(number)
    language = formats.language()
    without = sorted(set(_skills(number)) - set(shown))
    told = {"row": row, "checklists": shown, "ticked": ticked, "without": without, "lang": language}
    return render_template("instruction/sign_off.html", form=form, states=STATES, reasons=REASONS, State=State, **told)


def _checklists(number: int) -> dict[str, tuple[Edition, Body]]:
    """What is to be ticked, by skill; a skill without a checklist is not there."""
    found = {}
    for skill in _skills(number):
        with reading():
            try:
                edition = signoffs.checklists([skill])[skill]
            except TrainingError:
                continue
        found[skill] = (edition, read(edition.body))
    return found


def _skills(number: int) -> list[str]:
    with reading() as session:
        return list(session.get_one(SignOffRow, number).skills)


def _sheet(code: str) -> Edition:
    with reading():
        return published(code, SHEET) or abort(404)


def _answers(sent: Mapping[str, str]) -> dict[int, int]:
    asked = ((name.removeprefix("q-"), value) for name, value in sent.items() if name.startswith("q-"))
    return {int(at): int(value) for at, value in asked if at.isdecimal() and value.isdecimal()}


def _language(asked: str) -> str:
    return asked if asked in LANGUAGES else formats.language()


def _number() -> int:
    number = actor().holder
    assert number is not None, "the gate lets nobody in without a holder"
    return number
