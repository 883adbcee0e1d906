"""What a contract or a pack has paid for already: hours or credit, by category and month, for a tenant or one cost centre.

Pure values between contracts, which grant them, and rating, which uses them up in the order of the sessions.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Unit(StrEnum):
    SECONDS = "seconds"  # of the first part of a tariff: what people call hours
    CENTS = "cents"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What can be used up in one period. ``left`` is what this period grants and what was carried into it.

    ``ref`` is stable over the months: ``contract:7`` or ``pack:12``. ``payers`` empty: of all cost centres of the tenant, pooled.
    ``categories`` empty: at all machines. Of several that fit, the one of lowest ``rank`` is used first, then by ``ref``.
    Sessions that begin on ``since`` or later and before ``until`` may use it.
    """

    ref: str
    unit: Unit
    left: int
    payers: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    rank: int = 0
    since: date = date.min
    until: date = date.max


@dataclass(frozen=True, slots=True)
class Discount:
    """Hundredths of a percent off what a tenant's sessions come to, after caps. The first that fits counts; of sessions that
    begin on ``since`` or later and before ``until``."""

    ref: str
    basis_points: int
    payers: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    since: date = date.min
    until: date = date.max


@dataclass(frozen=True, slots=True)
class Terms:
    """What one tenant has agreed with the lab for one period."""

    allowances: tuple[Allowance, ...] = ()
    discounts: tuple[Discount, ...] = ()


@dataclass(frozen=True, slots=True)
class Covered:
    """What one allowance took over of one session: seconds (0 for credit), and the cents these would have cost."""

    ref: str
    seconds: int
    cents: int


def meant(one: Allowance | Discount, payer: str, category: str, day: date) -> bool:
    """Whether it is for a session of this payer, at a machine of this category, that begins on this day."""
    return (
        (not one.payers or payer in one.payers)
        and (not one.categories or category in one.categories)
        and one.since <= day < one.until
    )
