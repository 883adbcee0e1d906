"""Learn mode: from what a machine drew at rest and what it drew at work, the two thresholds, or why there are none.

Pure. Record standby with everything on that stays on, fans, chiller and light included; record work as it really is, with its
pauses. What overlaps cannot be told apart by power, and then this says so instead of guessing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.metering import Thresholds

AT_LEAST_S = 60  # samples of each, one a second
CLEAR_W = 5.0  # less than this apart is the noise of meter and mains
CLEAR_FACTOR = 1.5


class Why(StrEnum):
    TOO_SHORT = "too_short"  # fewer than 60 samples of one of the two
    NO_NUMBERS = "no_numbers"
    OVERLAP = "overlap"  # at work it draws about what it may draw at rest


@dataclass(frozen=True, slots=True)
class Refused:
    """``rest_w`` and ``work_w``: what was compared, 0 where it did not come to that."""

    why: Why
    rest_w: float = 0.0
    work_w: float = 0.0


def propose(standby: Sequence[float], working: Sequence[float]) -> Thresholds | Refused:
    """Thresholds at a third and two thirds of the way from the most at rest to what work draws nearly always.

    "The most" leaves out one sample in a hundred, which ``up_s`` leaves out too. Where work has pauses that read as rest, its
    usual draw is taken instead: ``down_s`` bridges pauses.
    """
    if min(len(standby), len(working)) < AT_LEAST_S:
        return Refused(Why.TOO_SHORT)
    if not all(map(math.isfinite, (*standby, *working))):
        return Refused(Why.NO_NUMBERS)
    rest = max(0.0, percentile(standby, 99))
    for point in (10, 50):
        work = percentile(working, point)
        if work >= rest * CLEAR_FACTOR and work - rest >= CLEAR_W:
            apart = work - rest
            return Thresholds(run_w=round(rest + apart * 2 / 3, 1), idle_w=round(rest + apart / 3, 1))
    return Refused(Why.OVERLAP, rest, percentile(working, 50))


def percentile(values: Sequence[float], point: int) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * point / 100) - 1)]
