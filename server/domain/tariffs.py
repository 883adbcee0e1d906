"""What a price can say: a dated rule for machines and for those who use them.

A rule has parts, each a price for a time that was measured: with the machine occupied, powered, running, or cooling down. Two
parts at once are two prices for the same session. To these come a fee a session, one a person and day, a minimum amount and
caps. ``cents`` is for ``per_s`` seconds, so that "5 € per 10 minutes begun" is said without a fraction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum


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
