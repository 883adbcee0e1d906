"""The price list of one moment: what each machine costs each kind of tenant, which price says so, and where none does.

Pure, over the tariffs that rating knows. Rows are categories, and those machines that have a price of their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.rating import Tariff, tariff_for

_ANY = ""  # a machine of a category that nobody has set a price for: no code is empty


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
    named = {tariff.machine for tariff in holding if tariff.machine}
    machines = list(machines)
    categories = {place.category for place in machines} | {tariff.category for tariff in holding if tariff.category}
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
            bare = tuple(kind for kind in kinds if tariff_for(holding, code, category, kind, moment) is None)
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
    pairs = [
        (place, kind)
        for place in machines
        if place.code == tariff.machine or (tariff.machine is None and place.category == tariff.category)
        for kind in kinds
        if tariff.tenant_kind in {kind, None}
    ]
    holding = in_force(tariffs, moment)
    winners = [tariff_for(holding, place.code, place.category, kind, moment) for place, kind in pairs]
    others = {winner.id for winner in winners if winner is not None and winner.id != tariff.id}
    return Reach(
        len(pairs),
        tuple(other for other in holding if other.id in others),
        sum(winner is not None and winner.id == tariff.id for winner in winners),
    )


def in_force(tariffs: Iterable[Tariff], moment: datetime) -> list[Tariff]:
    return [
        tariff
        for tariff in tariffs
        if tariff.valid_from <= moment and (tariff.valid_until is None or moment < tariff.valid_until)
    ]


def _row(tariffs: Sequence[Tariff], place: Place, kinds: Sequence[str], moment: datetime) -> Row:
    return Row(place, tuple(_cell(tariffs, place, kind, moment) for kind in kinds))


def _cell(tariffs: Sequence[Tariff], place: Place, kind: str, moment: datetime) -> Cell:
    found = tariff_for(tariffs, place.code, place.category, kind, moment)
    own = found is not None and found.tenant_kind == kind and (found.machine or _ANY) == place.code
    return Cell(found, own)
