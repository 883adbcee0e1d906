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
from server.billing.given_back import given_back, last_given_back
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

_ByDay = defaultdict[str, defaultdict[str, int]]  # cents by code of the cost centre and day
_NOTHING = Terms()
_FEW = 8  # tenants
_AT_ONCE = 50


def refresh(lab: Settings, now: datetime, tenants: Collection[int] | None = None) -> int:
    """Work out anew what has changed, of all tenants or of some. Returns how many tenants' months that were."""
    with reading():
        before = left_now(now, lab.zone)
        watched = {number: days for number, days in _watched(lab, now).items() if tenants is None or number in tenants}
        stale = list(_stale(watched, lab, now))
    for period, sources in stale:
        for some in _together(sources):
            with reading():
                rows = _rows(period, some, lab, now)
            _keep(rows, period.month, list(some))
    _tell(lab, now)
    with reading():
        after = left_now(now, lab.zone)
    if after != before:
        with writing():
            jobs.announce("access", "standing", now)
    return sum(len(sources) for _, sources in stale)


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


def _stale(watched: Mapping[int, date], lab: Settings, now: datetime) -> Iterator[tuple[Period, dict[int, str]]]:
    """Months, and the tenants of which they are not kept as they are now, with what these are made of."""
    current = month_of(now, lab.zone)
    for month in months(min(watched.values(), default=day_of(now, lab.zone)), current):
        period = period_of(month, lab.zone)
        whom = [number for number, since in watched.items() if f"{since:%Y-%m}" <= month]
        known = _kept(month, whom)
        found = _sources(period, whom, lab.demo, is_current=month == current)
        if old := {number: source for number, source in found.items() if known.get(number) != source}:
            yield period, old


def _together(sources: dict[int, str]) -> list[dict[int, str]]:
    """A few tenants are loaded one by one; for many the whole month is read once."""
    return [{number: source} for number, source in sources.items()] if len(sources) <= _FEW else [sources]


def _keep(rows: list[PayerStanding], month: str, tenants: list[int]) -> None:
    """In short transactions."""
    for at in range(0, len(tenants), _AT_ONCE):
        some = set(tenants[at : at + _AT_ONCE])
        with writing() as session:
            # Whoever works out the same at the same time waits here.
            session.execute(select(Tenant.id).where(Tenant.id.in_(some)).order_by(Tenant.id).with_for_update())
            owners = dict(session.execute(select(Payer.id, Payer.tenant_id).where(Payer.tenant_id.in_(some))).all())
            session.execute(
                delete(PayerStanding).where(PayerStanding.payer_id.in_(owners), PayerStanding.month == month)
            )
            session.add_all([row for row in rows if row.payer_id in owners])


def _kept(month: str, whom: Collection[int]) -> dict[int, str]:
    wanted = select(Payer.tenant_id, PayerStanding.made_of).join(Payer, Payer.id == PayerStanding.payer_id)
    return dict(db.session.execute(wanted.where(PayerStanding.month == month, Payer.tenant_id.in_(whom))).all())


def _sources(period: Period, whom: Collection[int], specimen: bool, is_current: bool) -> dict[int, str]:
    """What each tenant's month is made of, in a short text: when that differs, it is old."""
    facts_of_all = (
        f"{db.session.scalar(select(func.max(SessionDecision.id)))} {freshness.last_change()} {last_given_back()}"
    )
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


def _rows(period: Period, sources: Mapping[int, str], lab: Settings, now: datetime) -> list[PayerStanding]:
    """One for each cost centre of these tenants."""
    known = facts.load(period, lab.demo, next(iter(sources)) if len(sources) == 1 else None)
    if period.month == month_of(now, lab.zone):
        known.uses[:] = sorted([*known.uses, *_open(sources, lab.demo)], key=_in_order)
    by_day, taken = _spent(known, period, lab)
    wanted = select(Payer.id, Payer.code, Tenant.id, Tenant.code).join(Tenant, Tenant.id == Payer.tenant_id)
    return [
        PayerStanding(
            payer_id=number,
            month=period.month,
            net_cents=sum(by_day[payer].values()),
            by_day=dict(by_day[payer]),
            allowances=[
                _left(one, taken[tenant_id, one.ref])
                for one in known.terms.get(tenant, _NOTHING).allowances
                if not one.payers or payer in one.payers
            ],
            made_of=sources[tenant_id],
            computed_at=now,
        )
        for number, payer, tenant_id, tenant in db.session.execute(wanted.where(Tenant.id.in_(sources)))
    ]


def _spent(known: facts.Facts, period: Period, lab: Settings) -> tuple[_ByDay, dict[tuple[int, str], int]]:
    """Cents of each cost centre by day, less what was given back; and what is taken of each allowance of a tenant."""
    by_day: _ByDay = defaultdict(lambda: defaultdict(int))
    taken: dict[tuple[int, str], int] = defaultdict(int)
    of: dict[str, int] = {}
    for use, rated in rate_uses(known, lab.zone):
        if isinstance(rated, RatedSession):
            by_day[use.payer][_day(use.ended_at, period).isoformat()] += rated.net_cents
            of[use.id] = rated.net_cents
            for one in rated.covered:
                taken[use.tenant_id, one.ref] += one.seconds or one.cents
    for item in (one for one in known.items if isinstance(one, BillItem)):
        by_day[item.payer][item.day.isoformat()] += item.net_cents
        of[item.ref] = item.net_cents
    for back in given_back(period, lab.demo):
        by_day[back.payer][back.day.isoformat()] -= min(back.cents, of.get(back.subject, back.cents))
    return by_day, taken


def _in_order(use: Use) -> tuple[int, datetime, str]:
    return use.tenant_id, use.started_at, use.id


def _open(tenants: Collection[int], specimen: bool) -> list[Use]:
    """Sessions that run, as if they had ended at their last known second."""
    own = UsageSession.payer_id.in_(select(Payer.id).where(Payer.tenant_id.in_(tenants)))
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
