"""What is asked about months and documents: the day on which something was paid, what somebody agrees to issue, what is taken
back of an invoice, and what others have said of it."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import HiddenInput

from server.billing.credit_notes import Amount, Chosen, What, Whole
from server.billing.platform import State
from server.pages.months.standing import STATES, LineRow
from server.web import formats
from server.web.forms import Cents, Day, Form, Reason


class PaidForm(Form):
    day = Day(lazy_gettext("Paid on"), [InputRequired()])


class IssueForm(Form):
    """How many documents, and what they come to: as the one who agrees has seen them."""

    number = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    gross_cents = IntegerField(validators=[InputRequired()], widget=HiddenInput())


class CreditForm(Form):
    """What is taken back of an invoice, and why."""

    choice = RadioField(
        lazy_gettext("What is taken back"),
        choices=[
            ("whole", lazy_gettext("All that is left of it")),
            ("lines", lazy_gettext("Some of its lines")),
            ("amount", lazy_gettext("An amount, of no line in particular")),
        ],
        default="whole",
    )
    subjects = SelectMultipleField(lazy_gettext("Lines"))
    cents = Cents(lazy_gettext("Amount without VAT"))
    rate = SelectField(lazy_gettext("VAT"), [Optional()])
    reason = Reason(lazy_gettext("Reason, printed on the credit note"), [InputRequired()])
    reopen = BooleanField(lazy_gettext("What it was for is to be invoiced anew, under a new number"))

    def validate_subjects(self, field: Any) -> None:
        if self.choice.data == "lines" and not field.data:
            raise ValidationError(gettext("Choose at least one line."))

    def validate_cents(self, field: Any) -> None:
        if self.choice.data == "amount" and not field.data:
            raise ValidationError(gettext("Type in an amount."))

    def what(self) -> What:
        match self.choice.data:
            case "lines":
                return Chosen(frozenset(self.subjects.data or ()))
            case "amount":
                category, _, rate_bp = (self.rate.data or "").partition(":")
                return Amount(self.cents.data or 0, category, int(rate_bp or 0))
            case _:
                return Whole()

    def can_reopen(self) -> bool:
        return self.choice.data != "amount"


def credit_form(content: dict[str, Any], lines: Sequence[LineRow], reason: str) -> CreditForm:
    """With the lines of this invoice and its rates to choose from."""
    form = CreditForm(data={"reason": reason, "reopen": bool(reason)})
    form.subjects.choices = [(one.subject, _line(one)) for one in lines if one.left_cents]
    form.rate.choices = [(f"{row['category']}:{row['rate_bp']}", _rate(row)) for row in content["vat"]]
    return form


class PlatformForm(Form):
    """What the platform for e-invoices has said."""

    state = SelectField(lazy_gettext("State"), choices=[(one.value, STATES[one]) for one in State])
    day = Day(lazy_gettext("Day"), [InputRequired()], id="said-on")
    words = StringField(lazy_gettext("In its words"), [Optional(), Length(max=500)])


class ExternalForm(Form):
    """The invoice that the operator's own system has made of a statement."""

    number = StringField(lazy_gettext("Number of your invoice"), [InputRequired(), Length(max=60)])
    day = Day(lazy_gettext("Dated"), [InputRequired()], id="invoiced-on")


def _line(one: LineRow) -> str:
    day = f", {formats.short_day(one.day)}" if one.day else ""
    return f"{one.label}{day} · {formats.money(one.left_cents)}"


def _rate(row: dict[str, Any]) -> str:
    rate = formats.number(row["rate_bp"] / 100)
    return gettext("%(rate)s %% (%(category)s)", rate=rate, category=row["category"])
