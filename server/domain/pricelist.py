"""The price list of one moment: what each machine costs each kind of tenant, which price says so, and where none does.

Pure, over the tariffs that rating knows. Rows are categories, and those machines that have a price of their own. What holds
for one tenant or one class of members alone stands in no column.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.tariffs import Tariff, Use, tariff_for

_ANY = ""  # a machine of a category, or a tenant, that nobody has set a price for: no code is empty


@dataclass(frozen=True, slots=True)
class Place:
    """A machine as far as prices go. ``code`` is empty for a category as a whole."""

    code: str
    category: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row costs a kind of tenant. ``own``: the price is for just this row and kind; else it comes from further up."""

    tariff: Tariff | None
    own: bool


@dataclass(frozen=True, slots=True)
class Row:
    place: Place
    cells: tuple[Cell, ...]  # one for each kind, in the order asked


@dataclass(frozen=True, slots=True)
class Gap:
    """Machines of one category without a price for some kinds of tenant. ``whole``: all machines of the category;
    ``for_all``: all kinds that were asked about."""

    category: str
    machines: tuple[str, ...]
    kinds: tuple[str, ...]
    whole: bool
    for_all: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one tariff in force goes: the machine-and-kind pairs it names, and those where others go before it."""

    covers: int
    beaten_by: tuple[Tariff, ...]  # in the order in which they were given; what beats it everywhere makes it idle
    wins: int


def price_list(
    tariffs: Sequence[Tariff], machines: Iterable[Place], kinds: Sequence[str], moment: datetime
) -> tuple[Row, ...]:
    """By category; under each the machines that a tariff in force names."""
    holding = in_force(tariffs, moment)
    named = {tariff.scope.machine for tariff in holding if tariff.scope.machine}
    machines = list(machines)
    categories = {place.category for place in machines} | {
        tariff.scope.category for tariff in holding if tariff.scope.category
    }
    rows: list[Row] = []
    for category in sorted(categories):
        own = sorted(place.code for place in machines if place.category == category and place.code in named)
        rows += [_row(holding, Place(code, category), kinds, moment) for code in (_ANY, *own)]
    return tuple(rows)


def gaps(
    tariffs: Sequence[Tariff], machines: Sequence[Place], kinds: Sequence[str], moment: datetime
) -> tuple[Gap, ...]:
    """The machines without a price at a moment, by category; machines that lack it for the same kinds stand together."""
    holding = in_force(tariffs, moment)
    found: list[Gap] = []
    for category in sorted({place.category for place in machines}):
        codes = [place.code for place in machines if place.category == category]
        lacking: dict[tuple[str, ...], list[str]] = {}
        for code in codes:
            bare = tuple(kind for kind in kinds if tariff_for(holding, Use(code, category, _ANY, kind), moment) is None)
            lacking.setdefault(bare, []).append(code)
        found += [
            Gap(category, tuple(own), bare, len(own) == len(codes), len(bare) == len(kinds))
            for bare, own in lacking.items()
            if bare
        ]
    return tuple(found)


def reach(
    tariff: Tariff, tariffs: Sequence[Tariff], machines: Iterable[Place], kinds: Sequence[str], moment: datetime
) -> Reach:
    """Which pairs of machine and kind this tariff prices, and which tariffs take the others from it."""
    scope = tariff.scope
    pairs = [
        (place, kind)
        for place in machines
        if place.code == scope.machine or (scope.machine is None and place.category == scope.category)
        for kind in kinds
        if scope.tenant_kind in {kind, None}
    ]
    holding = in_force(tariffs, moment)
    whose = (scope.tenant or _ANY, scope.member_class)
    uses = [Use(place.code, place.category, whose[0], kind, whose[1]) for place, kind in pairs]
    winners = [tariff_for(holding, use, moment) for use in uses]
    others = {winner.id for winner in winners if winner is not None and winner.id != tariff.id}
    return Reach(
        len(pairs),
        tuple(other for other in holding if other.id in others),
        sum(winner is not None and winner.id == tariff.id for winner in winners),
    )


def in_force(tariffs: Iterable[Tariff], moment: datetime) -> list[Tariff]:
    return [tariff for tariff in tariffs if tariff.holds(moment)]


def _row(tariffs: Sequence[Tariff], place: Place, kinds: Sequence[str], moment: datetime) -> Row:
    return Row(place, tuple(_cell(tariffs, place, kind, moment) for kind in kinds))


def _cell(tariffs: Sequence[Tariff], place: Place, kind: str, moment: datetime) -> Cell:
    found = tariff_for(tariffs, Use(place.code, place.category, _ANY, kind), moment)
    own = found is not None and found.scope.tenant_kind == kind and (found.scope.machine or _ANY) == place.code
    return Cell(found, own)
