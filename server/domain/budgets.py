"""How much a tenant or one of its cost centres wants to spend at most: by month, or between two days, in net cents.

At 80 % somebody is told; at 100 % the next start is refused. What runs goes on to its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from server.domain.contracts import after, first_of

WARNS_AT = 80  # percent


class Stage(IntEnum):
    """How far a budget is used, in percent."""

    FINE = 0
    WARNED = WARNS_AT
    REACHED = 100


@dataclass(frozen=True, slots=True)
class Budget:
    """``payers``: the cost centres whose spending counts. ``until``: the first day on which it no longer holds."""

    id: int
    cents: int
    payers: frozenset[str]
    monthly: bool
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The days over which one budget counts; ``last`` is the last of them, None without an end."""

    first: date
    last: date | None


def span_on(budget: Budget, day: date) -> Span | None:
    """Over which days it counts what was spent, as seen on a day; None where it does not hold then."""
    if day < budget.since or (budget.until is not None and day >= budget.until):
        return None
    last = None if budget.until is None else budget.until - timedelta(days=1)
    if not budget.monthly:
        return Span(budget.since, last)
    month = f"{day:%Y-%m}"
    end = first_of(after(month)) - timedelta(days=1)
    return Span(max(budget.since, first_of(month)), end if last is None else min(last, end))


def spent(budget: Budget, span: Span, by_day: Mapping[str, Mapping[date, int]]) -> int:
    """What its payers have spent in these days; ``by_day``: net cents by payer and day."""
    return sum(
        cents
        for payer in budget.payers
        for day, cents in by_day.get(payer, {}).items()
        if span.first <= day and (span.last is None or day <= span.last)
    )


def stage(spent_cents: int, budget_cents: int) -> Stage:
    if spent_cents >= budget_cents:
        return Stage.REACHED
    return Stage.WARNED if spent_cents * 100 >= budget_cents * WARNS_AT else Stage.FINE
