"""From billed steps to whole cents: the price of one part, and the sum of a session on its way to the net.

Amounts are kept as whole numbers over a common denominator until the end, so that half a cent is half a cent.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from decimal import Decimal
from math import lcm
from typing import NamedTuple

from server.domain.allowances import Allowance, Covered
from server.domain.money import cents_of
from server.domain.steps import Run, billed_seconds, runs
from server.domain.tariffs import Basis, Part

_WHOLE = 10_000  # a whole in hundredths of a percent


class PartPrice(NamedTuple):
    """One part of a price for one session. ``billed_s`` with what is covered; ``runs``: the steps that are paid, as seconds
    at so many cents for ``part.per_s``; ``price``: that of all steps where it is one, else None; ``before_s``: what was
    billed of this part before, where tiers count over the month. ``net_cents``: its share of the whole cents."""

    part: Part
    measured_s: int
    counting_s: int
    billed_s: int
    runs: tuple[Run, ...] = ()
    covered: tuple[Covered, ...] = ()
    covered_worth: int = 0  # what the covered steps would come to, times ``part.per_s``
    before_s: int = 0
    price: int | None = None
    net_cents: int = 0

    @property
    def basis(self) -> Basis:
        return self.part.basis

    @property
    def covered_s(self) -> int:
        return sum(one.seconds for one in self.covered)

    @property
    def worth(self) -> int:
        """What the paid steps come to, times ``part.per_s``."""
        return sum(seconds * cents for seconds, cents in self.runs)

    @property
    def cents(self) -> Decimal:
        return Decimal(self.worth) / self.part.per_s

    @property
    def an_hour(self) -> Decimal:
        """Cents for an hour; 0 where several prices meet."""
        return Decimal((self.price or 0) * 3600) / self.part.per_s


def part_price(
    part: Part,
    measured_s: int,
    counting_s: int,
    continues: bool,
    begins: int,
    before_s: int,
    allowances: Sequence[Allowance],
    zone: tzinfo,
) -> PartPrice:
    """``begins``: when its time does, in seconds since the epoch. ``allowances``: what is left of the hours that fit."""
    billed_s = billed_seconds(counting_s, part, continues)
    first = begins if continues else begins + part.free_s
    all_runs = runs(part, billed_s, first, before_s, zone)
    prices = {cents for _, cents in all_runs} or {part.cents}
    paid, covered = _cover(all_runs, part, allowances) if allowances else (all_runs, [])
    return PartPrice(
        part=part,
        measured_s=measured_s,
        counting_s=counting_s,
        billed_s=billed_s,
        runs=tuple(paid),
        covered=tuple(covered),
        covered_worth=sum(length * cents for length, cents in all_runs) - sum(length * cents for length, cents in paid),
        before_s=before_s,
        price=prices.pop() if len(prices) == 1 else None,
    )


def _cover(found: Sequence[Run], part: Part, allowances: Iterable[Allowance]) -> tuple[list[Run], list[Covered]]:
    """The first steps go to the allowances, whole steps only, one allowance after the other."""
    rest, covered = list(found), []
    for one in allowances:
        seconds = min(one.left // part.step_s * part.step_s, sum(length for length, _ in rest))
        taken, rest = _split(rest, seconds)
        if seconds:
            worth = sum(length * cents for length, cents in taken)
            covered.append(Covered(one.ref, seconds, cents_of(worth, part.per_s)))
    return rest, covered


def _split(found: Iterable[Run], seconds: int) -> tuple[list[Run], list[Run]]:
    taken, rest = [], []
    for length, cents in found:
        now = min(length, seconds)
        seconds -= now
        taken += [(now, cents)] if now else []
        rest += [(length - now, cents)] if length > now else []
    return taken, rest


class Sum:
    """A session's amount on its way to the net. Each step returns the whole cents that it adds or takes; these are
    differences of rounded sums, and so come to the net exactly."""

    def __init__(self, parts: Sequence[PartPrice], fees_cents: int) -> None:
        self._of_one = lcm(*(part.part.per_s for part in parts), 1)
        self._amount = self._covered = 0
        shared = []
        for part in parts:
            before = self.cents
            self._amount += part.worth * (self._of_one // part.part.per_s)
            self._covered += part.covered_worth * (self._of_one // part.part.per_s)
            shared.append(part._replace(net_cents=self.cents - before))
        self.parts = tuple(shared)
        self._amount += fees_cents * self._of_one

    @property
    def cents(self) -> int:
        """What it comes to so far, half up."""
        return cents_of(self._amount, self._of_one)

    def raise_to(self, least_cents: int) -> int:
        """To the minimum amount. What included hours took over counts towards it: nobody pays a minimum on top of them."""
        before = self.cents
        self._amount += max(0, least_cents * self._of_one - self._amount - self._covered)
        return self.cents - before

    def cut_to(self, left_cents: Iterable[int]) -> int:
        """To the least of what caps leave."""
        before = self.cents
        self._amount = min([self._amount, *(left * self._of_one for left in left_cents)])
        return before - self.cents

    def take_off(self, basis_points: int) -> int:
        before = self.cents
        self._of_one, self._amount = self._of_one * _WHOLE, self._amount * (_WHOLE - basis_points)
        return before - self.cents
