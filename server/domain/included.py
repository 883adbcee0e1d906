"""What is left of a tenant's included hours and of its credit at a month's end, as its documents say it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from server.domain.allowances import Covered, Terms


@dataclass(frozen=True, slots=True)
class Left:
    """Of one contract or pack: seconds or cents. ``until``: the last day on which the rest can be used, where there is one."""

    label: str
    unit: str
    used: int
    left: int
    until: date | None


def used_of(covered: Iterable[Covered]) -> Counter[str]:
    """How much sessions took of each allowance, by its reference."""
    used: Counter[str] = Counter()
    for one in covered:
        used[one.ref] += one.seconds or one.cents
    return used


def what_is_left(terms: Terms, used: Mapping[str, int], names: Mapping[str, str]) -> list[Left]:
    """Each allowance of which something was there in this month, in the order in which they are used."""
    in_order = sorted(terms.allowances, key=lambda one: (one.rank, one.ref))
    return [
        Left(
            names.get(one.ref, one.ref),
            one.unit.value,
            used.get(one.ref, 0),
            one.left - used.get(one.ref, 0),
            None if one.until == date.max else one.until - timedelta(days=1),
        )
        for one in in_order
        if one.left > 0
    ]
