"""How a price list is written down for tests: its rules and for whom, sessions worked out by hand, and what goes by quantity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.allowances import Terms
from server.domain.rating import Session
from server.domain.tariffs import Rule, Scope, Tariff

PARIS = ZoneInfo("Europe/Paris")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = 3600
NOTHING_AGREED = Terms()
_numbers = count(1)


@dataclass(frozen=True)
class Worked:
    """Sessions of one tenant in one month, and what each comes to in cents; the arithmetic stands beside."""

    says: str
    sessions: Sequence[Session]
    cents: Sequence[int]
    terms: Terms = NOTHING_AGREED


@dataclass(frozen=True)
class Counted:
    """What goes by quantity: grams, pieces, an operator's minutes. ``unit_cents`` may have fractions."""

    says: str
    quantity: Decimal
    unit_cents: Decimal
    cents: int


@dataclass(frozen=True)
class PriceList:
    name: str
    tariffs: Sequence[Tariff]
    worked: Sequence[Worked]
    counted: Sequence[Counted] = ()


def tariff(rule: Rule, since: datetime = LONG_AGO, **scope: Any) -> Tariff:
    return Tariff(next(_numbers), Scope(**scope), since, None, rule)


def at(text: str) -> datetime:
    """A moment on the lab's clock, as ``2026-10-05 10:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def use(category: str, minutes: float, start: str | datetime = "2026-10-05 10:00", **changed: Any) -> Session:
    """One use of the machine ``<category>-1`` by person 1 of the company ``acme``, unless said otherwise."""
    begins = at(start) if isinstance(start, str) else start
    facts: dict[str, Any] = {"machine": f"{category}-1", "tenant_kind": "company", "tenant": "acme", "holder": 1}
    facts |= {"payer": "acme-1", "powered_s": round(minutes * 60)} | changed
    name = facts.pop("id", f"use-{begins:%d%H%M%S}-{next(_numbers)}")
    day = begins.astimezone(PARIS).date()
    return Session(name, begins, day, round(minutes * 60), category=category, **facts)
