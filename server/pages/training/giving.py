"""Qualifications: the list, giving a skill to one or several people, and taking it back with a reason."""

from collections.abc import Sequence

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from server.db import reading
from server.domain.roles import Verb
from server.pages.people.about import holder_of
from server.pages.people.choices import begin_of, end_of
from server.pages.people.finding import members_of
from server.pages.people.names import Named, everybody, matching, named
from server.pages.refused import said
from server.pages.tenants.choices import tenant_names
from server.pages.training.forms import GiveForm
from server.pages.training.held import Standing
from server.pages.training.lapsing import in_words, read_rules
from server.pages.training.reads import Given, catalogue, find_given, given_by_ref, machines_asking, read_skill, running
from server.pages.training.scope import may_give, skill_of, teachable
from server.training import service as training
from server.web.answers import done, see_other
from server.web.forms import ReasonForm
from server.web.here import now, today
from server.web.needs import actor, allowed, needs
from wire.messages import Level

pages = Blueprint("qualifications", __name__)

Answer = str | tuple[str, int] | Response
_OFFERED = 50


@pages.get("/qualifications")
@needs(Verb.SEE_TRAINING)
def index() -> str:
    typed, skill, asked = (request.args.get(name, "").strip() for name in ("q", "skill", "show"))
    which = Standing(asked) if asked in set(Standing) else Standing.VALID
    told = {"typed": typed, "chosen": skill, "which": which, "Standing": Standing, "now": now()}
    page = find_given(typed, skill, which, now())
    return render_template(
        "training/qualifications.html", page=page, skills=catalogue(now()), may_give=teachable(), **told
    )


@pages.get("/people/<int:number>/qualify")
@needs(Verb.SEE_TRAINING, about=holder_of)
def choose(number: int) -> str:
    """From a person's page: which skill."""
    skills = [skill for skill in catalogue(now()) if skill.ended_at is None and skill.code in teachable(number)]
    asked = {skill.code: machines_asking(skill.code) for skill in skills}
    with reading():
        person = named([number])[number]
    return render_template("training/choose.html", skills=skills, asked=asked, person=person)


# --- giving -----------------------------------------------------------------------------------------------------------


@pages.get("/skills/<code>/give")
@needs(Verb.QUALIFY, about=skill_of)
def give(code: str) -> str:
    form = GiveForm(data={"since": today(), "level": Level.ALONE.value})
    return _give_page(code, form, request.args.getlist("person", type=int))


@pages.post("/skills/<code>/give")
@needs(Verb.QUALIFY, about=skill_of)
def give_it(code: str) -> Answer:
    form, people = GiveForm(), request.form.getlist("person", type=int)
    valid = form.validate_on_submit()
    if not people:
        form.refuse("", gettext("Choose at least one person."))
    own = [number for number in people if not may_give(code, number)]
    if own:
        form.refuse("", gettext("Nobody decides about their own qualification: ask another trainer."))
    refused = _beyond_a_trainer(form)
    if not valid or own or not people or refused:
        return _give_page(code, form, people), 422
    begins = None if form.since.data == today() else begin_of(form.since.data)
    dates = (begins, end_of(form.until.data), form.reason.data or "")
    how = {"level": Level(form.level.data or Level.ALONE), "override": form.override.data}
    try:
        training.grant_to_all(people, code, *dates, **how, actor=actor().label, now=now())
    except training.TrainingError as error:
        form.refuse("", said(error))
        return _give_page(code, form, people), 422
    done(ngettext("Given to one person.", "Given to %(num)d people.", len(people)))
    return see_other(_back(code, people))


def _beyond_a_trainer(form: GiveForm) -> bool:
    """Who may only teach makes no trainers and no exceptions."""
    if allowed(Verb.EDIT_SKILLS):
        return False
    if form.level.data == Level.TRAINER:
        form.refuse("level", gettext("Trainers are made by a manager."))
    if form.override.data:
        form.refuse("override", gettext("Exceptions are made by a manager."))
    return form.level.data == Level.TRAINER or bool(form.override.data)


def _back(code: str, people: Sequence[int]) -> str:
    """Where this began, and where it shows: the page of the one person it is about, else that of the skill."""
    if len(people) == 1:
        return url_for("people.show", number=people[0])
    return url_for("skills.show", code=code)


def _give_page(code: str, form: GiveForm, chosen: Sequence[int]) -> str:
    typed, tenant = request.args.get("q", "").strip(), request.args.get("tenant", "")
    with reading():
        known = named(chosen)
    picked = [known[number] for number in dict.fromkeys(chosen) if number in known]
    offered = _offered(typed, tenant, {one.number for one in picked})
    return render_template(
        "training/give.html",
        form=form,
        skill=read_skill(code, now()),
        words=in_words(read_rules(code)),
        machines=machines_asking(code),
        picked=picked,
        back=_back(code, [one.number for one in picked]),
        offered=offered[:_OFFERED],
        more=max(0, len(offered) - _OFFERED),
        typed=typed,
        tenant=tenant,
        tenants=tenant_names(),
    )


def _offered(typed: str, tenant: str, without: set[int]) -> list[Named]:
    """Whom the search of the page finds. Without a search nobody: a lab has too many people to list."""
    if not typed and not tenant:
        return []
    with reading():
        members = members_of(tenant, now()) if tenant else None
        here = (one for one in everybody() if one.ended_at is None and one.number not in without)
        return [one for one in matching(here, typed) if members is None or one.number in members]


# --- taking back ------------------------------------------------------------------------------------------------------


@pages.get("/skills/<code>/revoke")
@needs(Verb.QUALIFY, about=skill_of)
def ask_revoke(code: str) -> str:
    return _revoke_page(code, _concerned(code), ReasonForm())


@pages.post("/skills/<code>/revoke")
@needs(Verb.QUALIFY, about=skill_of)
def revoke(code: str) -> Answer:
    form, concerned = ReasonForm(), _concerned(code)
    if not form.validate_on_submit():
        return _revoke_page(code, concerned, form), 422
    if not all(may_give(code, one.person.number) for one in concerned):
        form.refuse("", gettext("Nobody decides about their own qualification: ask another trainer."))
        return _revoke_page(code, concerned, form), 422
    training.revoke_all([one.ref for one in concerned], form.reason.data or "", actor=actor().label, now=now())
    done(ngettext("%(num)d qualification revoked.", "%(num)d qualifications revoked.", len(concerned)))
    return see_other(_back(code, _people(concerned)))


def _concerned(code: str) -> list[Given]:
    """Those the address names (``?ref=``), or all who have the skill (``?all=1``)."""
    refs = request.args.getlist("ref")
    if not refs and "all" not in request.args:
        abort(404)
    return given_by_ref(code, refs, now()) or abort(404)


def _revoke_page(code: str, concerned: Sequence[Given], form: ReasonForm) -> str:
    people = _people(concerned)
    told = {"skill": read_skill(code, now()), "concerned": concerned, "machines": running(code, people)}
    return render_template("training/revoke.html", form=form, people=len(people), back=_back(code, people), **told)


def _people(concerned: Sequence[Given]) -> list[int]:
    return list(dict.fromkeys(one.person.number for one in concerned))
