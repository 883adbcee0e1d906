"""What a bench prints: figures with their aim beside them, and how many measurements become a few figures."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_POINTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Figure:
    """``aim``: at most this, or where ``at_least`` no less; None where there is none."""

    what: str
    value: float
    unit: str
    aim: float | None = None
    at_least: bool = False

    def __str__(self) -> str:
        return f"  {self.what:<66} {_number(self.value):>10} {self.unit:<9}{self._judged()}".rstrip()

    def _judged(self) -> str:
        if self.aim is None:
            return ""
        met = self.value >= self.aim if self.at_least else self.value <= self.aim
        return f"aim {'≥' if self.at_least else '≤'} {_number(self.aim)}{'' if met else ', missed'}"


Line = Figure | str  # a string is a heading, or a remark on how the figures below it were taken
Lines = Iterator[Line]


def spread(what: str, seconds: Iterable[float], aims: Mapping[int, float] | None = None) -> Iterator[Figure]:
    """Median, p95, p99 and the largest, in milliseconds. ``aims`` by percentile, in milliseconds too."""
    ordered = sorted(seconds)
    for point in _POINTS:
        aim = (aims or {}).get(point)
        yield Figure(f"{what}, p{point} of {len(ordered)}", percentile(ordered, point) * 1000, "ms", aim)
    yield Figure(f"{what}, largest", ordered[-1] * 1000, "ms")


def percentile(ordered: Sequence[float], point: float) -> float:
    """The smallest value that so many percent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * point / 100) - 1)]


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}"
