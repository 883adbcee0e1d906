"""What is asked about money: what came in and what it is for; what is set off; why something is taken back."""

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from server.collecting.open_items import OpenItem
from server.domain.payments import Due, Means, oldest_first
from server.pages.collecting.words import MEANS
from server.web.forms import Cents, Day, Form, Reason

_MONEY = [(one.value, word) for one, word in MEANS.items() if one is not Means.SET_OFF]


class PaymentForm(Form):
    """One payment. The fields of a tenant's open documents are added by ``payment_form``."""

    received_on = Day(lazy_gettext("Money received on"), [InputRequired()])
    cents = Cents(lazy_gettext("Amount"), [InputRequired()])
    means = SelectField(lazy_gettext("Means"), choices=_MONEY)
    reference = StringField(lazy_gettext("Reference"), [Optional(), Length(max=140)])
    keep = BooleanField(lazy_gettext("Keep it as a credit of the tenant"))

    items: Sequence[OpenItem] = ()

    def given(self) -> dict[str, int]:
        """What each document is given. Where nothing was typed, what is due first is paid first; or nothing, if asked so."""
        typed = {item.number: self.field_of(item).data for item in self.items}
        chosen = {number: cents for number, cents in typed.items() if cents}
        if chosen or self.keep.data:
            return chosen
        due = [Due(item.number, item.due_on, item.open_cents) for item in self.items]
        return oldest_first(self.cents.data or 0, due)

    def field_of(self, item: OpenItem) -> Cents:
        field: Cents = self[f"document_{item.document_id}"]
        return field


def payment_form(items: Sequence[OpenItem], today: date, chosen: str) -> PaymentForm:
    """The form for a tenant with these open documents; of one that is chosen already the amount stands in it."""

    class WithDocuments(PaymentForm):
        pass

    for item in items:
        setattr(WithDocuments, f"document_{item.document_id}", Cents(item.number, [Optional()]))
    one = next((item for item in items if item.number == chosen), None)
    given = {f"document_{one.document_id}": one.open_cents, "cents": one.open_cents} if one else {}
    form = WithDocuments(data={"received_on": today, "means": Means.TRANSFER.value, **given})
    form.items = items
    return form


class SetOffForm(Form):
    """A credit note that pays an invoice."""

    note = SelectField(lazy_gettext("Credit note"))
    invoice = SelectField(lazy_gettext("Document"))
    cents = Cents(lazy_gettext("Amount"), [InputRequired()])
    day = Day(lazy_gettext("From which day"), [InputRequired()])


class CreditForm(Form):
    """What of a tenant's credit a document is given."""

    invoice = SelectField(lazy_gettext("Document"))
    cents = Cents(lazy_gettext("Amount"), [InputRequired()])
    day = Day(lazy_gettext("From which day"), [InputRequired()])


class TakeBackForm(Form):
    """From which day a payment does not count, and why."""

    day = Day(lazy_gettext("Taken back on"), [InputRequired()])
    reason = Reason()
