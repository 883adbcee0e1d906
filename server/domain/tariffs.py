"""What a price can say: a dated rule for machines and for those who use them.

A rule has parts, each a price for a time that was measured: with the machine occupied, powered, running, or cooling down. Two
parts at once are two prices for the same session. To these come a fee a session, one a person and day, a minimum amount and
caps. ``cents`` is for ``per_s`` seconds, so that "5 € per 10 minutes begun" is said without a fraction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from itertools import pairwise

from server.domain.refusals import Refusal


class Basis(StrEnum):
    """Which of a session's times a part bills."""

    OCCUPIED = "occupied"
    POWERED = "powered"
    RUNNING = "running"
    COOLDOWN = "cooldown"


class Span(StrEnum):
    """Over what tiers and caps count."""

    SESSION = "session"
    DAY = "day"
    MONTH = "month"


class Of(StrEnum):
    """Whose sessions a cap adds up."""

    PERSON = "person"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Band:
    """Other cents within these hours of these weekdays (0 Monday … 6 Sunday), on the lab's clock; ``time.max`` is midnight."""

    weekdays: tuple[int, ...]
    begins: time
    ends: time
    cents: int


@dataclass(frozen=True, slots=True)
class Tier:
    """Other cents after so many billed seconds of this part."""

    after_s: int
    cents: int


@dataclass(frozen=True, slots=True)
class Part:
    """One price for one kind of time. A part has bands or tiers, never both."""

    basis: Basis
    cents: int
    per_s: int = 3600
    step_s: int = 60
    free_s: int = 0  # at the beginning of each session
    minimum_s: int = 0  # billed at least, once anything is
    bands: tuple[Band, ...] = ()  # the first that holds counts
    tiers: tuple[Tier, ...] = ()  # by rising ``after_s``
    tiers_over: Span = Span.SESSION  # or MONTH: of one tenant, at this tariff


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many cents, for one person or for one tenant, in one day of the lab or one month (by the session's start
    for days, by its end for months), over all sessions at this tariff."""

    over: Span  # DAY or MONTH
    of: Of
    cents: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a use costs. Without parts and fees it costs nothing, and that is a price, too."""

    parts: tuple[Part, ...] = ()
    session_fee_cents: int = 0
    day_fee_cents: int = 0  # once a person and day of the lab, over all sessions at this tariff
    minimum_cents: int = 0  # a session that is billed at all costs at least this
    caps: tuple[Cap, ...] = ()


