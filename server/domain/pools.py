"""What a tenant's sessions use up one after the other within a month: hours, credit, caps, tiers, and fees paid for a day."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Protocol

from server.domain.allowances import Allowance, Covered, Terms, Unit, meant
from server.domain.priced import PartPrice
from server.domain.tariffs import Cap, Of, Span, Tariff

_CapKey = tuple[int, Span, int | None, date | None]


class _Session(Protocol):
    @property
    def holder(self) -> int: ...
    @property
    def day(self) -> date: ...


class _Rated(Protocol):
    @property
    def parts(self) -> tuple[PartPrice, ...]: ...
    @property
    def covered(self) -> tuple[Covered, ...]: ...
    @property
    def day_fee_cents(self) -> int: ...
    @property
    def before_terms_cents(self) -> int: ...


class Used:
    """Of one tenant in one period, so far."""

    def __init__(self, terms: Terms) -> None:
        in_order = sorted(terms.allowances, key=lambda one: (one.rank, one.ref))
        self._allowances = {one.ref: one for one in in_order}
        self._caps: dict[_CapKey, int] = defaultdict(int)
        self._billed: dict[tuple[int, int], int] = defaultdict(int)
        self._days: set[tuple[int, int, date]] = set()

    def hours_for(self, payer: str, category: str, day: date) -> list[Allowance]:
        return [one for one in self._fitting(payer, category, day) if one.unit is Unit.SECONDS]

    def credit_for(self, payer: str, category: str, day: date, cents: int) -> list[Covered]:
        """What credit takes over of an amount, one allowance after the other."""
        covered = []
        for one in self._fitting(payer, category, day):
            taken = min(one.left, cents) if one.unit is Unit.CENTS else 0
            if taken > 0:
                covered.append(Covered(one.ref, 0, taken))
                cents -= taken
        return covered

    def billed(self, tariff: Tariff, index: int) -> int:
        """The seconds billed so far of a part whose tiers count over the month; of others 0."""
        return self._billed[tariff.id, index] if tariff.rule.parts[index].tiers_over is Span.MONTH else 0

    def paid_the_day(self, tariff: Tariff, holder: int, day: date) -> bool:
        return (tariff.id, holder, day) in self._days

    def left_of_caps(self, tariff: Tariff, holder: int, day: date) -> list[int]:
        return [cap.cents - self._caps[_key(tariff, cap, holder, day)] for cap in tariff.rule.caps]

    def note(self, tariff: Tariff, session: _Session, rated: _Rated, *, of_day_only: bool = False) -> None:
        """A session is charged. ``of_day_only``: it belongs to the period before, and counts for its day alone."""
        if rated.day_fee_cents:
            self._days.add((tariff.id, session.holder, session.day))
        for cap in tariff.rule.caps:
            if cap.over is Span.DAY or not of_day_only:
                self._caps[_key(tariff, cap, session.holder, session.day)] += rated.before_terms_cents
        if of_day_only:
            return
        for index, part in enumerate(rated.parts):
            self._billed[tariff.id, index] += part.billed_s
        for one in rated.covered:
            allowance = self._allowances[one.ref]
            self._allowances[one.ref] = replace(allowance, left=allowance.left - (one.seconds or one.cents))

    def _fitting(self, payer: str, category: str, day: date) -> list[Allowance]:
        return [one for one in self._allowances.values() if one.left > 0 and meant(one, payer, category, day)]


def _key(tariff: Tariff, cap: Cap, holder: int, day: date) -> _CapKey:
    whose = holder if cap.of is Of.PERSON else None
    return tariff.id, cap.over, whose, day if cap.over is Span.DAY else None
