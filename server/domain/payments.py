"""What a payment does to a document: how much is still open, and how the money falls on its VAT rates.

VAT on services is owed when they are paid, so each payment is split by rate, in proportion to what is still open under
each, to the cent. Whoever pays a document in many parts has paid exactly its amounts in the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from server.domain.money import whole_cents


class Means(StrEnum):
    """How money came. Set-off is no money: a credit note pays an invoice."""

    TRANSFER = "transfer"
    CARD = "card"
    CASH = "cash"
    CHEQUE = "cheque"
    OTHER = "other"
    SET_OFF = "set_off"


@dataclass(frozen=True, slots=True)
class Share:
    """What falls under one VAT category and rate, in cents: of a document, or of a payment. Negative on a credit note."""

    category: str
    rate_bp: int
    net_cents: int
    vat_cents: int

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


class DoesNotFit(StrEnum):
    """Why an amount cannot be given to a document."""

    NOTHING = "nothing"  # no amount
    OTHER_SIGN = "other_sign"  # an invoice is paid, a credit note paid back
    TOO_MUCH = "too_much"  # more than is open


def shares_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Share, ...]:
    """The VAT rows of a frozen document, or the kept split of a payment."""
    return tuple(Share(row["category"], row["rate_bp"], row["net_cents"], row["vat_cents"]) for row in rows)


def still_open(whole: Sequence[Share], paid: Iterable[Sequence[Share]]) -> tuple[Share, ...]:
    """What is left of a document under each rate after these payments."""
    left = {(share.category, share.rate_bp): [share.net_cents, share.vat_cents] for share in whole}
    for share in (share for part in paid for share in part):
        own = left[share.category, share.rate_bp]
        own[0] -= share.net_cents
        own[1] -= share.vat_cents
    return tuple(Share(category, rate, net, vat) for (category, rate), (net, vat) in left.items())


def refused(cents: int, open_cents: int) -> DoesNotFit | None:
    """Whether so much can be given to a document of which so much is open."""
    if cents == 0:
        return DoesNotFit.NOTHING
    if open_cents == 0 or (cents > 0) != (open_cents > 0):
        return DoesNotFit.OTHER_SIGN if open_cents else DoesNotFit.TOO_MUCH
    return DoesNotFit.TOO_MUCH if abs(cents) > abs(open_cents) else None


def split(cents: int, left: Sequence[Share]) -> tuple[Share, ...]:
    """An amount on what is open under each rate, in proportion. The cents that remain go to the largest remainders, then to
    the higher rate. Within a rate, VAT is the open VAT's share. The amount must fit: see ``refused``."""
    weights = [share.gross_cents for share in left]
    amounts = apportion(cents, weights)
    parts = (_part(amount, share) for amount, share in zip(amounts, left, strict=True))
    return tuple(part for part in parts if part.net_cents or part.vat_cents)


def apportion(cents: int, weights: Sequence[int]) -> list[int]:
    """A whole number in whole parts that are in proportion to the weights and add up to it: largest remainder."""
    total = sum(weights)
    exact = [Fraction(cents * weight, total) for weight in weights]
    parts = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: cents - sum(parts)]:
        parts[place] += 1
    return parts


def _part(amount: int, share: Share) -> Share:
    if share.gross_cents == 0:
        return Share(share.category, share.rate_bp, 0, 0)
    vat = whole_cents(Decimal(amount) * share.vat_cents / share.gross_cents)
    return Share(share.category, share.rate_bp, amount - vat, vat)


def turned(shares: Iterable[Share]) -> tuple[Share, ...]:
    """The same with the other sign: for a payment that is taken back."""
    return tuple(Share(one.category, one.rate_bp, -one.net_cents, -one.vat_cents) for one in shares)


@dataclass(frozen=True, slots=True)
class Due:
    """A document as far as money goes: when it is due, and how much of it is open. Negative for a credit note."""

    key: str
    due_on: date
    open_cents: int


def oldest_first(cents: int, open_documents: Sequence[Due]) -> dict[str, int]:
    """A proposal for what a payment is for: what is due first is paid first. What remains stays with the tenant."""
    found: dict[str, int] = {}
    for one in sorted(open_documents, key=lambda one: (one.due_on, one.key)):
        if one.open_cents > 0 and cents > 0:
            found[one.key] = min(cents, one.open_cents)
            cents -= found[one.key]
    return found


class Age(StrEnum):
    """How long something has been due."""

    NOT_DUE = "not_due"
    TO_30 = "to_30"
    TO_60 = "to_60"
    TO_90 = "to_90"
    OVER_90 = "over_90"


def days_late(due_on: date, day: date) -> int:
    """0 up to the day on which it is due, and on that day."""
    return max(0, (day - due_on) // timedelta(days=1))


def age(due_on: date, day: date) -> Age:
    match days_late(due_on, day):
        case 0:
            return Age.NOT_DUE
        case late if late <= 30:
            return Age.TO_30
        case late if late <= 60:
            return Age.TO_60
        case late if late <= 90:
            return Age.TO_90
        case _:
            return Age.OVER_90
