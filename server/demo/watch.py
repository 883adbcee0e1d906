"""Looks into the books while a month runs: are all lists sent, what did ingest count, are all documents rendered?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from server.billing.models import Document
from server.db import reading
from server.demo.lab import ZONE
from server.demo.moments import Plan
from server.demo.site import KEY_ID
from server.jobs.models import Job
from server.lists.models import PublishedList
from server.lists.service import compile_all, needs_publishing
from server.machines.models import Agent
from server.usage.counts import Count, totals
from server.usage.models import Denial, Event, Outbox, UsageSession

_NOT_STORED = (Count.DUPLICATE, Count.AHEAD, Count.REJECTED, Count.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Counted:
    """Event messages that reached the server so far, as this database remembers them."""

    sent: int
    duplicates: int

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.sent + other.sent, self.duplicates + other.duplicates)

    def __sub__(self, other: "Counted") -> "Counted":
        return Counted(self.sent - other.sent, self.duplicates - other.duplicates)


def all_renewed(now: datetime) -> bool:
    """True when no agent's list is due."""
    return not needs_publishing(now)


def all_sent(now: datetime) -> bool:
    """True when no list is due, and each says what was sent last. For a moment at which something has just changed:
    later a list may say more of what comes, and need not be sent for that."""
    with reading() as session:
        newest = session.scalar(select(func.max(PublishedList.issued_at)))
    if newest is None or newest < now or not all_renewed(now):
        return False  # the link has not even begun; so compiling here would only be in its way
    return not any(compiled.worth_sending for compiled in compile_all(now, None, ZONE, KEY_ID).values())


def revisions() -> dict[str, int]:
    """The list last sent to each agent."""
    wanted = select(Agent.name, PublishedList.revision).join(PublishedList, PublishedList.agent_id == Agent.id)
    with reading() as session:
        return {name: revision for name, revision in session.execute(wanted)}  # noqa: C416 — rows, not pairs


def all_in_force() -> bool:
    """True when every agent is connected and says that it enforces the list it was sent last."""
    wanted = select(Agent.online, Agent.revision, PublishedList.revision)
    with reading() as session:
        rows = session.execute(wanted.outerjoin(PublishedList, PublishedList.agent_id == Agent.id)).all()
    return all(online and sent is not None and in_force >= sent for online, in_force, sent in rows)


def next_renewal() -> int:
    """The second at which the first list must be sent again."""
    with reading() as session:
        earliest = session.scalar(select(func.min(PublishedList.renew_at)))
    return -int(-earliest.timestamp() // 1) if earliest is not None else 0


def stored_through() -> dict[str, int]:
    """The last event number stored of each outbox."""
    with reading() as session:
        return {outbox: last_n for outbox, last_n in session.execute(select(Outbox.id, Outbox.last_n))}  # noqa: C416


def counted() -> Counted:
    counts = totals()
    with reading() as session:
        stored = session.scalar(select(func.count()).select_from(Event)) or 0
    return Counted(stored + sum(counts.get(name, 0) for name in _NOT_STORED), counts.get(Count.DUPLICATE, 0))


def rejected() -> int:
    return totals().get(Count.REJECTED, 0)


def against_plan(plan: Plan) -> Iterator[str]:
    """What happened otherwise than the timetable meant it to: sessions, and refusals with their reasons."""
    with reading() as session:
        sessions = session.scalar(select(func.count()).select_from(UsageSession))
        reasons = session.scalars(select(Denial.reasons)).all()
    if sessions != len(plan.visits):
        yield f"{sessions} sessions, {len(plan.visits)} were planned"
    told = Counter(reason for several in reasons for reason in several)
    planned = Counter(str(refusal.reason) for refusal in plan.refusals)
    for reason in sorted(told.keys() | planned.keys()):
        if told[reason] != planned[reason]:
            yield f"{told[reason]} taps refused for {reason}, {planned[reason]} were planned"


def all_rendered() -> bool:
    """True when every document is issued. A job that failed for good ends the wait, and the reconciler finds it."""
    with reading() as session:
        waiting = session.scalar(select(func.count()).select_from(Document).where(Document.state != "issued"))
        failed = session.scalar(select(func.count()).select_from(Job).where(Job.state == "failed"))
    return not waiting or bool(failed)
