"""A second pair of hands for the money: what each session should have cost, worked out in whole numbers.

Nothing here is taken from the lab's own rating. It must come to the same cent by another way.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from server.demo.evidence import Price, Session


@dataclass(frozen=True, slots=True)
class Expected:
    """What one session should be billed. ``free``: its price is nothing at all."""

    billed_s: int
    cents_per_hour: int
    fee_cents: int
    net_cents: int

    @property
    def free(self) -> bool:
        return self.cents_per_hour == 0 and self.fee_cents == 0


def expected_charge(session: Session, prices: Iterable[Price]) -> Expected | None:
    """None where no price fits."""
    price = _price_for(session, prices)
    if price is None:
        return None
    if session.occupied_s == 0:
        return Expected(0, price.cents_per_hour, 0, 0)
    steps, rest = divmod(max(session.occupied_s, price.minimum_s), price.step_s)
    billed_s = (steps + (rest > 0)) * price.step_s
    cents = (2 * billed_s * price.cents_per_hour + 3600) // 7200  # half a cent goes up
    return Expected(billed_s, price.cents_per_hour, price.fee_cents, cents + price.fee_cents)


def vat_sums(nets: Iterable[tuple[str, int, int]]) -> dict[tuple[str, int], tuple[int, int]]:
    """(category, rate, net cents) of lines → net and VAT by category and rate, VAT once on each sum."""
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for category, rate_bp, net in nets:
        sums[category, rate_bp] += net
    return {key: (net, (2 * net * key[1] + 10_000) // 20_000) for key, net in sums.items()}


def _price_for(session: Session, prices: Iterable[Price]) -> Price | None:
    """In this order: machine and kind, machine, category and kind, category; each only if in force at the start."""
    valid = [p for p in prices if p.since <= session.started and (p.until is None or session.started < p.until)]
    for machine, category in ((session.machine, None), (None, session.category)):
        for kind in (session.kind, None):
            for price in valid:
                if (price.machine, price.category, price.kind) == (machine, category, kind):
                    return price
    return None
