"""Which order each thing on an establishment's bills bears, and where one is missing or used up. Pure.

What lacks an order that is asked for holds its document; an order that is used up where none is asked for is only shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from server.domain.holds import Hold, Why
from server.domain.invoicing import Extra, Item, sold
from server.domain.oddities import Odd, Oddity
from server.domain.orders import Asked, Lack, Order, lack, order_for

Placed = Item | Extra


@dataclass(frozen=True, slots=True)
class Ordered:
    """All that is known of orders: by whom they are asked for, and the net cents that are billed on each, by its id."""

    orders: Sequence[Order] = ()
    asked: Mapping[int, Asked] = field(default_factory=dict)
    used: Mapping[int, int] = field(default_factory=dict)


class Bearing:
    """Of the bills of one establishment in one month."""

    def __init__(self, known: Ordered, establishment: int, name: str, items: Iterable[Placed]) -> None:
        self._orders = [one for one in known.orders if one.establishment == establishment]
        self._asked = known.asked.get(establishment, Asked())
        self._used, self._house, self._name = known.used, establishment, name
        self._known: dict[tuple[str, date], Order | None] = {}
        self._cents: dict[Order | None, int] = {}
        if self._orders or self._asked.required:
            for one in sold(items):
                order = self.order(one.item)
                self._cents[order] = self._cents.get(order, 0) + one.net_cents

    def order(self, item: Placed) -> Order | None:
        if not self._orders:
            return None
        case = item.payer, day_of(item)
        if case not in self._known:
            self._known[case] = order_for(self._orders, self._house, *case)
        return self._known[case]

    def part_of(self, item: Placed) -> str:
        """The order's number, where each has a document of its own."""
        order = self.order(item) if self._asked.one_each else None
        return order.number if order else ""

    def on_document(self, items: Iterable[Placed]) -> Order | None:
        """The one that everything on a document bears."""
        borne = {self.order(item) for item in items}
        return borne.pop() if len(borne) == 1 else None

    def by_payer(self, items: Iterable[Placed]) -> dict[str, str]:
        """The numbers that stand beside each cost centre."""
        found: dict[str, dict[str, None]] = {}
        for item in items:
            if (order := self.order(item)) is not None:
                found.setdefault(item.payer, {})[order.number] = None
        return {payer: ", ".join(numbers) for payer, numbers in found.items()}

    def holds(self, items: Iterable[Placed]) -> list[Hold]:
        """Of one document, where an order is asked for."""
        if not self._asked.required:
            return []
        first: dict[Order | None, date] = {}
        for item in items:
            order, day = self.order(item), day_of(item)
            first[order] = min(day, first.get(order, day))
        return [self._hold(order, day, found) for order, day in first.items() if (found := self._lack(order))]

    def used_up(self) -> list[Oddity]:
        """Orders over their ceiling where none is asked for: somebody looks, and the bill goes out."""
        over = [order for order in self._cents if order is not None and self._lack(order) is Lack.USED_UP]
        return [self._oddity(order) for order in over if not self._asked.required]

    def _lack(self, order: Order | None) -> Lack | None:
        used = self._used.get(order.id, 0) if order else 0
        return lack(order, self._asked, used, self._cents.get(order, 0))

    def _hold(self, order: Order | None, day: date, found: Lack) -> Hold:
        why = Why.ORDER if found is Lack.MISSING else Why.ORDER_USED_UP
        return Hold(why, self._name, day, cents=self._cents.get(order, 0), label=order.number if order else "")

    def _oddity(self, order: Order) -> Oddity:
        cents = self._used.get(order.id, 0) + self._cents[order]
        subject, ceiling = f"order:{order.id}", order.ceiling_cents or 0
        return Oddity(Odd.ORDER, subject, self._name, cents=cents, usual=ceiling, why=order.number)


def day_of(item: Placed) -> date:
    """On which its order is looked for: the day a session began, or of the supply."""
    return item.rated.session.day if isinstance(item, Item) else item.item.day
