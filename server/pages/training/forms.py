"""What is asked about training: the name of a skill, from when until when somebody is qualified, and why not any more."""

import re

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, IntegerField, RadioField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from server.domain.lapses import is_day_of_year
from server.training.service import SkillRules
from server.web.forms import Day, Form
from wire.messages import Level

_CODE = Regexp(r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Only a-z, 0-9 and -, such as laser-cutting."))


class SkillForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=120)])


class NewSkillForm(SkillForm):
    code = StringField(lazy_gettext("Code"), [InputRequired(), Length(max=40), _CODE])


LEVELS = {
    Level.SUPERVISED: lazy_gettext("With a trainer beside"),
    Level.ALONE: lazy_gettext("Alone"),
    Level.TRAINER: lazy_gettext("Trainer"),
}
_DAYS = [Optional(), NumberRange(1, 3660)]


class RulesForm(Form):
    """What a skill needs, and how it lapses. ``ends_on`` is typed as day and month."""

    needs = SelectMultipleField(lazy_gettext("Needs first"))
    lasts_days = IntegerField(lazy_gettext("Days after it was given"), _DAYS)
    ends_on = StringField(lazy_gettext("Every year after"), [Optional(), Length(max=6)])
    idle_days = IntegerField(lazy_gettext("Days without use"), _DAYS)
    grace_days = IntegerField(lazy_gettext("Days with a trainer beside"), [Optional(), NumberRange(0, 366)])

    def validate_ends_on(self, field: StringField) -> None:
        if field.data and _month_and_day(field.data) is None:
            raise ValidationError(gettext("Type a day and a month that every year has, such as 31/08."))

    def rules(self) -> SkillRules:
        return SkillRules(
            needs=frozenset(self.needs.data or ()),
            lasts_days=self.lasts_days.data,
            ends_on=_month_and_day(self.ends_on.data or ""),
            idle_days=self.idle_days.data,
            grace_days=self.grace_days.data or 0,
        )


def _month_and_day(typed: str) -> str | None:
    """``31/08`` or ``31.08.`` as ``08-31``."""
    found = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})\.?", typed.strip())
    if found is None:
        return None
    turned = f"{int(found[2]):02}-{int(found[1]):02}"
    return turned if is_day_of_year(turned) else None


class GiveForm(Form):
    level = RadioField(lazy_gettext("How far"), [Optional()], choices=[(one.value, LEVELS[one]) for one in LEVELS])
    override = BooleanField(lazy_gettext("Exception: without what the skill needs"))
    since = Day(lazy_gettext("From"), [Optional()])
    until = Day(lazy_gettext("Until the end of"), [Optional()])
    reason = StringField(lazy_gettext("What it rests on"), [Optional(), Length(max=300)])
