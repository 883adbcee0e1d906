"""What is asked about who pays: the tenant, where bills go, cost centres, dates, reasons."""

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from server.pages.people.forms import LANGUAGES
from server.pages.prices.words import KINDS
from server.pages.tenants.choices import address_choices, tenant_names
from server.web.forms import Day, Form, Moment, Reason
from wire.messages import Shows

SHOWS = {
    Shows.PRICE: lazy_gettext("the price"),
    Shows.TIME_LEFT: lazy_gettext("the time left, no price"),
    Shows.NOTHING: lazy_gettext("neither price nor time"),
}
_CODE = Regexp(r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Only a-z, 0-9 and -, such as blue-school."))


class TenantForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=200)])
    kind = SelectField(lazy_gettext("Kind"), choices=[(kind.value, name) for kind, name in KINDS.items()])
    language = SelectField(lazy_gettext("Language of its documents"), choices=LANGUAGES)
    parent = SelectField(lazy_gettext("Belongs to"), [Optional()])
    shows = SelectField(
        lazy_gettext("Panels show"), choices=[(shows.value, name) for shows, name in SHOWS.items()], default=Shows.PRICE
    )

    def offer_parents(self, without: str = "") -> None:
        others = [(code, name) for code, name in tenant_names() if code != without]
        self.parent.choices = [("", gettext("nobody else")), *others]


class NewTenantForm(TenantForm):
    code = StringField(lazy_gettext("Code"), [InputRequired(), Length(max=20), _CODE])
    cost_centre = StringField(lazy_gettext("First cost centre"), [InputRequired(), Length(max=60)])


class BillToForm(Form):
    establishment = SelectField(lazy_gettext("Documents go to"), [InputRequired()], coerce=int)
    since = Day(lazy_gettext("From"), [InputRequired()])

    def offer_addresses(self) -> None:
        self.establishment.choices = address_choices()


class PayerForm(Form):
    cost_centre = StringField(lazy_gettext("Cost centre"), [InputRequired(), Length(max=60)])
    code = StringField(lazy_gettext("Code"), [InputRequired(), Length(max=40), _CODE])
    since = Day(lazy_gettext("From"), [Optional()])


class EndPayerForm(Form):
    until = Day(lazy_gettext("Last day"), [InputRequired()])
    reason = Reason()


class SuspendForm(Form):
    since = Moment(lazy_gettext("From"), [Optional()])
    reason = Reason()
    decided_by = StringField(lazy_gettext("Decided by"), [InputRequired(), Length(max=120)])
    letter_on = Day(lazy_gettext("Letter of"), [Optional()])
    notice_days = IntegerField(
        lazy_gettext("Tell its members by mail, days before"), [Optional(), NumberRange(min=1, max=60)]
    )


class TermsForm(Form):
    begins = Day(lazy_gettext("Contract from"), [Optional()])
    until = Day(lazy_gettext("Until the end of"), [Optional()])
    frame_ref = StringField(lazy_gettext("Reference of the declaration"), [Optional(), Length(max=120)])
    frame_until = Day(lazy_gettext("Holds until the end of"), [Optional()])

    def validate_until(self, field: Field) -> None:
        if field.data and self.begins.data and field.data < self.begins.data:
            raise ValidationError(gettext("The contract would end before it begins."))

    def validate(self, extra_validators: Any = None) -> bool:
        """A declaration has both, its reference and its last day."""
        is_right = super().validate(extra_validators)
        if bool(self.frame_ref.data) is bool(self.frame_until.data):
            return is_right
        if self.frame_until.data:
            self.refuse("frame_ref", gettext("Type the reference under which the declaration was made."))
        elif not self.frame_until.errors:
            self.refuse("frame_until", gettext("Type the last day on which the declaration holds."))
        return False


class NamesForm(Form):
    since = Day(lazy_gettext("Sessions from"), [InputRequired()])
    reason = TextAreaField(
        lazy_gettext("What this rests on"),
        [InputRequired(lazy_gettext("Say who was informed, and when: a works council, each person.")), Length(max=500)],
    )
    times = BooleanField(lazy_gettext("And at what time of day"))
