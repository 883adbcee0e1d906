"""What is asked about who pays: the tenant, its addresses and numbers, the treatment for VAT, cost centres, dates, reasons."""

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError

from server.domain.identities import compact, french_vat_id, is_siren, is_vat_id
from server.pages.people.forms import LANGUAGES
from server.pages.prices.words import KINDS, TREATMENTS
from server.pages.tenants.choices import address_choices, tenant_names
from server.web.forms import Day, Form, Moment, Reason
from wire.messages import Shows

SHOWS = {
    Shows.PRICE: lazy_gettext("the price"),
    Shows.TIME_LEFT: lazy_gettext("the time left, no price"),
    Shows.NOTHING: lazy_gettext("neither price nor time"),
}
_CODE = Regexp(r"[a-z0-9][a-z0-9-]*$", message=lazy_gettext("Only a-z, 0-9 and -, such as blue-school."))
_COUNTRY = Regexp(r"[A-Za-z]{2}$", message=lazy_gettext("Type the two letters of the country: FR, DE, CH."))


class TenantForm(Form):
    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=200)])
    kind = SelectField(lazy_gettext("Kind"), choices=[(kind.value, name) for kind, name in KINDS.items()])
    language = SelectField(lazy_gettext("Language of its invoices"), choices=LANGUAGES)
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


def _number(text: str | None) -> str | None:
    return compact(text) or None if text else None


def _is_siren(form: Form, field: Field) -> None:
    if field.data and not is_siren(field.data):
        count = len(field.data)
        if count != 9 or not field.data.isdecimal():
            raise ValidationError(gettext("A SIREN has 9 digits; this has %(count)s signs.", count=count))
        raise ValidationError(gettext("These 9 digits do not go together: one of them is mistyped."))


def _is_vat_id(form: Any, field: Field) -> None:
    if not field.data:
        return
    if field.data.startswith("FR") and len(field.data) != 13:
        count = abs(13 - len(field.data))
        text = gettext("FR, a key of 2 digits, then the 9 of the SIREN: %(count)s too many.", count=count)
        short = gettext("FR, a key of 2 digits, then the 9 of the SIREN: %(count)s missing.", count=count)
        raise ValidationError(short if len(field.data) < 13 else text)
    if not is_vat_id(field.data):
        raise ValidationError(gettext("This cannot be a VAT id: two letters of the country, then its digits."))
    siren = form.siren.data
    if field.data.startswith("FR") and siren and is_siren(siren) and field.data != french_vat_id(siren):
        raise ValidationError(gettext("With this SIREN it would be %(number)s.", number=french_vat_id(siren)))


class AddressForm(Form):
    legal_name = StringField(lazy_gettext("Legal name"), [InputRequired(), Length(max=200)])
    street = StringField(lazy_gettext("Street"), [InputRequired(), Length(max=200)])
    postcode = StringField(lazy_gettext("Postcode"), [InputRequired(), Length(max=12)])
    city = StringField(lazy_gettext("City"), [InputRequired(), Length(max=100)])
    country = StringField(lazy_gettext("Country"), [InputRequired(), _COUNTRY], default="FR")
    siren = StringField("SIREN", [Optional(), _is_siren], filters=[_number])
    vat_id = StringField(lazy_gettext("VAT id"), [Optional(), Length(max=20), _is_vat_id], filters=[_number])


class TreatmentForm(Form):
    treatment = SelectField(
        lazy_gettext("VAT treatment"), choices=[(treatment.value, name) for treatment, name in TREATMENTS.items()]
    )
    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = TextAreaField(
        lazy_gettext("Why"), [InputRequired(lazy_gettext("Say what this rests on: a VAT id checked, a paper seen."))]
    )


class BillToForm(Form):
    establishment = SelectField(lazy_gettext("Bills go to"), [InputRequired()], coerce=int)
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
