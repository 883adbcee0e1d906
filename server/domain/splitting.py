"""Which items may stand on one document, and which need documents of their own.

What is outside the scope of VAT stands alone (rule BR-O-11 of EN 16931); reverse charge, exempt and taxed items may meet. A customer
may want a document for each of its orders. And one that was treated otherwise before gets what is from before on a document for
who it then was: whether it is an electronic invoice or reported, and what the law of payments says, follows from that.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from server.domain.vat import Cell, MissingCell

OUTSIDE, INSIDE = "O", "S"


class Taxed(Protocol):
    """Anything with its decision about VAT."""

    @property
    def vat(self) -> Cell | MissingCell: ...


T = TypeVar("T", bound=Taxed)


def parts(
    items: Iterable[T], order_of: Callable[[T], str] = lambda _: "", known_as: Callable[[T], str] = lambda _: ""
) -> list[tuple[str, list[T]]]:
    """The documents for these items, each with its name within the month: empty where one is enough, else ``O`` and ``S``,
    the order's number or what the buyer was (``known_as``), and those of them that divide. What has no cell yet stands with what
    is taxed: it is held there."""
    whole: dict[str, dict[str, dict[str, list[T]]]] = {}
    for item in items:
        sides = whole.setdefault(order_of(item), {})
        sides.setdefault(_side(item.vat), {}).setdefault(known_as(item), []).append(item)
    return [
        (_name(order, side if len(sides) > 1 else "", buyer if len(buyers) > 1 else ""), buyers[buyer])
        for order, sides in sorted(whole.items())
        for side, buyers in sorted(sides.items())
        for buyer in sorted(buyers)
    ]


def _side(vat: Cell | MissingCell) -> str:
    return OUTSIDE if isinstance(vat, Cell) and vat.category == OUTSIDE else INSIDE


def _name(*divided: str) -> str:
    return "/".join(part for part in divided if part)
