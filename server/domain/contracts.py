"""What a tenant has agreed with the lab: hours or credit included by month, packs paid ahead, discounts.

Months are named ``2026-10``. ``used`` says what was covered of each agreement or pack, by its reference and the month the
bill belongs to; the month that is being worked out is not in it, or does not count. Seconds or cents, as the unit says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from server.domain.allowances import Allowance, Discount, Terms, Unit
from server.domain.money import whole_cents

Used = Mapping[tuple[str, str], int]  # (reference, month) → seconds or cents
_A_DAY = timedelta(days=1)


class Gives(StrEnum):
    HOURS = "hours"
    CREDIT = "credit"
    DISCOUNT = "discount"


@dataclass(frozen=True, slots=True)
class Stretch:
    """What an agreement gives from a day on and until the first day on which it does not: seconds or cents a month, or
    hundredths of a percent. A month that it does not hold in whole has its share by days."""

    since: date
    until: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """``stretches`` by their begin: a change is the next one. ``payers`` empty: of all cost centres, pooled.

    What is left of a month may be used for ``carry_months`` more (0: not at all, None: as long as the agreement lasts),
    at most ``carry_most`` of it in all.
    """

    ref: str
    gives: Gives
    stretches: tuple[Stretch, ...]
    payers: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    carry_months: int | None = 0
    carry_most: int | None = None

    @property
    def since(self) -> date:
        return self.stretches[0].since

    @property
    def until(self) -> date | None:
        return self.stretches[-1].until


@dataclass(frozen=True, slots=True)
class Pack:
    """Hours or credit paid ahead, for sessions that begin on ``since`` or later and before ``until``."""

    ref: str
    unit: Unit
    amount: int
    since: date
    until: date | None
    payers: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


# --- months -----------------------------------------------------------------------------------------------------------


def first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def after(month: str) -> str:
    return f"{first_of(month) + timedelta(days=31):%Y-%m}"


def months(first: date, month: str) -> list[str]:
    """Every month from the one a day lies in to the one named, none where it lies behind that."""
    found, one = [], f"{first:%Y-%m}"
    while one <= month:
        found.append(one)
        one = after(one)
    return found


# --- what a month gives -----------------------------------------------------------------------------------------------


def granted(agreement: Agreement, month: str) -> int:
    """What the agreement gives in one month, by the days on which it holds."""
    return sum(_share(stretch, month) for stretch in agreement.stretches)


def _share(stretch: Stretch, month: str) -> int:
    first, following = first_of(month), first_of(after(month))
    begins, ends = max(stretch.since, first), min(stretch.until or following, following)
    if begins >= ends:
        return 0
    if (begins, ends) == (first, following):
        return stretch.amount
    return whole_cents(Decimal(stretch.amount) * (ends - begins).days / (following - first).days)


def left_in(agreement: Agreement, month: str, used: Used) -> int:
    """What can be used in a month: what it gives and what the months before have left, but for what later months, billed
    already, have taken of that."""
    earlier = months(agreement.since, month)[:-1]
    taken = [used.get((agreement.ref, one), 0) for one in earlier]
    before = carried([granted(agreement, one) for one in earlier], taken, agreement.carry_months, agreement.carry_most)
    return max(0, granted(agreement, month) + before - _borrowed(agreement, month, used))


def carried(given: Sequence[int], taken: Sequence[int], lasts: int | None, most: int | None) -> int:
    """What is left over after these months, each with what it gave and what was used in it. The oldest is used first."""
    left: list[int] = []  # of each month that still counts, the oldest first
    for grant, use in zip(given, taken, strict=True):
        left = [*_kept(left, lasts, most), grant]
        for place, amount in enumerate(left):
            part = min(amount, use)
            left[place], use = amount - part, use - part  # noqa: PLW2901 — what is still to be taken
    return sum(_kept(left, lasts, most))


def _kept(left: list[int], lasts: int | None, most: int | None) -> list[int]:
    """What goes over into the next month; where that is too much, the oldest is lost."""
    young = left if lasts is None else left[len(left) - min(lasts, len(left)) :]
    lost = 0 if most is None else max(0, sum(young) - most)
    kept = []
    for amount in young:
        part = min(amount, lost)
        lost -= part
        kept.append(amount - part)
    return kept


def _borrowed(agreement: Agreement, month: str, used: Used) -> int:
    """What later months have used beyond what they gave themselves."""
    last = max((one for ref, one in used if ref == agreement.ref), default=month)
    most = running = 0
    one = after(month)
    while one <= last:
        running += used.get((agreement.ref, one), 0) - granted(agreement, one)
        most, one = max(most, running), after(one)
    return most


def left_of(pack: Pack, month: str, used: Used) -> int:
    """What of a pack no other month has used."""
    return max(0, pack.amount - sum(amount for (ref, one), amount in used.items() if ref == pack.ref and one != month))


# --- terms ------------------------------------------------------------------------------------------------------------


def terms(agreements: Iterable[Agreement], packs: Iterable[Pack], month: str, used: Used) -> Terms:
    """What one tenant can use in one month. What would be lost first is used first: this month's hours before those that
    go over into the next, a pack by its end."""
    found = [*_of_agreements(agreements, month, used), *_of_packs(packs, month, used)]
    found.sort(key=lambda pair: (pair[0], pair[1].ref))
    allowances = tuple(_ranked(one, rank) for rank, (_, one) in enumerate(found))
    return Terms(allowances, tuple(_discounts(agreements, month)))


def _ranked(one: Allowance, rank: int) -> Allowance:
    return Allowance(one.ref, one.unit, one.left, one.payers, one.categories, rank, one.since, one.until)


def _of_agreements(agreements: Iterable[Agreement], month: str, used: Used) -> Iterator[tuple[date, Allowance]]:
    for one in agreements:
        if one.gives is Gives.DISCOUNT or not _holds(one.since, one.until, month):
            continue
        unit = Unit.SECONDS if one.gives is Gives.HOURS else Unit.CENTS
        until = one.until or date.max
        left = left_in(one, month, used)
        yield (
            _lost_on(one, month),
            Allowance(one.ref, unit, left, one.payers, one.categories, since=one.since, until=until),
        )


def _lost_on(agreement: Agreement, month: str) -> date:
    """The first day on which what this month gives is gone."""
    end = agreement.until or date.max
    if agreement.carry_months is None:
        return end
    last = month
    for _ in range(agreement.carry_months):
        last = after(last)
    return min(end, first_of(after(last)))


def _of_packs(packs: Iterable[Pack], month: str, used: Used) -> Iterator[tuple[date, Allowance]]:
    for one in packs:
        if _holds(one.since, one.until, month):
            until, left = one.until or date.max, left_of(one, month, used)
            yield until, Allowance(one.ref, one.unit, left, one.payers, one.categories, since=one.since, until=until)


def _discounts(agreements: Iterable[Agreement], month: str) -> Iterator[Discount]:
    """The one for single cost centres or categories goes before the one for all, of two the higher one."""
    found = [
        Discount(one.ref, part.amount, one.payers, one.categories, part.since, part.until or date.max)
        for one in agreements
        if one.gives is Gives.DISCOUNT
        for part in one.stretches
        if _holds(part.since, part.until, month)
    ]
    yield from sorted(found, key=lambda one: (not one.payers, not one.categories, -one.basis_points, one.ref))


def _holds(since: date, until: date | None, month: str) -> bool:
    """Whether it may be asked for by a session billed in this month. One that began in the month before is billed in this
    one when it ends here, so what ended with that month is still looked at."""
    month_before = (first_of(month) - _A_DAY).replace(day=1)
    return since < first_of(after(month)) and (until is None or until > month_before)
