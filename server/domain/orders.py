"""Order numbers that a customer wants on its invoices: a purchase order, or a public body's numéro d'engagement.

An order is for one establishment that bills go to, and there for one cost centre or for all; it has days and a ceiling.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Order:
    """``payer`` None: for every cost centre without an order of its own. ``ordered_on``: the day written on it."""

    id: int
    establishment: int
    payer: str | None
    number: str
    ordered_on: date | None
    since: date
    until: date | None = None
    ceiling_cents: int | None = None

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an establishment asks of its invoices: an order on each, and one document for each order."""

    required: bool = False
    one_each: bool = False


class Lack(StrEnum):
    """What is wrong with an order where somebody wants one."""

    MISSING = "missing"
    USED_UP = "used_up"


def order_for(orders: Iterable[Order], establishment: int, payer: str, day: date) -> Order | None:
    """The one in force on a day: the cost centre's own before the establishment's, of two the later one."""
    fitting = (
        one for one in orders if one.establishment == establishment and one.payer in {payer, None} and one.holds(day)
    )
    return max(fitting, key=lambda one: (one.payer is not None, one.since, one.id), default=None)


def lack(order: Order | None, asked: Asked, used_cents: int, cents: int) -> Lack | None:
    """``used_cents``: net on documents with this order already; ``cents``: what comes to it now."""
    if order is None:
        return Lack.MISSING if asked.required else None
    if order.ceiling_cents is not None and used_cents + cents > order.ceiling_cents:
        return Lack.USED_UP
    return None
