"""What is asked about a person: who they are, who pays, until when, and why something is taken away."""

from flask_babel import lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from server.pages.people.choices import payer_choices
from server.web.forms import Day, Form, Reason

LANGUAGES = [("fr", "français"), ("de", "Deutsch"), ("en", "English")]
MAIL = Regexp(r"[^@\s]+@[^@\s]+\.[^@\s]+$", message=lazy_gettext("Type a mail address, such as name@example.org."))


class PersonForm(Form):
    given_name = StringField(lazy_gettext("Given name"), [InputRequired(), Length(max=100)])
    family_name = StringField(lazy_gettext("Family name"), [InputRequired(), Length(max=100)])
    email = StringField(lazy_gettext("Mail"), [Optional(), Length(max=200), MAIL])
    language = SelectField(lazy_gettext("Language"), choices=LANGUAGES)
    minor_until = Day(lazy_gettext("Under age until the end of"), [Optional()])
    shows_first_name = BooleanField(lazy_gettext("Has agreed that machines and the plan show the first name"))


class NewPersonForm(PersonForm):
    """With the tenant that pays, so that one page is enough for somebody who arrives."""

    payer = SelectField(lazy_gettext("Who pays"), [Optional()])
    until = Day(lazy_gettext("Member until"), [Optional()])

    def offer_payers(self) -> None:
        self.payer.choices = payer_choices(none=True)


class MembershipForm(Form):
    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    since = Day(lazy_gettext("From"), [Optional()])
    until = Day(lazy_gettext("Until the end of"), [Optional()])
    is_default = BooleanField(lazy_gettext("Charge this one unless another is chosen at the machine"))

    def offer_payers(self) -> None:
        self.payer.choices = payer_choices()


class LeaveForm(Form):
    reason = Reason()
    badges = RadioField(
        lazy_gettext("Badges"),
        choices=[
            ("back", lazy_gettext("All were handed back: they can be lent again")),
            ("missing", lazy_gettext("Not handed back: block them, so that they are recognised")),
        ],
        default="back",
    )


class BadgeForm(Form):
    label = StringField(lazy_gettext("Label"), [Optional(), Length(max=60)])
    until = Day(lazy_gettext("Lent until the end of"), [Optional()])


class NumberForm(Form):
    number = StringField(
        lazy_gettext("Number on the badge"),
        [InputRequired(), Length(max=40)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )


class WaitForm(Form):
    machine = RadioField(lazy_gettext("Machine"), [InputRequired()])
