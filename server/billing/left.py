"""Reads what is left of contracts and budgets, as ``work`` has worked it out last: for lists, for pages, for Today.

Hours are told in whole five minutes, downwards: a list that changed with every minute of every use would be sent as often.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import select

from server.billing.models import PayerStanding
from server.contracts.service import Known, known_budgets
from server.db import db
from server.domain.allowances import Unit
from server.domain.budgets import Span, Stage, span_on, spent, stage
from server.domain.facts import Left
from server.domain.period import day_of, month_of
from server.machines.models import Machine
from server.people.models import Payer, Tenant
from wire.messages import Shows

_TOLD_IN_S = 300
_ByDay = Mapping[str, Mapping[date, int]]


@dataclass(frozen=True, slots=True)
class Limited:
    """A budget in force, over which days it counts, and what is spent of it."""

    budget: Known
    span: Span
    spent_cents: int

    @property
    def stage(self) -> Stage:
        return stage(self.spent_cents, self.budget.rule.cents)

    @property
    def percent(self) -> int:
        return self.spent_cents * 100 // self.budget.rule.cents

    @property
    def left_cents(self) -> int:
        return max(0, self.budget.rule.cents - self.spent_cents)


@dataclass(frozen=True, slots=True)
class Included:
    """An allowance of this month: what the month began with, and what is left of it. Seconds or cents."""

    ref: str
    unit: Unit
    given: int
    left: int
    categories: tuple[str, ...]

    @property
    def used(self) -> int:
        return self.given - self.left


def left_now(now: datetime, zone: tzinfo) -> Left:
    """For the lists, inside ``reading()``: of payers whose panels tell the time that is left, and whose budget is reached."""
    reached = {payer for one in budgets_on(now, zone) if one.stage is Stage.REACHED for payer in one.budget.rule.payers}
    return Left(_seconds(now, zone), frozenset(reached))


def budgets_on(now: datetime, zone: tzinfo, tenant_id: int | None = None) -> list[Limited]:
    """Every budget in force now, or those of one tenant; inside ``reading()``."""
    today = day_of(now, zone)
    holding = [(one, span) for one in known_budgets(tenant_id) if (span := span_on(one.rule, today)) is not None]
    if not holding:
        return []
    by_day = _by_day(min(span.first for _, span in holding), {payer for one, _ in holding for payer in one.rule.payers})
    return [Limited(one, span, spent(one.rule, span, by_day)) for one, span in holding]


def included(payer: str, now: datetime, zone: tzinfo) -> list[Included]:
    """What one cost centre can use today, in the order in which it is used; inside ``reading()``."""
    wanted = select(PayerStanding.allowances).join(Payer, Payer.id == PayerStanding.payer_id)
    rows = db.session.scalar(wanted.where(Payer.code == payer, PayerStanding.month == month_of(now, zone)))
    return [_included(row) for row in rows or () if _holds(row, day_of(now, zone))]


def _seconds(now: datetime, zone: tzinfo) -> dict[tuple[str, str], int]:
    told = (
        select(Payer.code, PayerStanding.allowances)
        .join(Payer, Payer.id == PayerStanding.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(PayerStanding.month == month_of(now, zone), Tenant.shows == Shows.TIME_LEFT.value)
    )
    rows = db.session.execute(told).all()
    today = day_of(now, zone)
    categories = set(db.session.scalars(select(Machine.category).where(Machine.ended_at.is_(None)))) if rows else set()
    found: dict[tuple[str, str], int] = {}
    for payer, allowances in rows:
        hours = [row for row in allowances if row["unit"] == Unit.SECONDS and _holds(row, today)]
        for category in categories:
            own = [row["left"] for row in hours if not row["categories"] or category in row["categories"]]
            if own:
                found[payer, category] = sum(own) // _TOLD_IN_S * _TOLD_IN_S
    return found


def _by_day(first: date, payers: Iterable[str]) -> _ByDay:
    wanted = select(Payer.code, PayerStanding.by_day).join(Payer, Payer.id == PayerStanding.payer_id)
    wanted = wanted.where(PayerStanding.month >= f"{first:%Y-%m}", Payer.code.in_(list(payers)))
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for payer, by_day in db.session.execute(wanted):
        found[payer] |= {date.fromisoformat(day): cents for day, cents in by_day.items()}
    return found


def _included(row: Mapping[str, Any]) -> Included:
    return Included(row["ref"], Unit(row["unit"]), row["given"], row["left"], tuple(row["categories"]))


def _holds(row: Mapping[str, Any], day: date) -> bool:
    return str(row["since"]) <= day.isoformat() < str(row["until"])
