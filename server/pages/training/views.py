"""The catalogue of skills: the list, a new one, the page of one, another name, no longer given, given again."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from server.audit.service import trail
from server.db import Stale
from server.domain.roles import Verb
from server.pages.refused import said
from server.pages.training.forms import NewSkillForm, SkillForm
from server.pages.training.held import Standing
from server.pages.training.lapsing import in_words, read_rules
from server.pages.training.reads import SkillRow, catalogue, find_given, machines_asking, read_skill
from server.pages.training.scope import may_give, skill_of
from server.training import service as training
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.forms import ReasonForm
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("skills", __name__)

Answer = str | tuple[str, int] | Response


@pages.get("/skills")
@needs(Verb.SEE_TRAINING)
def index() -> str:
    return render_template("training/skills.html", skills=catalogue(now()))


@pages.get("/skills/new")
@needs(Verb.EDIT_SKILLS)
def new() -> str:
    return render_template("training/new_skill.html", form=NewSkillForm())


@pages.post("/skills/new")
@needs(Verb.EDIT_SKILLS)
def add() -> Answer:
    form = NewSkillForm()
    if not form.validate_on_submit():
        return render_template("training/new_skill.html", form=form), 422
    try:
        training.add_skill(form.code.data or "", form.name.data or "", actor=actor().label, now=now())
    except training.TrainingError as error:
        form.refuse("code", said(error))
        return render_template("training/new_skill.html", form=form), 422
    done(gettext("%(skill)s is in the catalogue. Machines can ask for it now.", skill=form.name.data))
    return see_other(url_for("skills.show", code=form.code.data))


@pages.get("/skills/<code>")
@needs(Verb.SEE_TRAINING, about=skill_of)
def show(code: str) -> str:
    typed = request.args.get("q", "").strip()
    told = {"skill": read_skill(code, now()), "machines": machines_asking(code), "trail": trail("skill", code)}
    told |= {"words": in_words(read_rules(code))}
    page = find_given(typed, code, Standing.VALID, now())
    return render_template("training/skill.html", page=page, typed=typed, may_give=may_give(code), **told)


@pages.get("/skills/<code>/edit")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def edit(code: str) -> str:
    skill = read_skill(code, now())
    return _edit_page(SkillForm(data={"name": skill.name, "version": skill.version}), skill)


@pages.post("/skills/<code>/edit")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def save(code: str) -> Answer:
    form = SkillForm()
    if not form.validate_on_submit():
        return _edit_page(form, read_skill(code, now())), 422
    try:
        training.edit_skill(code, form.name.data or "", version=form.version.data, actor=actor().label, now=now())
    except Stale:
        skill = read_skill(code, now())
        return conflict_page(form, {"name": skill.name}, skill.version)
    done(gettext("The skill is now called %(name)s.", name=form.name.data))
    return see_other(url_for("skills.show", code=code))


@pages.get("/skills/<code>/end")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def ask_end(code: str) -> str:
    return _end_page(code, ReasonForm())


@pages.post("/skills/<code>/end")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def end(code: str) -> Answer:
    form = ReasonForm()
    if not form.validate_on_submit():
        return _end_page(code, form), 422
    try:
        training.end_skill(code, form.reason.data or "", actor=actor().label, now=now())
    except training.TrainingError as error:
        form.refuse("", said(error))
        return _end_page(code, form), 422
    done(gettext("The skill is no longer given."), url_for("skills.resume", code=code))
    return see_other(url_for("skills.show", code=code))


@pages.post("/skills/<code>/resume")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def resume(code: str) -> Answer:
    training.resume_skill(code, actor=actor().label, now=now())
    done(gettext("The skill is given again."))
    return see_other(url_for("skills.show", code=code))


def _edit_page(form: SkillForm, skill: SkillRow) -> str:
    return render_template("training/edit_skill.html", form=form, skill=skill)


def _end_page(code: str, form: ReasonForm) -> str:
    told = {"skill": read_skill(code, now()), "machines": machines_asking(code)}
    return render_template("training/end_skill.html", form=form, back=url_for("skills.show", code=code), **told)
