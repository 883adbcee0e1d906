"""What is asked about supplies: materials, prices with fractions of a cent, what was used, single and monthly items."""

import re
from decimal import Decimal
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import TextInput

from server.domain.supplies import OF_BOOKINGS, WAYS, What
from server.domain.vat import Nature
from server.pages.people.choices import payer_choices
from server.pages.prices.words import KINDS, NATURES
from server.pages.supplies import words
from server.people.models import TenantKind
from server.supplies.items import UNITS
from server.supplies.rows import LONGEST_LABEL
from server.supplies.service import ItemFacts, MaterialFacts, PriceFacts, PriceFor
from server.web.formats import language
from server.web.forms import Cents, Day, Form, Minutes, Moment, Reason

_NOT_BELOW = NumberRange(min=0, message=lazy_gettext("Not below zero."))
_TYPED = re.compile(r"(\d{1,9})(?:[.,](\d{1,9}))?")


class Exact(StringField):
    """A number typed as "12,5"; ``data`` is a Decimal with at most ``places`` decimals. Nothing is rounded."""

    widget = TextInput()
    data: Any  # a Decimal, or None

    def __init__(self, label: Any = None, validators: Any = None, places: int = 3, **options: Any) -> None:
        super().__init__(label, validators, **options)
        self.places = places

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip().replace("\u00a0", "").replace(" ", "") if valuelist else ""
        self.data = None
        if not typed:
            return
        found = _TYPED.fullmatch(typed.rstrip("€"))
        if found is None or len((found[2] or "").rstrip("0")) > self.places:
            raise ValueError(gettext("Type a number with at most %(places)s decimals.", places=self.places))
        self.data = Decimal(f"{found[1]}.{found[2] or 0}").normalize() + 0

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        return f"{self.data:f}" if language() == "en" else f"{self.data:f}".replace(".", ",")


class NamesForm(Form):
    """A name in the languages of documents."""

    fr = StringField(lazy_gettext("In French"), [InputRequired(), Length(max=LONGEST_LABEL)])
    de = StringField(lazy_gettext("In German"), [Optional(), Length(max=LONGEST_LABEL)])
    en = StringField(lazy_gettext("In English"), [Optional(), Length(max=LONGEST_LABEL)])

    def labels(self) -> dict[str, str]:
        return {name: self[name].data or "" for name in ("fr", "de", "en")}


class MaterialForm(NamesForm):
    unit = SelectField(lazy_gettext("Measured in"), choices=[(one.value, words.UNITS[one]) for one in WAYS])
    nature = RadioField(
        lazy_gettext("What is sold"),
        choices=[(one.value, said) for one, said in words.OF_MATERIAL.items()],
        default=Nature.MATERIAL_IN_SERVICE.value,
    )

    def facts(self) -> MaterialFacts:
        return MaterialFacts(self.labels(), self.unit.data, self.nature.data or "")


class PriceForm(Form):
    """A price from a day on; which fields are shown depends on what it is for."""

    euros = Exact(lazy_gettext("Price"), [InputRequired()], places=5)
    where = SelectField(lazy_gettext("At"))
    kind = SelectField(lazy_gettext("Kind of tenant"))
    step = Minutes(lazy_gettext("Billed in steps of"), [Optional()])
    free = Minutes(lazy_gettext("Free at the beginning"), [Optional()])
    per_hour = BooleanField(lazy_gettext("For each booked hour"))
    within = IntegerField(lazy_gettext("Late within so many hours before it begins"), [Optional(), NumberRange(1, 336)])
    since = Day(lazy_gettext("From"), [InputRequired()])
    reason = Reason()

    def suit(self, what: str, categories: list[str], machines: list[tuple[str, str]]) -> None:
        """Only the fields that say something about it, with what they offer."""
        is_booking = what in OF_BOOKINGS
        for name, asked in (
            ("where", what != What.OPERATOR),
            ("step", what == What.OPERATOR),
            ("free", what == What.OPERATOR),
            ("per_hour", is_booking),
            ("within", what == What.LATE),
        ):
            if not asked:
                del self[name]
        if "where" in self:
            self.where.choices = {
                "": [("", gettext("everywhere"))],
                gettext("All machines of a category"): [(f"category:{name}", name) for name in categories],
                gettext("One machine only"): [(f"machine:{code}", name) for code, name in machines],
            }
        own = [(kind.value, KINDS[kind]) for kind in TenantKind if kind is not TenantKind.INTERNAL]
        self.kind.choices = [("", gettext("All others")), *own]

    def scope(self, what: str, material: int | None) -> PriceFor:
        asked, _, name = (self.where.data or "" if "where" in self else "").partition(":")
        return PriceFor(
            what=what,
            material=material,
            machine=name if asked == "machine" else None,
            category=name if asked == "category" else None,
            tenant_kind=self.kind.data or None,
        )

    def facts(self) -> PriceFacts:
        return PriceFacts(
            cents=(self.euros.data or Decimal(0)) * 100,
            step_s=(self.step.data or 1) * 60 if "step" in self else 60,
            free_s=(self.free.data or 0) * 60 if "free" in self else 0,
            per_hour=bool("per_hour" in self and self.per_hour.data),
            within_h=(self.within.data or 0) if "within" in self else 0,
        )


