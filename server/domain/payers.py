"""For what a payer pays: which machines, and starts within which hours; and how such hours are kept and read again.

Pure. A contract's own dates narrow those of its cost centres; they never widen them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from server.domain.facts import WeekFact

Stretch = tuple[int, time, time]  # weekday, from, to; ``time.max`` is midnight
MIDNIGHT = "24:00"


@dataclass(frozen=True, slots=True)
class Limits:
    """Machines by code, categories by name, hours of the week. What is empty limits nothing."""

    machines: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    hours: tuple[Stretch, ...] = ()


def meant(
    machines: Collection[str], categories: Collection[str], by_category: Mapping[str, Collection[str]]
) -> frozenset[str] | None:
    """The machines that are named, one by one or by their category; None where nothing is named, and every one is meant.
    A category without machines means none of them, not all."""
    if not machines and not categories:
        return None
    return frozenset(machines).union(*(by_category.get(name, ()) for name in categories))


def weeks(hours: Iterable[Stretch]) -> tuple[WeekFact, ...] | None:
    """As the access rules take them; None where there are none, and every hour is meant."""
    return tuple(WeekFact(frozenset({day}), begins, ends) for day, begins, ends in sorted(hours)) or None


def kept(hours: Iterable[Stretch]) -> list[list[str | int]]:
    """As they stand in a column: ``[[0, "08:00", "12:00"]]``."""
    return [[day, _text(begins), _text(ends)] for day, begins, ends in sorted(hours)]


def read(column: Iterable[Iterable[str | int]]) -> tuple[Stretch, ...]:
    """The other way round."""
    return tuple((int(day), _time(str(begins)), _time(str(ends))) for day, begins, ends in column)


def first(*moments: datetime | None) -> datetime | None:
    """The earliest of several ends; None where nothing ends."""
    return min((one for one in moments if one is not None), default=None)


def _text(at: time) -> str:
    return MIDNIGHT if at == time.max else f"{at:%H:%M}"


def _time(text: str) -> time:
    return time.max if text == MIDNIGHT else time.fromisoformat(text)
