"""Works out what is left of contracts and budgets in the month that runs: see ``left``, which reads it.

``work`` looks every minute whether a tenant's month has changed and works it out anew where it has, with open sessions up
to their last known second. It is a cache: the month is rated as its drafts will be, and nothing here is ever billed. What
crosses a limit is told, and the lists follow. A budget ends nothing that runs: it forbids the next start.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from server.billing import facts, freshness
from server.billing.drafting import rate_uses
from server.billing.left import budgets_on, left_now
from server.billing.models import PayerStanding
from server.billing.uses import FINISHED, Use, load_uses
from server.contracts import service as contracts
from server.db import db, reading, writing
from server.domain.allowances import Allowance, Terms
from server.domain.budgets import Stage, span_on
from server.domain.contracts import months
from server.domain.items import BillItem
from server.domain.period import Period, day_of, month_of, period_of
from server.domain.rating import RatedSession
from server.jobs import service as jobs
from server.people.models import Payer, Tenant
from server.settings import Settings
from server.usage.models import SessionDecision, UsageSession

_NOTHING = Terms()


def refresh(lab: Settings, now: datetime, tenants: Collection[int] | None = None) -> int:
    """Work out anew what has changed, of all tenants or of some. Returns how many tenants' months that were."""
    with reading():
        before = left_now(now, lab.zone)
        watched = {number: days for number, days in _watched(lab, now).items() if tenants is None or number in tenants}
        stale = list(_stale(watched, lab, now))
    for period, tenant_id, source in stale:
        with reading():
            rows = _rows(period, tenant_id, source, lab, now)
        with writing() as session:
            session.get(
                Tenant, tenant_id, with_for_update=True
            )  # whoever works out the same at the same time waits here
            own = PayerStanding.payer_id.in_(select(Payer.id).where(Payer.tenant_id == tenant_id))
            session.execute(delete(PayerStanding).where(own, PayerStanding.month == period.month))
            session.add_all(rows)
    _tell(lab, now)
    with reading():
        after = left_now(now, lab.zone)
    if after != before:
        with writing():
            jobs.announce("access", "standing", now)
    return len(stale)


# --- whose month, and whether it has changed ----------------------------------------------------------------------------


def _watched(lab: Settings, now: datetime) -> dict[int, date]:
    """The tenants of which somebody wants to know what is left, and from which day on their spending counts."""
    today = day_of(now, lab.zone)
    found = dict.fromkeys(contracts.agreed(), today)
    codes = {code: number for number, code in db.session.execute(select(Tenant.id, Tenant.code))}
    for one in contracts.known_budgets():
        if (span := span_on(one.rule, today)) is not None:
            number = codes[one.tenant]
            found[number] = min(found.get(number, today), span.first)
    return found


def _stale(watched: Mapping[int, date], lab: Settings, now: datetime) -> Iterator[tuple[Period, int, str]]:
    """Months of tenants that are not kept as they are now, with what they are made of."""
    current = month_of(now, lab.zone)
    for month in months(min(watched.values(), default=day_of(now, lab.zone)), current):
        period = period_of(month, lab.zone)
        whom = [number for number, since in watched.items() if f"{since:%Y-%m}" <= month]
        known = _kept(month, whom)
        for number, source in _sources(period, whom, lab.demo, is_current=month == current).items():
            if known.get(number) != source:
                yield period, number, source


def _kept(month: str, whom: Collection[int]) -> dict[int, str]:
    wanted = select(Payer.tenant_id, PayerStanding.made_of).join(Payer, Payer.id == PayerStanding.payer_id)
    return dict(db.session.execute(wanted.where(PayerStanding.month == month, Payer.tenant_id.in_(whom))).all())


