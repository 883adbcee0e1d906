"""What a price list will lack before it does: machines that lose their price on a coming day, and prices that stand in
each other's way.

Pure. Between two moments at which a price begins or ends nothing changes, so only those moments are looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

from server.domain.pricelist import Gap, Place, gaps
from server.domain.tariffs import Tariff


@dataclass(frozen=True, slots=True)
class Coming:
    """From ``since`` on these machines have no price. ``ending``: the last price that ends then and was theirs."""

    since: datetime
    gap: Gap
    ending: Tariff | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two prices for just the same at the same time: the later one counts, the other one is idle meanwhile."""

    counts: Tariff
    idle: Tariff
    since: datetime
    until: datetime | None


def gaps_ahead(
    tariffs: Sequence[Tariff], machines: Sequence[Place], kinds: Sequence[str], now: datetime
) -> tuple[Coming, ...]:
    """What has a price now and has none from a coming moment on: each pair of machine and kind once, at the first such
    moment; those of one moment stand together as in ``gaps``."""
    told = _pairs(gaps(tariffs, machines, kinds, now))
    found: list[Coming] = []
    for moment in _moments(tariffs, now):
        for gap in gaps(tariffs, machines, kinds, moment):
            new = _without(gap, told)
            if new is not None:
                found.append(Coming(moment, new, _ending(tariffs, new, moment)))
        told |= _pairs(gaps(tariffs, machines, kinds, moment))
    return tuple(found)


def overlaps(tariffs: Iterable[Tariff], now: datetime) -> tuple[Overlap, ...]:
    """Now or later. Prices that were taken back before they began hold nothing and are in nobody's way."""
    live = [one for one in tariffs if one.valid_until is None or one.valid_until > max(one.valid_from, now)]
    found = []
    for first, second in combinations(sorted(live, key=lambda one: (one.valid_from, one.id)), 2):
        since = max(first.valid_from, second.valid_from)
        until = _earlier(first.valid_until, second.valid_until)
        if first.scope == second.scope and (until is None or since < until):
            found.append(Overlap(counts=second, idle=first, since=since, until=until))
    return tuple(found)


def _moments(tariffs: Iterable[Tariff], now: datetime) -> list[datetime]:
    edges = {edge for one in tariffs for edge in (one.valid_from, one.valid_until) if edge is not None and edge > now}
    return sorted(edges)


def _pairs(found: Iterable[Gap]) -> set[tuple[str, str]]:
    return {(machine, kind) for gap in found for machine in gap.machines for kind in gap.kinds}


def _without(gap: Gap, told: set[tuple[str, str]]) -> Gap | None:
    """The machines of a gap for which some kind is new; None where nothing is."""
    new = tuple(machine for machine in gap.machines if any((machine, kind) not in told for kind in gap.kinds))
    kinds = tuple(kind for kind in gap.kinds if any((machine, kind) not in told for machine in new))
    if not new:
        return None
    return replace(
        gap,
        machines=new,
        kinds=kinds,
        whole=gap.whole and new == gap.machines,
        for_all=gap.for_all and kinds == gap.kinds,
    )


def _ending(tariffs: Iterable[Tariff], gap: Gap, moment: datetime) -> Tariff | None:
    ends = [
        one
        for one in tariffs
        if one.valid_until == moment
        and one.valid_from < moment
        and (one.scope.machine in gap.machines or one.scope.category == gap.category)
        and (one.scope.tenant_kind is None or one.scope.tenant_kind in gap.kinds)
    ]
    return max(ends, key=lambda one: one.id, default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
