"""What is asked of a contract, a pack, a budget and an order."""

import re
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from server.contracts.service import For, Given, Limit, Numbered, Offer
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.vat import Nature
from server.pages.contracts.words import NATURES
from server.pages.prices.vat_forms import Percent
from server.web.fields import Cents, Seconds
from server.web.forms import Day, Form, Reason

_HOURS = re.compile(r"(\d{1,5})\s*(?:(?:h|:)\s*([0-5]?\d)?\s*(?:min|m)?)?", re.IGNORECASE)
_POSITIVE = NumberRange(min=1, message=lazy_gettext("Say how much: more than nothing."))
_NOT_BELOW = NumberRange(min=0, message=lazy_gettext("Not below zero."))
_ENDLESS = "always"
_OVER = [
    ("0", lazy_gettext("nothing: it is lost with the month")),
    ("1", lazy_gettext("for one month more")),
    ("2", lazy_gettext("for two months more")),
    ("3", lazy_gettext("for three months more")),
    ("6", lazy_gettext("for six months more")),
    ("12", lazy_gettext("for twelve months more")),
    (_ENDLESS, lazy_gettext("as long as it holds")),
]


def until(last: date | None) -> date | None:
    """The first day on which it no longer holds."""
    return None if last is None else last + timedelta(days=1)


def last_of(end: date | None) -> date | None:
    return None if end is None else end - timedelta(days=1)


