"""What the law wants done about a month, and until when: the calendar that stands beside it. Pure.

Invoices of a period follow its end within a few days (BOI-TVA-DECLA-30-20-10-40, "quelques jours"); services for which the
buyer owes the VAT are invoiced by the 15th of the month after (art. 289 I-3 CGI); the declaration of services goes to customs by
the 10th working day, for the month in which the service fell; and what no French e-invoice tells is reported to the tax office
in a rhythm that follows the seller's VAT regime, payments apart. A named person ticks each one; nothing here is legal advice.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.domain.holidays import Holiday, holidays_of

LONGEST_TERM = 45  # days from its date, for a periodic invoice: art. L441-10 I of the code de commerce
LONGEST_PUBLIC_TERM = 30  # of a public body: art. R2192-10 of the code de la commande publique
REPORTING_FROM = date(2027, 9, 1)  # for small and medium-sized businesses; the large ones began a year before
_FEW_DAYS = 5
_REVERSE_CHARGE_DAY = 15
_WORKING_DAYS = 10
_LOCAL = frozenset({Holiday.GOOD_FRIDAY, Holiday.ST_STEPHEN})  # customs counts the holidays of the whole country only
_SUNDAY = 6


class Declares(StrEnum):
    """How often a seller that charges VAT declares it; the simplified regime ends with 2026 (art. 38 of the loi de finances for
    2025)."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SIMPLIFIED = "simplified"


class Duty(StrEnum):
    """In the order of a usual month."""

    TRANSACTIONS_1 = "transactions_1"  # e-reporting of the first ten days
    TRANSACTIONS_2 = "transactions_2"  # of the second ten
    INVOICES = "invoices"
    TRANSACTIONS = "transactions"  # of the rest of the month, or of all of it
    PAYMENTS = "payments"  # e-reporting of payments received for services
    DES = "des"
    REVERSE_CHARGE = "reverse_charge"
    TERMS = "terms"  # the last invoice of the month falls due


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a month the law looks at: its own bills, whenever they are written, and what was written and paid in it.
    ``last_due``: the latest day on which one of its invoices is due."""

    first_day: date
    regime: str  # as ``rhythm`` says it
    invoices: int = 0  # drafts and documents
    reverse_charge: int = 0  # those of them on which the buyer owes the VAT
    reported: tuple[
        date, ...
    ] = ()  # days of this month on which something was invoiced that no French e-invoice tells of
    paid: int = 0  # payments of this month that are told
    last_due: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do until a day."""

    duty: Duty
    day: date
    compulsory: bool = True

    def days_left(self, today: date) -> int:
        """Below 0: so many days too late."""
        return (self.day - today).days


def rhythm(regime: str, declares: str) -> str:
    """In which a seller reports: that of its declarations, and where it charges no VAT one of its own (décret 2022-1299)."""
    return declares if regime == "normal" and declares != Declares.MONTHLY else regime


def duties(facts: Facts) -> list[Due]:
    """What is to be done about a month, by day."""
    following = _next_month(facts.first_day)
    found = [Due(Duty.INVOICES, following.replace(day=_FEW_DAYS))] if facts.invoices else []
    if facts.reverse_charge:
        found.append(Due(Duty.DES, services_declared_by(facts.first_day)))
        found.append(Due(Duty.REVERSE_CHARGE, following.replace(day=_REVERSE_CHARGE_DAY)))
    must = facts.first_day >= REPORTING_FROM
    found += [Due(duty, day, must) for duty, day in _transactions(facts.regime, facts.first_day, facts.reported)]
    if facts.paid:
        found.append(Due(Duty.PAYMENTS, _payments(facts.regime, following), must))
    if facts.last_due is not None:
        found.append(Due(Duty.TERMS, facts.last_due))
    order = list(Duty)
    return sorted(found, key=lambda due: (due.day, order.index(due.duty)))


def services_declared_by(first_day: date) -> date:
    """The last day for the declaration of services of the month that begins so."""
    return working_day(_next_month(first_day), _WORKING_DAYS)


def working_day(first: date, number: int) -> date:
    """The so-many-th working day from a first day on: Monday to Saturday, but for the holidays of all of France."""
    day, left = first - timedelta(days=1), number
    while left:
        day += timedelta(days=1)
        left -= day.weekday() != _SUNDAY and day not in _national(day.year)
    return day


def _national(year: int) -> set[date]:
    return {day for day, holiday in holidays_of(year) if holiday not in _LOCAL}


def _transactions(regime: str, first: date, days: tuple[date, ...]) -> list[tuple[Duty, date]]:
    """Under the normal regime three times a month, each ten days after; quarterly payers once, by the 10th; small regimes
    by the 30th of the month after, and those without VAT of every second month. Nothing where nothing was invoiced."""
    following = _next_month(first)
    if not days:
        return []
    if regime != "normal":
        by = following.replace(day=10) if regime == "quarterly" else _by_the_30th(regime, following)
        return [(Duty.TRANSACTIONS, by)]
    thirds = (
        (Duty.TRANSACTIONS_1, 1, first.replace(day=20)),
        (Duty.TRANSACTIONS_2, 11, following - timedelta(days=1)),
        (Duty.TRANSACTIONS, 21, following.replace(day=10)),
    )
    return [(duty, by) for duty, begins, by in thirds if any(begins == _third(day) for day in days)]


def _third(day: date) -> int:
    """The first day of its third of a month."""
    return 1 if day.day <= 10 else 11 if day.day <= 20 else 21


def _payments(regime: str, following: date) -> date:
    return following.replace(day=10) if regime in {"normal", "quarterly"} else _by_the_30th(regime, following)


def _by_the_30th(regime: str, following: date) -> date:
    """Of the month after the period. Without VAT (art. 293 B) a period is two months: January with February, …"""
    if regime.startswith("franchise") and following.month % 2 == 0:
        following = _next_month(following)
    last = _next_month(following) - timedelta(days=1)
    return min(following.replace(day=28) + timedelta(days=2), last)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
