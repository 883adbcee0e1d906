"""Which items may stand on one document, and which need documents of their own.

What is outside the scope of VAT stands alone (rule BR-O-11 of EN 16931); reverse charge, exempt and taxed items may meet.
And a customer may want a document for each of its orders.
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


def parts(items: Iterable[T], order_of: Callable[[T], str] = lambda _: "") -> list[tuple[str, list[T]]]:
    """The documents for these items, each with its name within the month: empty where one is enough, else ``O`` and ``S``
    or the order's number, and both where both divide. What has no cell yet stands with what is taxed: it is held there."""
    whole: dict[str, dict[str, list[T]]] = {}
    for item in items:
        whole.setdefault(order_of(item), {}).setdefault(_side(item.vat), []).append(item)
    return [
        (_name(order, side if len(sides) > 1 else ""), sides[side])
        for order, sides in sorted(whole.items())
        for side in sorted(sides)
    ]


def _side(vat: Cell | MissingCell) -> str:
    return OUTSIDE if isinstance(vat, Cell) and vat.category == OUTSIDE else INSIDE


def _name(order: str, side: str) -> str:
    return "/".join(part for part in (order, side) if part)