class Hours(Seconds):
    """Typed as "20", "12:30" or "12 h 30": a number alone is hours. ``data`` is seconds."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed, self.data = (valuelist[0].strip() if valuelist else ""), None
        if not typed:
            return
        found = _HOURS.fullmatch(typed)
        if found is None:
            raise ValueError(gettext("Type hours, such as 20 or 12:30."))
        self.data = int(found[1]) * 3600 + int(found[2] or 0) * 60

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        hours, minutes = divmod(self.data // 60, 60)
        return f"{hours}:{minutes:02}" if minutes else str(hours)


class GivenForm(Form):
    """How much each month, from a day on, and what of it goes over. The amount is a field of its kind."""

    since = Day(lazy_gettext("From"), [InputRequired()])
    over = SelectField(lazy_gettext("Of what is left goes over"), choices=_OVER, default="0")
    amount: Any
    most: Any

    def given(self) -> Given:
        months = None if self.over.data == _ENDLESS else int(self.over.data)
        return Given(self.amount.data, months, self.most.data)


class HoursForm(GivenForm):
    amount = Hours(lazy_gettext("Hours each month"), [InputRequired(), _POSITIVE])
    most = Hours(lazy_gettext("At most, of all earlier months"), [Optional(), _POSITIVE])


class CreditForm(GivenForm):
    amount = Cents(lazy_gettext("Credit each month"), [InputRequired(), _POSITIVE])
    most = Cents(lazy_gettext("At most, of all earlier months"), [Optional(), _POSITIVE])


class DiscountForm(Form):
    since = Day(lazy_gettext("From"), [InputRequired()])
    amount = Percent(lazy_gettext("Off the price"), [InputRequired(), _POSITIVE])

    def given(self) -> Given:
        return Given(self.amount.data or 0)


class _Whole(Form):
    """What a new one says beside its amount."""

    name = StringField(lazy_gettext("Name"), [InputRequired(), Length(max=120)])
    payer = SelectField(lazy_gettext("For"))
    categories = SelectMultipleField(lazy_gettext("At machines of these categories alone"))
    last = Day(lazy_gettext("Last day"), [Optional()])
    reason = StringField(lazy_gettext("Note"), [Optional(), Length(max=300)])

    def offer(self, payers: list[tuple[str, str]], categories: list[tuple[str, str]]) -> None:
        self.payer.choices = [("", gettext("all cost centres together")), *payers]
        self.categories.choices = categories

    def whom(self) -> For:
        return For(self.payer.data or None, tuple(self.categories.data or ()))


class NewHoursForm(_Whole, HoursForm):
    pass


class NewCreditForm(_Whole, CreditForm):
    pass


class NewDiscountForm(_Whole, DiscountForm):
    pass


NEW = {Gives.HOURS: NewHoursForm, Gives.CREDIT: NewCreditForm, Gives.DISCOUNT: NewDiscountForm}


class _Changed(Form):
    reason = Reason()


class ChangeHoursForm(_Changed, HoursForm):
    pass


class ChangeCreditForm(_Changed, CreditForm):
    pass


class ChangeDiscountForm(_Changed, DiscountForm):
    pass


CHANGE = {Gives.HOURS: ChangeHoursForm, Gives.CREDIT: ChangeCreditForm, Gives.DISCOUNT: ChangeDiscountForm}


def given_data(gives: Gives, given: Given) -> dict[str, Any]:
    """As the forms above are given it."""
    if gives is Gives.DISCOUNT:
        return {"amount": given.amount}
    over = _ENDLESS if given.carry_months is None else str(given.carry_months)
    return {"amount": given.amount, "over": over, "most": given.carry_most}


class EndForm(Form):
    """The last day on which it holds."""

    last = Day(lazy_gettext("Last day"), [InputRequired()])
    reason = Reason()


# --- packs ------------------------------------------------------------------------------------------------------------


class _PackForm(Form):
    name = StringField(lazy_gettext("Name on the document"), [InputRequired(), Length(max=120)])
    price = Cents(lazy_gettext("Price"), [InputRequired(), _NOT_BELOW])
    payer = SelectField(lazy_gettext("On the document of"))
    pooled = BooleanField(lazy_gettext("All cost centres of the tenant may use it"))
    categories = SelectMultipleField(lazy_gettext("At machines of these categories alone"))
    nature = SelectField(lazy_gettext("It pays for"), choices=[(one.value, said) for one, said in NATURES.items()])
    day = Day(lazy_gettext("Sold on"), [InputRequired()])
    last = Day(lazy_gettext("Last day of use"), [Optional()])
    reason = StringField(lazy_gettext("Note"), [Optional(), Length(max=300)])
    amount: Any
    unit: Unit

    def offer(self, payers: list[tuple[str, str]], categories: list[tuple[str, str]]) -> None:
        self.payer.choices, self.categories.choices = payers, categories

    def sold(self) -> Offer:
        return Offer(
            name=self.name.data or "",
            unit=self.unit,
            amount=self.amount.data,
            price_cents=self.price.data or 0,
            nature=Nature(self.nature.data),
            categories=tuple(self.categories.data or ()),
            until=until(self.last.data),
            pooled=self.pooled.data,
        )


class HoursPackForm(_PackForm):
    unit = Unit.SECONDS
    amount = Hours(lazy_gettext("Hours"), [InputRequired(), _POSITIVE])


class CreditPackForm(_PackForm):
    unit = Unit.CENTS
    amount = Cents(lazy_gettext("Credit"), [InputRequired(), _POSITIVE])


PACKS = {Unit.SECONDS: HoursPackForm, Unit.CENTS: CreditPackForm}


# --- budgets and orders -----------------------------------------------------------------------------------------------

_EACH_MONTH, _IN_ALL = "month", "all"


class BudgetForm(Form):
    cents = Cents(lazy_gettext("Budget"), [InputRequired(), _POSITIVE])
    counts = RadioField(
        lazy_gettext("It counts"),
        choices=[(_EACH_MONTH, lazy_gettext("month by month")), (_IN_ALL, lazy_gettext("in all, between two days"))],
        default=_EACH_MONTH,
    )
    since = Day(lazy_gettext("From"), [InputRequired()])
    last = Day(lazy_gettext("Last day"), [Optional()])
    reason = StringField(lazy_gettext("Note"), [Optional(), Length(max=300)])

    def limit(self) -> Limit:
        return Limit(self.cents.data or 0, self.counts.data == _EACH_MONTH, self.since.data, until(self.last.data))


class NewBudgetForm(BudgetForm):
    payer = SelectField(lazy_gettext("For"))

    def offer(self, payers: list[tuple[str, str]]) -> None:
        self.payer.choices = [("", gettext("all cost centres together")), *payers]


def budget_data(limit: Limit) -> dict[str, Any]:
    counts = _EACH_MONTH if limit.monthly else _IN_ALL
    dates = {"since": limit.valid_from, "last": last_of(limit.valid_until)}
    return {"cents": limit.cents, "counts": counts, **dates}


class OrderForm(Form):
    number = StringField(lazy_gettext("Order number"), [InputRequired(), Length(max=50)])
    ordered_on = Day(lazy_gettext("Dated"), [Optional()])
    since = Day(lazy_gettext("From"), [InputRequired()])
    last = Day(lazy_gettext("Last day"), [Optional()])
    ceiling = Cents(lazy_gettext("Up to, without VAT"), [Optional(), _POSITIVE])
    reason = StringField(lazy_gettext("Note"), [Optional(), Length(max=300)])

    def numbered(self) -> Numbered:
        dates = self.since.data, until(self.last.data), self.ordered_on.data
        return Numbered(self.number.data or "", *dates, self.ceiling.data)


class NewOrderForm(OrderForm):
    house = SelectField(lazy_gettext("On documents to"), coerce=int)
    payer = SelectField(lazy_gettext("For"))

    def offer(self, houses: list[tuple[int, str]], payers: list[tuple[str, str]]) -> None:
        self.house.choices = houses
        self.payer.choices = [("", gettext("all that is billed there")), *payers]


class AskedForm(Form):
    required = BooleanField(lazy_gettext("An order must stand on each document; without one it is held"))
    one_each = BooleanField(lazy_gettext("A document of its own for each order"))
