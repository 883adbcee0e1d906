"""What a skill needs and how it lapses: shown in words, and changed."""

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.db import Stale, db, reading
from server.domain.effects import with_skill
from server.domain.facts import SkillFact
from server.domain.roles import Verb
from server.pages.effects import Told, confirmed, what_if
from server.pages.refused import said
from server.pages.training.forms import RulesForm
from server.pages.training.reads import read_skill
from server.pages.training.scope import skill_of
from server.training import service as training
from server.training.models import Skill
from server.training.rows import skill_by_code
from server.training.service import SkillRules
from server.web.answers import done, see_other
from server.web.conflict import conflict_page
from server.web.here import now
from server.web.needs import actor, needs

pages = Blueprint("skill_rules", __name__)

Answer = str | tuple[str, int] | Response


@dataclass(frozen=True, slots=True)
class Known:
    """The rules of a skill, and the names of all skills that another could need."""

    rules: SkillRules
    names: dict[str, str]


def read_rules(code: str) -> Known:
    with reading():
        names = dict(db.session.execute(select(Skill.code, Skill.name).order_by(Skill.name)).all())
        return Known(training.rules_of(skill_by_code(code)), names)


def in_words(known: Known) -> list[tuple[str, str]]:
    """Pairs of a question and its answer."""
    rules = known.rules
    needs_words = ", ".join(known.names[code] for code in sorted(rules.needs, key=known.names.__getitem__))
    lapses = []
    if rules.lasts_days:
        lapses.append(ngettext("%(num)d day after it was given", "%(num)d days after it was given", rules.lasts_days))
    if rules.ends_on:
        lapses.append(gettext("every year after %(day)s", day=_day_of_year(rules.ends_on)))
    if rules.idle_days:
        lapses.append(ngettext("after %(num)d day without use", "after %(num)d days without use", rules.idle_days))
    words = [
        (gettext("Needs first"), needs_words or gettext("nothing")),
        (gettext("Lapses"), "; ".join(lapses) or gettext("never")),
    ]
    if rules.grace_days:
        grace = ngettext("%(num)d day with a trainer beside", "%(num)d days with a trainer beside", rules.grace_days)
        words.append((gettext("After that"), grace))
    return words


@pages.get("/skills/<code>/rules")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def edit(code: str) -> str:
    known, skill = read_rules(code), read_skill(code, now())
    form = RulesForm(data=_data(known.rules) | {"version": skill.version})
    return _page(code, form, known)


@pages.post("/skills/<code>/rules")
@needs(Verb.EDIT_SKILLS, about=skill_of)
def save(code: str) -> Answer:
    form, known = RulesForm(), read_rules(code)
    form.needs.choices = _others(code, known)
    if not form.validate_on_submit():
        return _page(code, form, known), 422
    told = what_if(lambda facts: with_skill(facts, _fact(code, form.rules())))
    if told.locks_out and not confirmed():
        return _page(code, form, known, told)
    try:
        training.set_rules(code, form.rules(), version=form.version.data, actor=actor().label, now=now())
    except training.TrainingError as error:
        form.refuse("", said(error))
        return _page(code, form, known), 422
    except Stale:
        return conflict_page(form, _data(read_rules(code).rules), read_skill(code, now()).version)
    done(gettext("What is given from now on lapses by these rules."))
    return see_other(url_for("skills.show", code=code))


def _page(code: str, form: RulesForm, known: Known, told: Told | None = None) -> str:
    form.needs.choices = _others(code, known)
    return render_template("training/rules.html", form=form, skill=read_skill(code, now()), told=told)


def _fact(code: str, rules: SkillRules) -> SkillFact:
    return SkillFact(code, rules.needs, rules.grace_days)


def _others(code: str, known: Known) -> list[tuple[str, str]]:
    return [(one, name) for one, name in known.names.items() if one != code]


def _data(rules: SkillRules) -> dict[str, object]:
    return {
        "needs": sorted(rules.needs),
        "lasts_days": rules.lasts_days,
        "ends_on": _day_of_year(rules.ends_on) if rules.ends_on else "",
        "idle_days": rules.idle_days,
        "grace_days": rules.grace_days or None,
    }


def _day_of_year(ends_on: str) -> str:
    """As it is typed: 31/08."""
    month, day = ends_on.split("-")
    return f"{day}/{month}"
