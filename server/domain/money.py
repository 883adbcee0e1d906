"""Whole cents: the one place where an amount is rounded, and how VAT is added up.

VAT is taken once per category and rate, on the sum of the lines: five lines of 84.03 at 19 % are 79.83 of VAT.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


def whole_cents(amount: Decimal) -> int:
    """An amount in cents, half a cent going away from zero. Nothing else in the program rounds money."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def cents_of(numerator: int, denominator: int) -> int:
    """An amount that is a fraction of a cent, in whole cents. Halves are exact however long the fraction is."""
    return whole_cents(Decimal(numerator) / denominator)


def vat_on(net_cents: int, rate_bp: int) -> int:
    """VAT on a sum, in cents; ``rate_bp`` in hundredths of a percent (2000 is 20 %)."""
    return whole_cents(Decimal(net_cents) * rate_bp / 10_000)


@dataclass(frozen=True, slots=True)
class Net:
    """An amount without VAT, and the category (S, AE, O, … as in EN 16931) and rate it falls under."""

    cents: int
    category: str
    rate_bp: int


@dataclass(frozen=True, slots=True)
class VatSum:
    """All of a document that falls under one category and rate, in cents."""

    category: str
    rate_bp: int
    net_cents: int
    vat_cents: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a document comes to, in cents."""

    vat: tuple[VatSum, ...]
    net_cents: int
    vat_cents: int
    gross_cents: int


def totals(amounts: Iterable[Net]) -> Totals:
    """Add up: one VAT amount per category and rate, on the sum. Highest rate first."""
    sums: dict[tuple[str, int], int] = {}
    for amount in amounts:
        key = (amount.category, amount.rate_bp)
        sums[key] = sums.get(key, 0) + amount.cents
    rows = tuple(
        VatSum(category, rate_bp, net, vat_on(net, rate_bp))
        for (category, rate_bp), net in sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    )
    net_cents = sum(row.net_cents for row in rows)
    vat_cents = sum(row.vat_cents for row in rows)
    return Totals(rows, net_cents, vat_cents, net_cents + vat_cents)
