"""When somebody is to be instructed again: the last time and the tenant's interval, shorter for minors.

German law asks for a year, and half a year for those under age; French and Swiss law for as often as it is needed.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Months:
    adults: int = 12
    minors: int = 6


USUAL = Months()


def next_due(last: date, of: Months, is_minor: bool) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    months = last.month - 1 + (of.minors if is_minor else of.adults)
    year, month = last.year + months // 12, months % 12 + 1
    return date(year, month, min(last.day, monthrange(year, month)[1]))


def strictest(several: list[Months]) -> Months:
    """Of somebody who works for several tenants."""
    if not several:
        return USUAL
    return Months(min(one.adults for one in several), min(one.minors for one in several))
