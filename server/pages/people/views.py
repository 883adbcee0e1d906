"""The list of people, a new one, the page of one, and what is known of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.audit.service import Entry
from server.db import Stale, db, reading, writing
from server.domain.roles import About, Verb
from server.pages.people.about import holder_of
from server.pages.people.choices import end_of, last_day
from server.pages.people.finding import Show, count_of_people, find_people
from server.pages.people.forms import LANGUAGES, NewPersonForm, PersonForm
from server.pages.people.paying import limits_for, rules_of
from server.pages.people.reads import PersonFile, read_file
from server.pages.people.verdict import verdict
from server.pages.privacy.looking import looked_at
from server.pages.refused import said
from server.pages.rights_now import rights_now
from server.pages.tenants.choices import tenant_names
from server.pages.training.scope import teachable
from server.people import service as people
from server.privacy.viewing import Looked
from server.training.models import Skill
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now, settings
from server.web.needs import actor, allowed, needs

pages = Blueprint("people", __name__)
pages.add_app_template_filter(last_day, "last_day")

Answer = str | tuple[str, int] | Response
_AGE = "minor_until"


@pages.get("/people")
@needs(Verb.SEE_PEOPLE)
def index() -> str:
    typed, tenant = request.args.get("q", "").strip(), request.args.get("tenant", "")
    asked = request.args.get("show", "")
    show = Show(asked) if asked in set(Show) else Show.HERE
    page = find_people(typed, tenant, show, now())
    chosen = {"typed": typed, "tenant": tenant, "show": show, "tenants": tenant_names()}
    return render_template("people/list.html", page=page, all=count_of_people(), Show=Show, **chosen)


@pages.get("/people/new")
@needs(Verb.EDIT_PEOPLE)
def new() -> str:
    form = NewPersonForm(data={"language": "fr", "payer": request.args.get("payer", "")})
    return _new_page(form)


@pages.post("/people/new")
@needs(Verb.EDIT_PEOPLE)
def add() -> Answer:
    form = NewPersonForm()
    form.offer_payers()
    if not form.validate_on_submit():
        return _new_page(form), 422
    try:
        number = _add(form)
    except people.PeopleError as error:
        form.refuse("", said(error))
        return _new_page(form), 422
    done(gettext("%(name)s is here. The next step is a badge.", name=f"{form.given_name.data} {form.family_name.data}"))
    if mark := request.args.get("badge"):
        return see_other(url_for("badges.lend", number=number, fingerprint=mark))
    return see_other(url_for("people.show", number=number))


def _new_page(form: NewPersonForm) -> str:
    form.offer_payers()
    return render_template("people/new.html", form=form, badge=request.args.get("badge"))


def _add(form: NewPersonForm) -> int:
    by: Any = {"actor": actor().label, "now": now()}
    names = (form.given_name.data, form.family_name.data, form.language.data, form.email.data or None)
    with writing():
        number: int = people.add_holder(*names, shows_first_name=form.shows_first_name.data, **by).number
        people.set_minor_until(number, end_of(form.minor_until.data), **by)
        if form.payer.data:
            people.add_membership(number, form.payer.data, None, end_of(form.until.data), **by)
    return number


@pages.get("/people/<int:number>")
@needs(Verb.SEE_PEOPLE, about=holder_of)
def show(number: int) -> str:
    sees_sessions = allowed(Verb.SEE_SESSIONS, About(holder=number))
    looked_at(number, Looked.FILE)
    file = read_file(number, sees_sessions)
    rights, sees_age = rights_now(number), allowed(Verb.EDIT_PEOPLE)
    with reading():
        skills = dict(db.session.execute(select(Skill.code, Skill.name)).all())
    told = _split(file) | {"verdict": verdict(file, rights, skills), "may_give": teachable(number)}
    return render_template(
        "people/person.html",
        file=file,
        sees_age=sees_age,
        trail=file.trail if sees_age else list(_without_age(file.trail)),
        sees_sessions=sees_sessions,
        languages_by_code=dict(LANGUAGES),
        rules=rules_of(number),
        limits=limits_for(number, now()),
        asks_for_contacts=bool(settings().people.emergency_contacts),
        now=now(),
        **told,
    )


def _without_age(trail: Iterable[Entry]) -> Iterator[Entry]:
    """For trainers: until when somebody is under age is a day of birth to who can count. The machines know it for them."""
    for entry in trail:
        told = {*entry.before, *entry.after}
        if _AGE not in told:
            yield entry
        elif told != {_AGE}:
            before, after = (
                {name: one for name, one in some.items() if name != _AGE} for some in (entry.before, entry.after)
            )
            yield replace(entry, before=before, after=after)


def _split(file: PersonFile) -> dict[str, list[Any]]:
    """What holds, and what is over and stands folded away."""
    at = now()
    return {
        "live_ties": [tie for tie in file.ties if not tie.is_over(at)],
        "past_ties": [tie for tie in file.ties if tie.is_over(at)],
        "live_badges": [badge for badge in file.badges if badge.returned_at is None],
        "past_badges": [badge for badge in file.badges if badge.returned_at is not None],
        "live_skills": [held for held in file.skills if held.counts(at)],
        "past_skills": [held for held in file.skills if not held.counts(at)],
    }


@pages.get("/people/<int:number>/edit")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def edit(number: int) -> str:
    file = read_file(number, sees_sessions=False)
    return _edit_page(PersonForm(data={**_values(file), "version": file.version}), file)


@pages.post("/people/<int:number>/edit")
@needs(Verb.EDIT_PEOPLE, about=holder_of)
def save(number: int) -> Answer:
    form = PersonForm()
    file = read_file(number, sees_sessions=False)
    if not form.validate_on_submit():
        return _edit_page(form, file), 422
    facts = people.PersonFacts(
        form.given_name.data,
        form.family_name.data,
        form.email.data or None,
        form.language.data,
        form.shows_first_name.data,
    )
    by: Any = {"actor": actor().label, "now": now()}
    try:
        with writing():
            people.edit_person(number, facts, version=form.version.data, **by)
            people.set_minor_until(number, end_of(form.minor_until.data), **by)
    except Stale:
        current = read_file(number, sees_sessions=False)
        return conflict_page(form, _values(current), current.version)
    done(gettext("%(name)s is changed.", name=f"{facts.given_name} {facts.family_name}"))
    return see_other(url_for("people.show", number=number))


def _edit_page(form: PersonForm, file: PersonFile) -> str:
    return render_template("people/edit.html", form=form, file=file)


def _values(file: PersonFile) -> Mapping[str, Any]:
    return {
        "given_name": file.person.given,
        "family_name": file.person.family,
        "email": file.person.email,
        "language": file.language or "fr",
        "minor_until": last_day(file.minor_until),
        "shows_first_name": file.shows_first_name,
    }
