"""What is asked of a price, of a cell of the VAT table, and of a seller."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.billing.prices import Price, PricedFor
from server.billing.sellers import LONGEST_TERM
from server.domain import invoicing
from server.domain.identities import compact
from server.domain.rating import Tariff
from server.pages.prices.words import KINDS
from server.people.models import TenantKind
from server.web.forms import Cents, Day, Form, Minutes, Reason

_CATEGORY, _MACHINE = "category:", "machine:"
_POSITIVE = NumberRange(min=0, message=lazy_gettext("Not below zero."))


class PriceForm(Form):
    """What an hour costs, from a day on."""

    since = Day(lazy_gettext("From"), [InputRequired()])
    hour = Cents(lazy_gettext("Price of an hour"), [InputRequired(), _POSITIVE])
    step = Minutes(
        lazy_gettext("Billed in steps of"),
        [InputRequired(), NumberRange(min=1, message=lazy_gettext("A step is a minute at least."))],
    )
    minimum = Minutes(lazy_gettext("At least"), [Optional()])
    fee = Cents(lazy_gettext("For each session"), [Optional(), _POSITIVE])
    reason = Reason()

    def price(self) -> Price:
        return Price(self.hour.data or 0, (self.step.data or 0) * 60, (self.minimum.data or 0) * 60, self.fee.data or 0)


class NewPriceForm(PriceForm):
    """A price for something that has none of its own yet, or a new one from a day on."""

    what = SelectField(lazy_gettext("For"), [InputRequired()])
    kind = SelectField(lazy_gettext("Kind of tenant"))

    def offer(self, categories: Sequence[str], machines: Sequence[tuple[str, str]]) -> None:
        self.what.choices = {
            gettext("All machines of a category"): [(f"{_CATEGORY}{name}", name) for name in categories],
            gettext("One machine only"): [(f"{_MACHINE}{code}", name) for code, name in machines],
        }
        own = [(kind.value, KINDS[kind]) for kind in TenantKind if kind is not TenantKind.INTERNAL]
        self.kind.choices = [("", gettext("All others")), *own]

    def scope(self) -> PricedFor:
        what, kind = self.what.data or "", self.kind.data or None
        if what.startswith(_MACHINE):
            return PricedFor(machine=what.removeprefix(_MACHINE), tenant_kind=kind)
        return PricedFor(category=what.removeprefix(_CATEGORY), tenant_kind=kind)


class EndForm(Form):
    """From which day something no longer holds, and why."""

    until = Day(lazy_gettext("No longer from"), [InputRequired()])
    reason = Reason()


class SellerForm(Form):
    """Everything that must be printed of a seller, and from which day on."""

    trade_name = StringField(lazy_gettext("Name on the invoice"), [InputRequired(), Length(max=200)])
    legal_name = StringField(lazy_gettext("Legal name, with its form"), [InputRequired(), Length(max=200)])
    capital = StringField(lazy_gettext("Capital"), [InputRequired(), Length(max=60)])
    street = StringField(lazy_gettext("Street"), [InputRequired(), Length(max=200)])
    postcode = StringField(lazy_gettext("Postcode"), [InputRequired(), Length(max=12)])
    city = StringField(lazy_gettext("City"), [InputRequired(), Length(max=100)])
    country = HiddenField(default="FR")
    siren = StringField("SIREN", [InputRequired()], filters=[lambda text: compact(text or "")])
    siret = StringField("SIRET", [InputRequired()], filters=[lambda text: compact(text or "")])
    rcs = StringField(lazy_gettext("Register (RCS)"), [InputRequired(), Length(max=100)])
    vat_id = StringField(lazy_gettext("VAT id"), [InputRequired()], filters=[lambda text: compact(text or "")])
    iban = StringField("IBAN", [InputRequired()], filters=[lambda text: compact(text or "")])
    bic = StringField("BIC", [InputRequired()], filters=[lambda text: compact(text or "")])
    vat_on_debits = BooleanField(lazy_gettext("VAT is due on invoicing (option for debits)"))
    payment_days = IntegerField(lazy_gettext("Days to pay"), [InputRequired(), NumberRange(0, LONGEST_TERM)])
    late_rate = StringField(lazy_gettext("Interest for late payment, as printed"), [InputRequired(), Length(max=200)])
    since = Day(lazy_gettext("Issues invoices from"), [InputRequired()])

    def seller(self) -> invoicing.Seller:
        return invoicing.Seller(**{field.name: self[field.name].data for field in fields(invoicing.Seller)})


def price_data(price: Tariff) -> Mapping[str, Any]:
    """What a form shows for a price that stands."""
    return {
        "hour": price.cents_per_hour,
        "step": price.step_s // 60,
        "minimum": price.minimum_s // 60 or None,
        "fee": price.session_fee_cents or None,
    }
