"""The words of contracts: how much of what, for how long it goes over, since when and until when."""

from datetime import date, timedelta
from decimal import Decimal

from flask_babel import gettext, lazy_gettext, ngettext

from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.vat import Nature
from server.web import formats

GIVES = {
    Gives.HOURS: lazy_gettext("Hours each month"),
    Gives.CREDIT: lazy_gettext("Credit each month"),
    Gives.DISCOUNT: lazy_gettext("Discount"),
}
UNITS = {Unit.SECONDS: lazy_gettext("Hours"), Unit.CENTS: lazy_gettext("Credit")}
NATURES = {
    Nature.MACHINE_USE: lazy_gettext("Use of machines"),
    Nature.MACHINE_USE_WITH_ROOM: lazy_gettext("Use of machines with their room"),
}
_OF_A_UNIT = {Unit.SECONDS: Gives.HOURS, Unit.CENTS: Gives.CREDIT}


def amount(gives: Gives | Unit, value: int) -> str:
    """``20 h``, ``150,00 €``, ``10 %``."""
    match _OF_A_UNIT[gives] if isinstance(gives, Unit) else gives:
        case Gives.HOURS:
            return formats.duration(value)
        case Gives.CREDIT:
            return formats.money(value)
        case _:
            return gettext("%(percent)s %%", percent=formats.number(Decimal(value) / 100))


def carry(months: int | None, most: int | None, gives: Gives) -> str:
    if gives is Gives.DISCOUNT or months == 0:
        return gettext("what is left is lost with the month") if gives is not Gives.DISCOUNT else ""
    if months is None:
        said = gettext("what is left goes over as long as it holds")
    else:
        said = ngettext("what is left goes over for %(num)d month", "what is left goes over for %(num)d months", months)
    return said if most is None else gettext("%(said)s, at most %(most)s", said=said, most=amount(gives, most))


def span(since: date, until: date | None) -> str:
    """``until``: the first day on which it no longer holds."""
    if until is None:
        return gettext("from %(day)s on", day=formats.short_day(since))
    if until <= since:
        return gettext("taken back before it began")
    last = formats.short_day(until - timedelta(days=1))
    return gettext("%(first)s to %(last)s", first=formats.short_day(since), last=last)
