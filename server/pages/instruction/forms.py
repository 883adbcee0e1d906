"""What is asked about instruction: the text of a sheet or checklist, a day from which it counts, how long it took."""

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.domain.editions import LANGUAGES, Body, lines, plain, questions_from, typed_questions
from server.web.forms import Day, Form

NAMES = {"fr": "Français", "de": "Deutsch", "en": "English"}  # each in its own words
_TITLE, _TEXT = [Optional(), Length(max=120)], [Optional(), Length(max=8000)]


class ChecklistForm(Form):
    title_fr = StringField(lazy_gettext("Title"), _TITLE)
    points_fr = TextAreaField(lazy_gettext("Points"), _TEXT)
    title_de = StringField(lazy_gettext("Title"), _TITLE)
    points_de = TextAreaField(lazy_gettext("Points"), _TEXT)
    title_en = StringField(lazy_gettext("Title"), _TITLE)
    points_en = TextAreaField(lazy_gettext("Points"), _TEXT)
    minutes = IntegerField(lazy_gettext("How long it usually takes"), [Optional(), NumberRange(1, 600)])

    def body(self) -> Body:
        """What was typed. Questions that do not fit are told at their field, and are none."""
        typed = {one: self[f"questions_{one}"].data or "" for one in LANGUAGES if f"questions_{one}" in self}
        questions, problems = questions_from(typed)
        for name, refusal in problems:
            blanks = {key: NAMES.get(str(value), value) for key, value in refusal.blanks.items()}
            self.refuse(name, gettext(refusal.sentence, **blanks))
        titles = {one: text for one in LANGUAGES if (text := self[f"title_{one}"].data or "")}
        points = {one: said for one in LANGUAGES if (said := lines(self[f"points_{one}"].data or ""))}
        needed = self["needed"].data if "needed" in self else None
        return Body(titles, points, questions, needed, self.minutes.data or 0)


class SheetForm(ChecklistForm):
    questions_fr = TextAreaField(lazy_gettext("Questions"), _TEXT)
    questions_de = TextAreaField(lazy_gettext("Questions"), _TEXT)
    questions_en = TextAreaField(lazy_gettext("Questions"), _TEXT)
    needed = IntegerField(lazy_gettext("Right answers needed"), [Optional(), NumberRange(1, 10)])


class RequiredForm(Form):
    required_from = Day(lazy_gettext("Must be accepted from"), [InputRequired()])


class PublishForm(Form):
    """A checklist counts at once."""


class TickForm(Form):
    minutes = IntegerField(lazy_gettext("How long the instruction took"), [InputRequired(), NumberRange(1, 600)])
    language = SelectField(lazy_gettext("In which language"), choices=list(NAMES.items()))


class RulesForm(Form):
    """What the lab decides once about sign-offs and classes."""

    sign_off_hours = IntegerField(
        lazy_gettext("Hours to tick the checklist after a sign-off"), [InputRequired(), NumberRange(1, 168)]
    )
    class_machines = IntegerField(lazy_gettext("Machines of a class at most"), [InputRequired(), NumberRange(1, 60)])
    class_risk = SelectField(lazy_gettext("Highest risk class of a class"))


class IntervalForm(Form):
    months = IntegerField(lazy_gettext("Adults, every"), [InputRequired(), NumberRange(1, 60)])
    months_minor = IntegerField(lazy_gettext("Minors, every"), [InputRequired(), NumberRange(1, 60)])


def typed(body: Body) -> dict[str, Any]:
    """An edition as it would be typed, by field of the form."""
    kept = plain(body)
    values: dict[str, Any] = {"minutes": body.minutes or None, "needed": body.needed}
    for one in LANGUAGES:
        values[f"title_{one}"] = kept["title"].get(one, "")
        values[f"points_{one}"] = "\n".join(kept["points"].get(one, ()))
        values[f"questions_{one}"] = typed_questions(body, one)
    return values