def simple(cents_per_hour: int, step_s: int, minimum_s: int = 0, session_fee_cents: int = 0) -> Rule:
    """The commonest rule: the time the machine was occupied, at so much an hour."""
    part = Part(Basis.OCCUPIED, cents_per_hour, step_s=step_s, minimum_s=minimum_s)
    return Rule((part,), session_fee_cents=session_fee_cents)


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom: one machine or one category; and one tenant, one kind of tenant, or (both None) everybody; and within that
    one class of members, or (None) all."""

    machine: str | None = None
    category: str | None = None
    tenant: str | None = None
    tenant_kind: str | None = None
    member_class: str | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """A rule, for whom, and when. ``valid_until`` is the first moment at which it no longer holds."""

    id: int
    scope: Scope
    valid_from: datetime
    valid_until: datetime | None
    rule: Rule

    def holds(self, moment: datetime) -> bool:
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)


@dataclass(frozen=True, slots=True)
class Use:
    """Who uses what, as far as prices tell them apart."""

    machine: str
    category: str
    tenant: str
    tenant_kind: str
    member_class: str | None = None


def tariff_for(tariffs: Iterable[Tariff], use: Use, moment: datetime) -> Tariff | None:
    """The most particular tariff in force at a moment: machine before category, then tenant before kind before everybody,
    then a class of members before all; of two equals the later one."""
    return max((one for one in tariffs if one.holds(moment) and fits(one.scope, use)), key=_particular, default=None)


def fits(scope: Scope, use: Use) -> bool:
    return (
        (scope.machine == use.machine or (scope.machine is None and scope.category == use.category))
        and scope.tenant in {use.tenant, None}
        and scope.tenant_kind in {use.tenant_kind, None}
        and scope.member_class in {use.member_class, None}
    )


def _particular(tariff: Tariff) -> tuple[bool, bool, bool, bool, datetime, int]:
    scope = tariff.scope
    told_apart = (scope.machine, scope.tenant, scope.tenant_kind, scope.member_class)
    machine, tenant, kind, members = (one is not None for one in told_apart)
    return machine, tenant, kind, members, tariff.valid_from, tariff.id


class PriceBook:
    """Tariffs put in order once, so that a month's hundred thousand sessions find theirs without reading all of them."""

    def __init__(self, tariffs: Iterable[Tariff]) -> None:
        self._of: dict[tuple[str | None, str | None], list[Tariff]] = {}
        self._fitting: dict[Use, list[Tariff]] = {}
        self._by_id: dict[int, Tariff] = {}
        for tariff in tariffs:
            self._by_id[tariff.id] = tariff
            self._of.setdefault((tariff.scope.machine, tariff.scope.category), []).append(tariff)

    def kept(self, tariff_id: int | None) -> Tariff | None:
        return None if tariff_id is None else self._by_id.get(tariff_id)

    def find(self, use: Use, moment: datetime) -> Tariff | None:
        """As ``tariff_for``."""
        fitting = self._fitting.get(use)
        if fitting is None:
            named = [*self._of.get((use.machine, None), ()), *self._of.get((None, use.category), ())]
            fitting = sorted((one for one in named if fits(one.scope, use)), key=_particular, reverse=True)
            self._fitting[use] = fitting
        return next((one for one in fitting if one.holds(moment)), None)


def odd(rule: Rule) -> str | None:
    """Why a rule cannot be meant, as the sentence of a refusal; None where it can."""
    found = next(_oddities(rule), None)
    return found.sentence if found else None


def _oddities(rule: Rule) -> Iterator[Refusal]:
    numbers = [rule.session_fee_cents, rule.day_fee_cents, rule.minimum_cents, *(cap.cents for cap in rule.caps)]
    for part in rule.parts:
        numbers += [part.cents, part.free_s, part.minimum_s]
        numbers += [*(band.cents for band in part.bands), *(tier.cents for tier in part.tiers)]
    if min(numbers) < 0 or any(part.step_s <= 0 or part.per_s <= 0 for part in rule.parts):
        yield Refusal("A price has a step above zero, and nothing in it is negative.")
    bases = [part.basis for part in rule.parts]
    if len(set(bases)) < len(bases):
        yield Refusal("Each kind of time can have one price only: put the two into one.")
    for part in rule.parts:
        yield from _odd_part(part)
    if any(cap.over is Span.SESSION for cap in rule.caps):
        yield Refusal("The most that is charged counts over a day or a month.")
    if len({(cap.over, cap.of) for cap in rule.caps}) < len(rule.caps):
        yield Refusal("Of two limits for the same, only the lower one could ever count: leave the other out.")


def _odd_part(part: Part) -> Iterator[Refusal]:
    if part.bands and part.tiers:
        yield Refusal("A price changes by the hour of the day or by the time used, not by both.")
    if any(band.begins >= band.ends for band in part.bands):
        yield Refusal("Hours begin before they end: those over midnight are two, one for each day.")
    if any(not band.weekdays or not set(band.weekdays) <= set(range(7)) for band in part.bands):
        yield Refusal("Hours with a price of their own need a day of the week.")
    if any(first.after_s >= second.after_s for first, second in pairwise(part.tiers)) or any(
        tier.after_s <= 0 for tier in part.tiers
    ):
        yield Refusal("Each next price begins after more time than the one before.")
    if part.tiers_over is Span.DAY:
        yield Refusal("Time used counts over a session or over a month.")
