"""Budgets of tenants and cost centres. At 80 % their people get a letter and the lab a row on Today; at 100 % the payer is
closed in the lists. What runs goes on to its end.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select

from server.contracts import letters
from server.contracts.errors import ContractError
from server.contracts.models import Budget, BudgetCrossing
from server.contracts.rows import added, changed, held, payer_id, tenant_of
from server.db import db, reading, writing
from server.domain import budgets
from server.domain.budgets import Span, Stage
from server.jobs import service as jobs
from server.people.models import Payer, Tenant
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Limit:
    """Net cents, by month or in all; ``until`` is the first day on which it no longer holds."""

    cents: int
    monthly: bool
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A budget with whose it is. ``cost_centre`` is empty for all of the tenant's together."""

    rule: budgets.Budget
    tenant: str
    tenant_name: str
    payer: str | None
    cost_centre: str
    by_lab: bool
    version: int


def add_budget(
    tenant: str, payer: str | None, limit: Limit, reason: str = "", *, by_lab: bool = True, actor: str, now: datetime
) -> Budget:
    _refuse_odd(limit)
    with writing():
        owner = tenant_of(tenant)
        row = Budget(tenant_id=owner.id, payer_id=payer_id(owner.id, payer), by_lab=by_lab, reason=reason)
        for name, value in asdict(limit).items():
            setattr(row, name, value)
        added(row, "budget", {"tenant": tenant, "payer": payer, **asdict(limit)}, reason, actor, now)
        jobs.announce("access", f"budget:{row.id}", now)
    return row


def change_budget(
    budget_id: int, limit: Limit, reason: str, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """It counts at once, for the days that run, too: a payer that was closed may start again."""
    _refuse_odd(limit)
    with writing():
        row = held(Budget, budget_id, version)
        if changed(row, "budget", asdict(limit), reason, actor, now):
            jobs.announce("access", f"budget:{row.id}", now)


def end_budget(
    budget_id: int, until: date, reason: str, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """``until``: the first day on which it no longer holds; its own first day takes it back."""
    with writing():
        row = held(Budget, budget_id, version)
        if until < row.valid_from:
            raise ContractError("It cannot end before it begins.")
        if row.valid_until is not None and until >= row.valid_until:
            raise ContractError("It has ended by then already.")
        changed(row, "budget", {"valid_until": until}, reason, actor, now, "end")
        jobs.announce("access", f"budget:{row.id}", now)


def known_budgets(tenant_id: int | None = None) -> list[Known]:
    """Every budget that ever held, the oldest first; inside ``reading()``."""
    wanted = (
        select(Budget, Tenant.code, Tenant.name, Payer.code, Payer.cost_centre)
        .join(Tenant, Tenant.id == Budget.tenant_id)
        .outerjoin(Payer, Payer.id == Budget.payer_id)
        .order_by(Budget.id)
    )
    if tenant_id is not None:
        wanted = wanted.where(Budget.tenant_id == tenant_id)
    rows = db.session.execute(wanted).all()
    whole = {row.tenant_id for row, *_ in rows if row.payer_id is None}
    centres: dict[int, set[str]] = {tenant: set() for tenant in whole}
    for tenant, code in db.session.execute(select(Payer.tenant_id, Payer.code).where(Payer.tenant_id.in_(whole))):
        centres[tenant].add(code)
    return [_known(row, names, centres) for row, *names in rows]


def note_crossing(one: Known, span: Span, stage: Stage, spent_cents: int, lab: Settings, now: datetime) -> bool:
    """Write down and tell, once, that a budget is used so far. False where it was told already."""
    key = {"budget_id": one.rule.id, "span_from": span.first, "percent": int(stage), "cents": one.rule.cents}
    told = select(BudgetCrossing.id).filter_by(**key)
    with reading() as session:  # most looks find that it is told
        if session.scalar(told) is not None:
            return False
    with writing() as session:
        session.get(Budget, one.rule.id, with_for_update=True)  # whoever looks at the same time waits here
        if session.scalar(told) is not None:
            return False
        session.add(BudgetCrossing(**key, spent_cents=spent_cents, at=now))
        letters.budget_used(one, span, stage, spent_cents, lab, now)
    return True


def _known(row: Budget, names: Sequence[str | None], centres: dict[int, set[str]]) -> Known:
    tenant, tenant_name, payer, centre = names
    payers = frozenset({payer} if payer is not None else centres[row.tenant_id])
    rule = budgets.Budget(row.id, row.cents, payers, row.monthly, row.valid_from, row.valid_until)
    return Known(rule, tenant or "", tenant_name or "", payer, centre or "", row.by_lab, row.version)


def _refuse_odd(limit: Limit) -> None:
    if limit.cents <= 0:
        raise ContractError(
            "A budget is more than nothing. To stop all spending, suspend the tenant or close its cost centre."
        )
    if limit.valid_until is not None and limit.valid_until <= limit.valid_from:
        raise ContractError("It cannot end before it begins.")
    if not limit.monthly and limit.valid_until is None:
        raise ContractError("A budget that is not by month needs a last day.")
