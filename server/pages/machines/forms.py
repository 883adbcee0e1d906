"""What is asked of a machine: its name and place, who gates it, how dangerous it is, which skills, and its rules."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from server.domain.facts import Minors
from server.domain.rules import RuleClash
from server.machines.changes import Rules
from server.pages.machines.words import MAXIMUMS, MINORS_OR_USUAL, RISKS
from server.web.forms import Form, Minutes
from wire.messages import OnMaximum, Policy, RiskClass

NEW = "+"  # "a new one" in a list of rooms or categories; what it is called stands in the field beside it
_RESERVED = frozenset({"new"})  # an address of the list itself
_HOUR = 3600
# What people think of in minutes: the rule, its field, and what the rule is where the field is empty.
_IN_MINUTES: Mapping[str, tuple[str, int | None]] = {
    "max_s": ("longest", None),
    "idle_warn_s": ("idle_warn", None),
    "idle_end_s": ("idle_end", None),
    "takeover_s": ("takeover", None),
    "cooldown_s": ("cooldown", 0),
    "extend_s": ("extend", 0),
    "payer_s": ("payer", 0),
    "continue_s": ("continuing", 0),
    "again_s": ("again", 0),
    "supervise_s": ("supervise", 0),
}


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
    press_s = IntegerField(lazy_gettext("Button to start"), [Optional(), NumberRange(5, 300)])
    payer = Minutes(lazy_gettext("Choice of the payer"), [Optional()])
    removal_s = IntegerField(lazy_gettext("Card stays in"), [Optional(), NumberRange(0, 600)])
    longest = Minutes(lazy_gettext("Longest session"), [Optional()])
    on_max = RadioField(
        lazy_gettext("After the longest time"),
        [InputRequired()],
        choices=[(one.value, MAXIMUMS[one]) for one in OnMaximum],
    )
    extend = Minutes(lazy_gettext("Longer by a tap"), [Optional()])
    extend_times = IntegerField(lazy_gettext("How often"), [Optional(), NumberRange(0, 20)])
    idle_warn = Minutes(lazy_gettext("Warn after"), [Optional()])
    idle_end = Minutes(lazy_gettext("End after"), [Optional()])
    takeover = Minutes(lazy_gettext("Others may take over after"), [Optional()])
    cooldown = Minutes(lazy_gettext("Power kept afterwards"), [Optional()])
    continuing = Minutes(lazy_gettext("Continues after a power cut within"), [Optional()])
    second_s = IntegerField(lazy_gettext("Second person’s badge within"), [Optional(), NumberRange(5, 300)])
    again = Minutes(lazy_gettext("Second person again every"), [Optional()])
    supervise = Minutes(lazy_gettext("Trainer’s badge again every"), [Optional()])
    minors = SelectField(lazy_gettext("People under age"), choices=MINORS_OR_USUAL, default="")
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
            policy=self.policy(),
            list_valid_s=self.list_valid_h.data * _HOUR if self.list_valid_h.data else None,
            minors=Minors(self.minors.data) if self.minors.data else None,
        )

    def policy(self) -> Policy:
        minutes: dict[str, Any] = {
            rule: (self[name].data or 0) * 60 or off for rule, (name, off) in _IN_MINUTES.items()
        }
        return Policy(
            confirm_s=self.confirm_s.data or 0,
            on_max=OnMaximum(self.on_max.data),
            press_s=self.press_s.data or None,
            removal_s=self.removal_s.data,
            second_s=self.second_s.data or None,
            extend_times=self.extend_times.data or 0,
            **minutes,
        )

    def refuse_rule(self, clash: RuleClash, sentence: str) -> None:
        """Put a contradiction beside the field that should give way."""
        self.refuse(_IN_MINUTES[clash.rule][0] if clash.rule in _IN_MINUTES else clash.rule, sentence)


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


def form_data(rules: Rules, skills: Collection[str]) -> dict[str, Any]:
    """What a form shows for rules that stand."""
    policy = rules.policy
    return {
        "name": rules.name,
        "category": rules.category,
        "new_category": "",
        "room": rules.room,
        "new_room": "",
        "agent": rules.agent,
        "risk": rules.risk.value,
        "confirm_s": policy.confirm_s,
        "on_max": policy.on_max.value,
        "press_s": policy.press_s,
        "removal_s": policy.removal_s,
        "second_s": policy.second_s,
        "minors": rules.minors.value if rules.minors else "",
        "extend_times": policy.extend_times or None,
        **{name: _minutes(getattr(policy, rule)) for rule, (name, _) in _IN_MINUTES.items()},
        "list_valid_h": rules.list_valid_s // _HOUR if rules.list_valid_s else None,
        "skills": sorted(skills),
    }


def usual_data() -> Mapping[str, Any]:
    """What the form for a new machine begins with."""
    usual = Policy()
    return {"confirm_s": usual.confirm_s, "on_max": usual.on_max.value, "risk": RiskClass.LOW.value}


def _minutes(seconds: int | None) -> int | None:
    """Whole minutes, and at least one of what is not off."""
    return max(1, seconds // 60) if seconds else None


def _chosen(listed: SelectField, typed: StringField) -> str:
    return (typed.data if listed.data == NEW else listed.data) or ""


def _named_if_new(listed: SelectField, typed: StringField, missing: str) -> None:
    if listed.data != NEW:
        return
    if not typed.data:
        raise ValidationError(missing)
    if re.search(r"[/\\]", typed.data):
        raise ValidationError(gettext("Type it without a slash: the name stands in addresses."))