class EndForm(Form):
    until = Day(lazy_gettext("No longer from"), [InputRequired()])
    reason = Reason()


class PresetForm(NamesForm):
    nature = SelectField(lazy_gettext("What is sold"), choices=[(one.value, NATURES[one]) for one in Nature])
    euros = Exact(lazy_gettext("Price"), [InputRequired()], places=5)


class PlaceForm(Form):
    """For whom and when something was used, where it was no session."""

    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    day = Day(lazy_gettext("Day"), [Optional()])

    def offer(self, session: str | None) -> None:
        """Of a session it is known already. Else nobody is chosen beforehand: what is sent in haste must not fall on the first."""
        if session is not None:
            del self.payer, self.day
        else:
            self.payer.choices = {"": [("", gettext("choose who pays"))], **payer_choices()}


class MaterialUsedForm(PlaceForm):
    material = SelectField(lazy_gettext("Material"), [InputRequired()])
    quantity = Exact(lazy_gettext("Quantity"), [InputRequired()])
    measured = SelectField(
        lazy_gettext("How it was measured"),
        choices=[("", lazy_gettext("in the usual way")), *((one.value, said) for one, said in words.WAYS.items())],
    )


class OperatorForm(PlaceForm):
    minutes = Minutes(lazy_gettext("Time"), [Optional()])
    begins = Moment(lazy_gettext("or from"), [Optional()])
    ends = Moment(lazy_gettext("to"), [Optional()])


class CorrectForm(Form):
    quantity = Exact(lazy_gettext("Right is"), [InputRequired()])
    measured = SelectField(lazy_gettext("How it was measured"))
    reason = Reason()


class ItemForm(NamesForm):
    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    nature = SelectField(lazy_gettext("What is sold"), choices=[(one.value, NATURES[one]) for one in Nature])
    day = Day(lazy_gettext("Day"), [InputRequired()])
    quantity = Exact(lazy_gettext("Quantity"), [InputRequired()])
    unit = SelectField(lazy_gettext("Unit"), choices=[(one.value, words.UNITS[one]) for one in UNITS])
    euros = Exact(lazy_gettext("Price of one"), [InputRequired()], places=5)
    reason = Reason()

    def facts(self) -> ItemFacts:
        return ItemFacts(
            payer=self.payer.data,
            day=self.day.data,
            labels=self.labels(),
            nature=self.nature.data,
            quantity=self.quantity.data or Decimal(0),
            unit=self.unit.data,
            cents=(self.euros.data or Decimal(0)) * 100,
        )


class RecurringForm(NamesForm):
    payer = SelectField(lazy_gettext("Who pays"), [InputRequired()])
    nature = SelectField(
        lazy_gettext("What is sold"),
        choices=[(one.value, NATURES[one]) for one in Nature],
        default=Nature.SUBSCRIPTION.value,
    )
    cents = Cents(lazy_gettext("Price of a month"), [InputRequired(), _NOT_BELOW])
    since = Day(lazy_gettext("From"), [InputRequired()])
    until = Day(lazy_gettext("Last day"), [Optional()])
    reason = Reason()
