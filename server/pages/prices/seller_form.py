"""What is asked of a seller: everything that must be printed of whoever issues, how payments are asked for, and since when."""

from dataclasses import fields

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, EmailField, HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from server.billing.sellers import LATE_RATES
from server.domain import invoicing
from server.pages.prices.words import DECLARES, REGIMES
from server.people.identities import compact
from server.web.forms import Day, Form

MODES = {
    "issue": lazy_gettext("Invoices are made here"),
    "statement": lazy_gettext("Another system makes the invoices; here statements of use, with their lines for import"),
}
RATES = {
    LATE_RATES[0]: lazy_gettext("three times the legal rate of interest"),
    LATE_RATES[1]: lazy_gettext("the European Central Bank’s rate and 10 points"),
}
_PREFIX = Regexp(
    r"[A-Z][A-Z0-9]{0,9}(-[A-Z0-9]{1,6})?$", message=lazy_gettext("Capitals and digits, such as F or MUL-F.")
)


def _number(text: str | None) -> str:
    return compact(text or "")


class SellerForm(Form):
    """Everything that must be printed of a seller, and from which day on."""

    trade_name = StringField(lazy_gettext("Name on the document"), [InputRequired(), Length(max=200)])
    legal_name = StringField(lazy_gettext("Legal name, with its form"), [InputRequired(), Length(max=200)])
    capital = StringField(lazy_gettext("Capital"), [Optional(), Length(max=60)])
    street = StringField(lazy_gettext("Street"), [InputRequired(), Length(max=200)])
    postcode = StringField(lazy_gettext("Postcode"), [InputRequired(), Length(max=12)])
    city = StringField(lazy_gettext("City"), [InputRequired(), Length(max=100)])
    email = EmailField(lazy_gettext("E-mail for questions about documents"), [Optional(), Length(max=200)])
    phone = StringField(lazy_gettext("Phone"), [Optional(), Length(max=40)])
    country = HiddenField(default="FR")
    siren = StringField("SIREN", [InputRequired()], filters=[_number])
    siret = StringField("SIRET", [InputRequired()], filters=[_number])
    rcs = StringField(lazy_gettext("Register (RCS)"), [Optional(), Length(max=100)])
    vat_id = StringField(lazy_gettext("VAT id"), filters=[_number])
    iban = StringField("IBAN", [InputRequired()], filters=[_number])
    bic = StringField("BIC", [InputRequired()], filters=[_number])
    regime = SelectField(lazy_gettext("VAT regime"), choices=list(REGIMES.items()), default="normal")
    declares = SelectField(lazy_gettext("VAT is declared"), choices=list(DECLARES.items()), default="monthly")
    vat_on_debits = BooleanField(lazy_gettext("VAT is due on invoicing (option for debits)"))
    mode = RadioField(lazy_gettext("Documents"), choices=list(MODES.items()), default="issue")
    prefix = StringField(lazy_gettext("Numbers begin with"), [InputRequired(), _PREFIX], default="F")
    payment_days = IntegerField(lazy_gettext("Companies pay within"), [InputRequired()])
    payment_days_public = IntegerField(lazy_gettext("Public bodies within"), [InputRequired()], default=30)
    payment_days_private = IntegerField(lazy_gettext("Private persons within"), [InputRequired()], default=30)
    late_rate = SelectField(lazy_gettext("Interest for late payment, of companies"))
    since = Day(lazy_gettext("Issues from"), [InputRequired()])

    def offer_rates(self, present: str) -> None:
        """Those the law allows without a calculation, and the words of the seller before where they are others."""
        known = list(RATES.items())
        others = [(present, gettext("as now: %(words)s", words=present))] if present and present not in RATES else []
        self.late_rate.choices = [*known, *others]

    def seller(self) -> invoicing.Seller:
        return invoicing.Seller(**{field.name: self[field.name].data for field in fields(invoicing.Seller)})
