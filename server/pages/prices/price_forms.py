"""The forms of a price: for whom, what it says, from which day on; and a session to try it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.domain.tariffs import Basis, Scope
from server.domain.whatif import Change
from server.pages.prices.rule_form import RuleForm
from server.pages.prices.words import KINDS
from server.people.models import TenantKind
from server.web.forms import Day, Form, Moment, Reason, Seconds

_CATEGORY, _MACHINE, _TENANT = "category:", "machine:", "tenant:"
LONGEST_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Targets:
    """What a price can be for: categories; machines, tenants and classes of members by code and name."""

    categories: Sequence[str]
    machines: Sequence[tuple[str, str]]
    tenants: Sequence[tuple[str, str]]
    classes: Sequence[tuple[str, str]]


class ScopeForm(Form):
    """For whom: what machines, whose sessions, and of them which members."""

    what = SelectField(lazy_gettext("For"), [InputRequired()])
    kind = SelectField(lazy_gettext("Whose sessions"), default="")
    members = SelectField(lazy_gettext("Class of members"), default="")

    def offer(self, targets: Targets) -> None:
        self.what.choices = {
            gettext("All machines of a category"): [(f"{_CATEGORY}{name}", name) for name in targets.categories],
            gettext("One machine only"): [(f"{_MACHINE}{code}", name) for code, name in targets.machines],
        }
        own = [(kind.value, KINDS[kind]) for kind in TenantKind if kind is not TenantKind.INTERNAL]
        self.kind.choices = {
            gettext("Everybody"): [("", gettext("All others"))],
            gettext("One kind of tenant"): own,
            gettext("One tenant only"): [(f"{_TENANT}{code}", name) for code, name in targets.tenants],
        }
        self.members.choices = [("", gettext("All members")), *targets.classes]

    def scope(self) -> Scope:
        what, whose = self.what.data or "", self.kind.data or ""
        is_tenant = whose.startswith(_TENANT)
        return Scope(
            machine=what.removeprefix(_MACHINE) if what.startswith(_MACHINE) else None,
            category=what.removeprefix(_CATEGORY) if what.startswith(_CATEGORY) else None,
            tenant=whose.removeprefix(_TENANT) if is_tenant else None,
            tenant_kind=None if is_tenant else whose or None,
            member_class=self.members.data or None,
        )


class TriedForm(RuleForm):
    """A rule, and the session it is tried on: when it begins, and how long the machine did what."""

    try_from = Moment(lazy_gettext("Beginning"), [Optional()])
    try_occupied = Seconds(lazy_gettext("Occupied for"), [Optional(), NumberRange(max=LONGEST_S)], default=5400)
    try_powered = Seconds(lazy_gettext("Under power for"), [Optional(), NumberRange(max=LONGEST_S)])
    try_running = Seconds(lazy_gettext("Running for"), [Optional(), NumberRange(max=LONGEST_S)])
    try_cooldown = Seconds(lazy_gettext("Cooling down for"), [Optional(), NumberRange(max=LONGEST_S)])

    def tried_bases(self) -> list[str]:
        """The fields about times that some part asks for, besides the time it was occupied."""
        asked = {self[f"p{part}_basis"].data for part in self.shown_parts()}
        return [f"try_{one.value}" for one in (Basis.POWERED, Basis.RUNNING, Basis.COOLDOWN) if one.value in asked]


class PriceForm(TriedForm):
    """Another price for the same, from a day on."""

    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()


class NewPriceForm(PriceForm, ScopeForm):
    """A price for something that has none of its own yet, or a new one from a day on."""


class DraftedForm(TriedForm):
    """Another rule in a draft, or none; it holds on no day yet."""

    without = BooleanField(lazy_gettext("No price of its own: the wider one goes, where there is one"))

    def validate(self, extra_validators: Any = None) -> bool:
        return True if self.without.data else super().validate(extra_validators)

    def change(self, scope: Scope) -> Change:
        return Change(scope, None if self.without.data else self.rule())


class NewDraftedForm(DraftedForm, ScopeForm):
    """A rule in a draft, and for whom."""

    def validate(self, extra_validators: Any = None) -> bool:
        return bool(self.what.validate(self)) & super().validate(extra_validators)


class DraftForm(Form):
    """What a draft is called."""

    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=80)])


class AdoptForm(Form):
    """From which day a draft is in force."""

    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()


def scope_data(scope: Scope) -> Mapping[str, str]:
    what = f"{_MACHINE}{scope.machine}" if scope.machine else f"{_CATEGORY}{scope.category}"
    whose = f"{_TENANT}{scope.tenant}" if scope.tenant else scope.tenant_kind or ""
    return {"what": what, "kind": whose, "members": scope.member_class or ""}
