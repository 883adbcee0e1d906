"""What is asked of who logs in, and about accounts and their roles."""

from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from server.domain.roles import SCOPES, Role, ScopeKind
from server.pages.account.words import KINDS, LANGUAGES, MEANINGS, ROLES
from server.web.forms import Day, Form

_ADDRESS = Regexp(r"[^@\s]+@[^@\s]+$", message=lazy_gettext("Type an e-mail address, such as ines@example.org."))
_AS_THE_BROWSER = ("", lazy_gettext("As the browser asks"))


_TYPED_ADDRESS = {"autocomplete": "username", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}


class LoginForm(Form):
    email = StringField(
        lazy_gettext("E-mail address"), [InputRequired()], render_kw={**_TYPED_ADDRESS, "autofocus": True}
    )
    password = PasswordField(
        lazy_gettext("Password"), [InputRequired()], render_kw={"autocomplete": "current-password"}
    )
    next = HiddenField()


class CodeForm(Form):
    code = StringField(
        lazy_gettext("Code"),
        [InputRequired(), Length(max=40)],
        render_kw={
            "autocomplete": "one-time-code",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "autofocus": True,
        },
    )
    proof = HiddenField()
    next = HiddenField()


class ForgottenForm(Form):
    email = StringField(
        lazy_gettext("E-mail address"),
        [InputRequired(), Length(max=200), _ADDRESS],
        render_kw={**_TYPED_ADDRESS, "autofocus": True},
    )


class NewPasswordForm(Form):
    """``email`` is there for the browser's memory only: it stores the password under it."""

    email = StringField(lazy_gettext("E-mail address"), render_kw={"autocomplete": "username", "readonly": True})
    password = PasswordField(
        lazy_gettext("New password"), [InputRequired()], render_kw={"autocomplete": "new-password"}
    )


class ChangePasswordForm(Form):
    old = PasswordField(
        lazy_gettext("Present password"), [InputRequired()], render_kw={"autocomplete": "current-password"}
    )
    password = PasswordField(
        lazy_gettext("New password"), [InputRequired()], render_kw={"autocomplete": "new-password"}
    )


class ConfirmForm(Form):
    password = PasswordField(
        lazy_gettext("Your password"), [InputRequired()], render_kw={"autocomplete": "current-password"}
    )


class SetUpForm(Form):
    code = StringField(
        lazy_gettext("Code"),
        [InputRequired(), Length(max=12)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )
    proposal = HiddenField()


class OwnForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "name"})
    email = StringField(
        lazy_gettext("E-mail address"),
        [InputRequired(), Length(max=200), _ADDRESS],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
    language = SelectField(lazy_gettext("Language"), choices=[_AS_THE_BROWSER, *LANGUAGES.items()])
    password = PasswordField(
        lazy_gettext("Your password"), [Optional()], render_kw={"autocomplete": "current-password"}
    )


class AccountForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=120)], render_kw={"autocomplete": "off"})
    email = StringField(
        lazy_gettext("E-mail address"),
        [InputRequired(), Length(max=200), _ADDRESS],
        render_kw={"autocomplete": "off", "inputmode": "email"},
    )
    language = SelectField(lazy_gettext("Language"), choices=[_AS_THE_BROWSER, *LANGUAGES.items()])
    holder = StringField(
        lazy_gettext("Person at the machines"), [Optional(), Length(max=120)], render_kw={"autocomplete": "off"}
    )


class RoleForm(Form):
    """A role, where it counts and for how long; ``offer`` gives the places to choose from."""

    role = SelectField(
        lazy_gettext("Role"), choices=[(role.value, ROLES[role]) for role in Role], validators=[InputRequired()]
    )
    place = SelectField(lazy_gettext("Where it counts"))
    since = Day(lazy_gettext("From"), [Optional()])
    until = Day(lazy_gettext("Until the end of"), [Optional()])

    def offer(self, places: dict[str, list[tuple[str, str]]]) -> None:
        self.place.choices = places

    def chosen(self) -> tuple[Role, ScopeKind, str]:
        kind, _, scope = (self.place.data or "lab:").partition(":")
        return Role(self.role.data), ScopeKind(kind), scope

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        role, kind, _ = self.chosen()
        if kind not in SCOPES[role]:
            wanted = ", ".join(str(KINDS[one]) for one in ScopeKind if one in SCOPES[role])
            text = gettext("%(role)s: choose %(places)s.", role=ROLES[role], places=wanted)
            self.refuse("place", text)
            return False
        return self._dates_are_in_order()

    def _dates_are_in_order(self) -> bool:
        since, until = self.since.data or date.min, self.until.data or date.max
        if until < since:
            self.refuse("until", gettext("The role would end before it begins."))
        return until >= since


class InviteForm(AccountForm, RoleForm):
    """A new account, with the role it begins with."""


def meanings() -> list[tuple[str, str]]:
    """Each role and what it may do, for the foot of the forms."""
    return [(str(ROLES[role]), str(MEANINGS[role])) for role in Role]
