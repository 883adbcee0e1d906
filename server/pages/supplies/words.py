"""What units, ways to measure and prices of supplies are called, in the language of the page."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from babel.numbers import format_currency
from flask_babel import gettext, lazy_gettext, ngettext

from server.domain.items import BillItem, ItemKind, Measured, Unit
from server.domain.supplies import MissingItemPrice, Price, What
from server.domain.vat import Nature
from server.pages.prices.words import NATURES
from server.supplies.models import Preset, Recurring
from server.supplies.rows import whole
from server.web import formats

UNITS = {
    Unit.GRAM: lazy_gettext("gram"),
    Unit.MILLILITRE: lazy_gettext("millilitre"),
    Unit.METRE: lazy_gettext("metre"),
    Unit.CUBIC_CENTIMETRE: lazy_gettext("cubic centimetre"),
    Unit.SHEET: lazy_gettext("sheet"),
    Unit.PIECE: lazy_gettext("piece"),
    Unit.HOUR: lazy_gettext("hour"),
    Unit.MONTH: lazy_gettext("month"),
    Unit.SESSION: lazy_gettext("session"),
    Unit.DAY: lazy_gettext("day"),
    Unit.PERSON: lazy_gettext("person"),
}
_SIGNS = {
    Unit.GRAM: "g",
    Unit.MILLILITRE: "ml",
    Unit.METRE: "m",
    Unit.CUBIC_CENTIMETRE: "cm³",
    Unit.HOUR: "h",
}
WAYS = {
    Measured.SLICER: lazy_gettext("told by the slicer"),
    Measured.CERTIFIED_SCALE: lazy_gettext("certified scale"),
    Measured.SCALE: lazy_gettext("scale that is not certified"),
    Measured.COUNTED: lazy_gettext("counted"),
    Measured.RULER: lazy_gettext("measured with a ruler"),
    Measured.STATED: lazy_gettext("stated by whoever used it"),
    Measured.METER: lazy_gettext("read from a meter"),
}
WHAT = {
    What.MATERIAL: lazy_gettext("Material"),
    What.OPERATOR: lazy_gettext("Operator’s time"),
    What.KEPT: lazy_gettext("Booking that was kept"),
    What.LATE: lazy_gettext("Booking cancelled late"),
    What.MISSED: lazy_gettext("Missed booking"),
}
ITEMS = {
    ItemKind.MATERIAL: lazy_gettext("Material"),
    ItemKind.OPERATOR: lazy_gettext("Operator’s time"),
    ItemKind.COURSE: lazy_gettext("Course"),
    ItemKind.BOOKING: lazy_gettext("Booking"),
    ItemKind.RECURRING: lazy_gettext("Every month"),
    ItemKind.ONE_OFF: lazy_gettext("Once"),
    ItemKind.PACK: lazy_gettext("Prepaid pack"),
    ItemKind.FEE: lazy_gettext("Fee"),
    ItemKind.ADJUSTMENT: lazy_gettext("Adjustment"),
}
OF_MATERIAL = {
    Nature.GOODS: lazy_gettext("goods that are handed over"),
    Nature.MATERIAL_IN_SERVICE: lazy_gettext("used with a machine, part of its service"),
}


def named(labels: Mapping[str, str]) -> str:
    """In the language of the page, else in French."""
    return labels.get(formats.language()) or labels["fr"]


def unit(code: str) -> str:
    """As a quantity is written with it."""
    return _SIGNS.get(Unit(code)) or str(UNITS[Unit(code)])


def quantity(value: Decimal, code: str) -> str:
    """``12,4 g``, ``2 sheets``: half a day and one day are one."""
    told, many = formats.number(value), 1 if abs(value) <= 1 else 2
    match code:
        case Unit.SHEET:
            return ngettext("%(number)s sheet", "%(number)s sheets", many, number=told)
        case Unit.PIECE:
            return ngettext("%(number)s piece", "%(number)s pieces", many, number=told)
        case Unit.MONTH:
            return ngettext("%(number)s month", "%(number)s months", many, number=told)
        case Unit.DAY:
            return ngettext("%(number)s day", "%(number)s days", many, number=told)
        case Unit.PERSON:
            return ngettext("%(number)s person", "%(number)s people", many, number=told)
        case _:
            return f"{told} {unit(code)}"


def price(cents: Decimal) -> str:
    """``0,025 €``: two decimals at least, and as many as it has."""
    pattern = "¤#,##0.00###" if formats.language() == "en" else "#,##0.00### ¤"
    return (
        format_currency(cents / 100, "EUR", pattern, locale=formats.language(), currency_digits=False)
        .replace("\u202f", "\u00a0")
        .replace("-", "\u2212")
    )


def per(one: Price, unit_code: str = "") -> str:
    """What a price is for: "0,025 € / g"."""
    match one.what:
        case What.MATERIAL:
            return (
                gettext("included in the hourly price") if not one.cents else f"{price(one.cents)} / {unit(unit_code)}"
            )
        case What.OPERATOR:
            return f"{price(one.cents)} / {unit(Unit.HOUR)}"
        case _:
            return (
                gettext("%(price)s a booked hour", price=price(one.cents))
                if one.per_hour
                else gettext("%(price)s a booking", price=price(one.cents))
            )


def terms(one: Price) -> str:
    """What else is agreed with it."""
    said = []
    if one.what == What.OPERATOR:
        said.append(gettext("steps of %(step)s", step=formats.duration(one.step_s)))
        if one.free_s:
            said.append(gettext("the first %(time)s free", time=formats.duration(one.free_s)))
    if one.what == What.LATE:
        said.append(gettext("less than %(hours)s h before it begins", hours=one.within_h))
    return ", ".join(said)


def label(item: BillItem | MissingItemPrice) -> str:
    return named(item.labels)


def nature(code: str) -> str:
    return str(NATURES[Nature(code)])


def last_of(dated: Price | Recurring) -> date | None:
    """The last day on which something holds."""
    return dated.valid_until - timedelta(days=1) if dated.valid_until else None


def of_preset(row: Preset) -> str:
    return price(whole(row.cents_milli))