def _sources(period: Period, whom: Collection[int], specimen: bool, is_current: bool) -> dict[int, str]:
    """What each tenant's month is made of, in a short text: when that differs, it is old."""
    facts_of_all = f"{db.session.scalar(select(func.max(SessionDecision.id)))} {freshness.last_change()}"
    count = (
        select(Payer.tenant_id, func.count(), func.sum(UsageSession.occupied_s), func.max(UsageSession.ended_at))
        .join(Payer, Payer.id == UsageSession.payer_id)
        .where(_counts(period, specimen, is_current), Payer.tenant_id.in_(whom))
        .group_by(Payer.tenant_id)
    )
    found = dict.fromkeys(whom, f"0 {facts_of_all}")
    for number, *sums in db.session.execute(count):
        found[number] = " ".join(map(str, [*sums, facts_of_all]))
    return found


def _counts(period: Period, specimen: bool, is_current: bool) -> ColumnElement[bool]:
    """Sessions that ended in the month; and in the one that runs, those that are open."""
    ended = (UsageSession.ended_at >= period.start) & (UsageSession.ended_at < period.end)
    ended &= UsageSession.state.in_(FINISHED)
    return UsageSession.simulated.is_(specimen) & ((ended | (UsageSession.state == "open")) if is_current else ended)


# --- what a month comes to so far ---------------------------------------------------------------------------------------


def _rows(period: Period, tenant_id: int, source: str, lab: Settings, now: datetime) -> list[PayerStanding]:
    """One for each of the tenant's cost centres."""
    known = facts.load(period, lab.demo, tenant_id)
    if period.month == month_of(now, lab.zone):
        known.uses[:] = sorted([*known.uses, *_open(tenant_id, lab.demo)], key=lambda use: (use.started_at, use.id))
    by_day: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    taken: dict[str, int] = defaultdict(int)
    for use, rated in rate_uses(known, lab.zone):
        if isinstance(rated, RatedSession):
            by_day[use.payer][_day(use.ended_at, period).isoformat()] += rated.net_cents
            for one in rated.covered:
                taken[one.ref] += one.seconds or one.cents
    for item in (one for one in known.items if isinstance(one, BillItem)):
        by_day[item.payer][item.day.isoformat()] += item.net_cents
    code = db.session.scalars(select(Tenant.code).where(Tenant.id == tenant_id)).one()
    allowances = known.terms.get(code, _NOTHING).allowances
    payers = db.session.execute(select(Payer.id, Payer.code).where(Payer.tenant_id == tenant_id)).all()
    return [
        PayerStanding(
            payer_id=number,
            month=period.month,
            net_cents=sum(by_day[payer].values()),
            by_day=dict(by_day[payer]),
            allowances=[_left(one, taken[one.ref]) for one in allowances if not one.payers or payer in one.payers],
            made_of=source,
            computed_at=now,
        )
        for number, payer in payers
    ]


def _open(tenant_id: int, specimen: bool) -> list[Use]:
    """Sessions that run, as if they had ended at their last known second."""
    own = UsageSession.payer_id.in_(select(Payer.id).where(Payer.tenant_id == tenant_id))
    uses = load_uses(UsageSession.state == "open", UsageSession.simulated.is_(specimen), own)
    return [use._replace(ended_at=use.started_at + timedelta(seconds=use.measured_s)) for use in uses]


def _day(ended_at: datetime, period: Period) -> date:
    """An open session whose last known second lies in the month before counts on the first day of the one that runs."""
    return max(period.day_of(ended_at), period.first_day)


def _left(one: Allowance, taken: int) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "unit": one.unit.value,
        "given": one.left,
        "left": max(0, one.left - taken),
        "categories": sorted(one.categories),
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
    }


# --- limits -------------------------------------------------------------------------------------------------------------


def _tell(lab: Settings, now: datetime) -> None:
    """To the people of whoever has used a budget so far, once."""
    with reading():
        crossed = [one for one in budgets_on(now, lab.zone) if one.stage is not Stage.FINE]
    for one in crossed:
        contracts.note_crossing(one.budget, one.span, one.stage, one.spent_cents, lab, now)
