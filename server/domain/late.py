"""What being late costs, by kind of customer; and when a document is to be reminded of, the first, second and third time.

C. com. L441-10: a company owes the central bank's rate of the half-year and 10 points, or the rate that the seller states;
a public body the rate and 8 points (CCP R2192-31). Both owe 40 € once a document (D441-5). A private person owes neither.
Nobody is charged by this: it says a figure, and a person decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from server.domain.money import whole_cents
from server.domain.vat import Customer

INDEMNITY_CENTS = 4000
STEPS = 3
_YEAR = 365
_DAY = timedelta(days=1)


_POINTS = {Customer.BUSINESS: 1000, Customer.PUBLIC: 800}  # above the central bank's rate, in hundredths of a percent


class RateKind(StrEnum):
    ECB = "ecb"  # the main refinancing rate; that of 1 January and of 1 July counts for the half-year
    STATED = "stated"  # by the seller, as printed on its documents: a whole rate, for companies


@dataclass(frozen=True, slots=True)
class Rate:
    """A yearly rate in hundredths of a percent, from a day until the next of its kind. None: none is stated any more."""

    kind: RateKind
    valid_from: date
    rate_bp: int | None


@dataclass(frozen=True, slots=True)
class Paid:
    """What was given to a document on a day, in cents."""

    day: date
    cents: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What being late has come to, in cents. ``no_rate_on``: the first day whose rate nobody has typed; then interest is of
    the days before."""

    interest_cents: int
    indemnity_cents: int
    no_rate_on: date | None = None


def yearly_rate(customer: Customer, rates: Iterable[Rate], day: date) -> int | None:
    """In hundredths of a percent; None where the rate of that half-year is not known. A private person owes 0."""
    if customer is Customer.PRIVATE:
        return 0
    known = sorted(rates, key=lambda rate: rate.valid_from)
    if customer is Customer.BUSINESS:
        stated = _newest(known, RateKind.STATED, day)
        if stated is not None and stated.rate_bp is not None:
            return stated.rate_bp
    reference = _newest(known, RateKind.ECB, date(day.year, 1 if day.month < 7 else 7, 1))
    return None if reference is None or reference.rate_bp is None else reference.rate_bp + _POINTS[customer]


def _newest(rates: Sequence[Rate], kind: RateKind, day: date) -> Rate | None:
    return next((rate for rate in reversed(rates) if rate.kind is kind and rate.valid_from <= day), None)


def owed(
    customer: Customer, gross_cents: int, due_on: date, paid: Iterable[Paid], rates: Sequence[Rate], until: date
) -> Owed:
    """Interest day by day on what was open, from the day after it was due to ``until``; rounded once, at the end. A day on
    which a part is paid is still counted on the whole."""
    if customer is Customer.PRIVATE or gross_cents <= 0 or until <= due_on:
        return Owed(0, 0)
    payments = list(paid)
    interest, day, missing = Decimal(0), due_on + _DAY, None
    while day <= until:
        left = gross_cents - sum(one.cents for one in payments if one.day < day)
        if left > 0:
            rate = yearly_rate(customer, rates, day)
            if rate is None:
                missing = day
                break
            interest += Decimal(left) * rate / 10_000 / _YEAR
        day += _DAY
    was_late = gross_cents > sum(one.cents for one in payments if one.day <= due_on)
    return Owed(whole_cents(interest), INDEMNITY_CENTS if was_late else 0, missing)


def next_step(due_on: date, sent: Iterable[int], today: date, after_days: Sequence[int]) -> int | None:
    """Which reminder is due today: the step after the last that was sent, once its days are over. None: none is."""
    step = max(sent, default=0) + 1
    if step > min(STEPS, len(after_days)):
        return None
    return step if today >= due_on + timedelta(days=after_days[step - 1]) else None
