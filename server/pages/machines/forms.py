"""What is asked of a machine: its name and place, who gates it, how dangerous it is, how long it may run, which skills."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from server.machines.changes import Rules
from server.pages.machines.words import MAXIMUMS, RISKS
from server.web.forms import Form, Minutes, Reason
from wire.messages import OnMaximum, Policy, RiskClass

NEW = "+"  # "a new one" in a list of rooms or categories; what it is called stands in the field beside it
_RESERVED = frozenset({"new"})  # an address of the list itself
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Choices:
    """What a machine can be given: names of rooms and categories; agents with a word on each; skills by code."""

    rooms: Sequence[str]
    categories: Sequence[str]
    agents: Sequence[tuple[str, str]]
    skills: Sequence[tuple[str, str]]


class MachineForm(Form):
    """The rules of a machine that is there already."""

    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=60)])
    category = SelectField(lazy_gettext("Category"), [InputRequired()])
    new_category = StringField(lazy_gettext("New category"), [Length(max=40)])
    room = SelectField(lazy_gettext("Room"))
    new_room = StringField(lazy_gettext("New room"), [Length(max=60)])
    agent = SelectField(lazy_gettext("Agent"), [InputRequired()])
    risk = RadioField(
        lazy_gettext("Risk class"), [InputRequired()], choices=[(one.value, RISKS[one]) for one in RiskClass]
    )
    confirm_s = IntegerField(lazy_gettext("Time to confirm an end"), [InputRequired(), NumberRange(2, 60)])
    longest = Minutes(lazy_gettext("Longest session"), [Optional()])
    on_max = RadioField(
        lazy_gettext("After the longest time"),
        [InputRequired()],
        choices=[(one.value, MAXIMUMS[one]) for one in OnMaximum],
    )
    list_valid_h = IntegerField(lazy_gettext("Validity of the access list"), [Optional(), NumberRange(1, 168)])
    skills = SelectMultipleField(lazy_gettext("Skills asked for"))

    def offer(self, choices: Choices) -> None:
        """Fill the lists. What the machine has already is always among them."""
        new = (NEW, gettext("New…"))
        self.category.choices = [*((name, name) for name in choices.categories), new]
        self.room.choices = [("", gettext("no room")), *((name, name) for name in choices.rooms), new]
        self.agent.choices = list(choices.agents)
        self.skills.choices = list(choices.skills)

    def validate_new_category(self, field: StringField) -> None:
        _named_if_new(self.category, field, gettext("Type what the new category is called."))

    def validate_new_room(self, field: StringField) -> None:
        _named_if_new(self.room, field, gettext("Type what the new room is called."))

    def rules(self) -> Rules:
        return Rules(
            name=self.name.data or "",
            category=_chosen(self.category, self.new_category),
            room=_chosen(self.room, self.new_room),
            agent=self.agent.data,
            risk=RiskClass(self.risk.data),
            confirm_s=self.confirm_s.data or 0,
            max_s=self.longest.data * 60 if self.longest.data else None,
            on_max=OnMaximum(self.on_max.data),
            list_valid_s=self.list_valid_h.data * _HOUR if self.list_valid_h.data else None,
        )


class NewMachineForm(MachineForm):
    """A machine that is new also gets its code, which stands on the wire and in addresses and never changes."""

    code = StringField(
        lazy_gettext("Code"),
        [
            InputRequired(),
            Length(max=40),
            Regexp(
                r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Small letters a–z, digits and -, such as fraiseuse-3.")
            ),
        ],
    )

    def validate_code(self, field: StringField) -> None:
        if field.data in _RESERVED:
            raise ValidationError(gettext("This word is taken by a page: choose another code."))


class EndForm(Form):
    """Why a machine or an agent is taken out."""

    reason = Reason()


def form_data(rules: Rules, skills: Collection[str]) -> dict[str, Any]:
    """What a form shows for rules that stand."""
    return {
        "name": rules.name,
        "category": rules.category,
        "new_category": "",
        "room": rules.room,
        "new_room": "",
        "agent": rules.agent,
        "risk": rules.risk.value,
        "confirm_s": rules.confirm_s,
        "longest": rules.max_s // 60 if rules.max_s else None,
        "on_max": rules.on_max.value,
        "list_valid_h": rules.list_valid_s // _HOUR if rules.list_valid_s else None,
        "skills": sorted(skills),
    }


def usual_data() -> Mapping[str, Any]:
    """What the form for a new machine begins with."""
    usual = Policy()
    return {"confirm_s": usual.confirm_s, "on_max": usual.on_max.value, "risk": RiskClass.LOW.value}


def policy_of(rules: Rules) -> Policy:
    return Policy(rules.confirm_s, rules.max_s, rules.on_max)


def _chosen(listed: SelectField, typed: StringField) -> str:
    return (typed.data if listed.data == NEW else listed.data) or ""


def _named_if_new(listed: SelectField, typed: StringField, missing: str) -> None:
    if listed.data != NEW:
        return
    if not typed.data:
        raise ValidationError(missing)
    if re.search(r"[/\\]", typed.data):
        raise ValidationError(gettext("Type it without a slash: the name stands in addresses."))
