"""What a month would come to under a draft: its sessions rated twice, in ``work`` where that takes a while.

The result is kept in a row of its own, with what it was made of. Nothing is written to the books.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select, update

from server.billing import facts
from server.billing.drafting import plain, rate_uses
from server.billing.errors import BillingError
from server.billing.facts import Facts
from server.billing.freshness import made_of
from server.billing.models import PriceDraft, WhatIf
from server.billing.months import period_named
from server.billing.price_drafts import changes_of
from server.billing.uses import Use
from server.db import db, reading, writing
from server.domain.period import Period
from server.domain.rating import Rated
from server.domain.whatif import Compared, Move, compare, under
from server.jobs import service as jobs
from server.jobs.models import Job
from server.usage.models import UsageSession

JOB = "what_if"
AT_ONCE = 1_000  # sessions: fewer are done before anybody would look for a progress bar
_TOLD_EVERY = 500


@dataclass(frozen=True, slots=True)
class Found:
    """How far it is, and what came out. ``is_old``: draft or month have changed since. ``trouble``: in the job's words."""

    month: str
    done: int
    planned: int
    runs: bool
    failed: bool
    trouble: str
    is_old: bool
    result: dict[str, Any] | None


def ask(draft_id: int, month: str, now: datetime, zone: tzinfo, specimen: bool) -> None:
    """Have it worked out: at once where it is little, else by ``work``. Asking again while it runs asks for nothing."""
    period = period_named(month, zone)
    with writing() as session:
        if session.get(PriceDraft, draft_id) is None:
            raise BillingError("There is no such draft any more.")
        row = session.get(WhatIf, (draft_id, month))
        if row is not None and _state(row) in {"waiting", "running"}:
            return
        planned = session.scalar(_count(period, specimen)) or 0
        args = {"draft_id": draft_id, "month": month}
        job = jobs.enqueue(JOB, args, now) if planned > AT_ONCE else None
        fresh = WhatIf(draft_id=draft_id, month=month, job=job, done=0, planned=planned, asked_at=now)
        session.merge(fresh)
    if job is None:
        work_out(draft_id, month, zone, specimen)


def work_out(draft_id: int, month: str, zone: tzinfo, specimen: bool) -> None:
    """Safe to run twice. Where the draft has been thrown away meanwhile there is nothing to do."""
    period = period_named(month, zone)
    with reading() as session:
        draft = session.get(PriceDraft, draft_id)
        if draft is None:
            return
        changes, source = changes_of(draft), _made_of(draft, period, specimen)
        known = facts.load(period, specimen)
    told: dict[str, Use] = {use.id: use for use in known.uses}
    drafted = replace(known, tariffs=under(known.tariffs, changes))
    compared = compare(_telling(draft_id, month, known, drafted, zone))
    values = {"result": _result(compared, told), "made_of": source, "done": len(told), "planned": len(told)}
    with writing() as session:
        session.execute(update(WhatIf).where(*_row(draft_id, month)).values(**values))


def found(draft_id: int, month: str, zone: tzinfo, specimen: bool) -> Found | None:
    """What is known of a draft and a month; None where nobody has asked."""
    period = period_named(month, zone)
    with reading() as session:
        row, draft = session.get(WhatIf, (draft_id, month)), session.get(PriceDraft, draft_id)
        if row is None or draft is None:
            return None
        state = _state(row)
        job = None if row.job is None else session.get(Job, row.job)
        return Found(
            month=month,
            done=row.done,
            planned=row.planned,
            runs=state in {"waiting", "running"},
            failed=state == "failed",
            trouble=job.error if job else "",
            is_old=row.result is not None and row.made_of != _made_of(draft, period, specimen),
            result=row.result,
        )


def months_asked(draft_id: int) -> list[str]:
    """The months for which a draft was tried, the newest first."""
    with reading() as session:
        wanted = select(WhatIf.month).where(WhatIf.draft_id == draft_id).order_by(WhatIf.month.desc())
        return list(session.scalars(wanted))


def _telling(draft_id: int, month: str, now: Facts, drafted: Facts, zone: tzinfo) -> Iterator[tuple[Rated, Rated]]:
    """Each session twice; says now and then how far it is."""
    both = zip(rate_uses(now, zone), rate_uses(drafted, zone), strict=True)
    for number, ((_, before), (_, after)) in enumerate(both, start=1):
        yield before, after
        if number % _TOLD_EVERY == 0:
            with writing() as session:
                session.execute(update(WhatIf).where(*_row(draft_id, month)).values(done=number))


def _result(compared: Compared, told: dict[str, Use]) -> dict[str, Any]:
    """As plain values, with the names that pages show; nobody's person is in it."""
    tenants = {use.tenant: use.tenant_name for use in told.values()}
    machines = {use.machine: use.machine_name for use in told.values()}
    result: dict[str, Any] = plain(
        {
            "sessions": len(told),
            "before": asdict(compared.before),
            "after": asdict(compared.after),
            "tenants": [{**asdict(one), "name": tenants[one.tenant]} for one in compared.tenants],
            "moves": [_move(one, told[one.session]) for one in compared.moves],
            "unpriced": [{**asdict(one), "name": machines[one.machine]} for one in compared.unpriced],
        }
    )
    return result


def _move(one: Move, use: Use) -> dict[str, Any]:
    about = {"tenant": use.tenant_name, "machine": use.machine_name, "started_at": use.started_at}
    return {**asdict(one), **about, "measured_s": use.measured_s}


def _made_of(draft: PriceDraft, period: Period, specimen: bool) -> str:
    """Short, whatever stands in it. The day of the month's end, because who sells does not matter here."""
    text = f"{draft.changes} {made_of(period, specimen, period.last_day)}"
    return sha256(text.encode()).hexdigest()


def _count(period: Period, specimen: bool) -> Any:
    ended = (UsageSession.ended_at >= period.start) & (UsageSession.ended_at < period.end)
    return select(func.count()).select_from(UsageSession).where(ended, UsageSession.simulated.is_(specimen))


def _state(row: WhatIf) -> str | None:
    return None if row.job is None else db.session.scalar(select(Job.state).where(Job.id == row.job))


def _row(draft_id: int, month: str) -> tuple[Any, ...]:
    return WhatIf.draft_id == draft_id, WhatIf.month == month
