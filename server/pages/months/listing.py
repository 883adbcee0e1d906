"""The list of months: from the first session to now, each with its sessions, hours, amounts and how far it has come.

Sessions are counted, and documents added up, from indexes alone: years of both take milliseconds.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from server.billing.models import Document, Draft
from server.billing.models import Period as PeriodRow
from server.billing.uses import FINISHED
from server.db import db, reading
from server.domain.period import Period, month_of, period_of
from server.usage.models import UsageSession
from server.web.here import zone
from server.web.paging import Page, page_of

_A_YEAR = 12


class Stage(StrEnum):
    """How far a month has come."""

    RUNNING = "running"
    TO_CLOSE = "to_close"
    TO_ISSUE = "to_issue"
    HELD = "held"  # what is left waits for a decision
    TO_PAY = "to_pay"
    PAID = "paid"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One line. ``net_cents``: what is issued, and what is drafted."""

    month: str
    stage: Stage
    sessions: int
    seconds: int
    net_cents: int
    documents: int
    paid: int


class Papers(NamedTuple):
    """Of a month: documents, those of them that are paid; drafts that can be issued and that cannot; both in cents."""

    documents: int = 0
    paid: int = 0
    net_cents: int = 0
    ready: int = 0
    held: int = 0
    drafted_cents: int = 0


def list_months(now: datetime, specimen: bool) -> Page[MonthRow]:
    """A year of them, the newest first."""
    with reading():
        papers = _papers(specimen)
        closed = set(db.session.scalars(select(PeriodRow.month).where(PeriodRow.state == "closed")))

        def row(period: Period) -> MonthRow:
            count, seconds = sessions_of(period, specimen)
            own = papers[period.month]
            stage = stage_of(period, period.month in closed, own, count, now)
            net = own.net_cents + own.drafted_cents
            return MonthRow(period.month, stage, count, seconds, net, own.documents, own.paid)

        return page_of(list(_periods(now, specimen)), _A_YEAR).of(row)


def to_close(now: datetime, specimen: bool) -> list[str]:
    """Months with something to bill, that can be closed and are not; the oldest first. Inside ``reading()``."""
    drafted = set(db.session.scalars(select(Draft.month).distinct()))
    closed = set(db.session.scalars(select(PeriodRow.month).where(PeriodRow.state == "closed")))
    over = [one for one in _periods(now, specimen) if one.closable_from <= now and one.month not in closed]
    return [period.month for period in reversed(over) if period.month in drafted or sessions_of(period, specimen)[0]]


def stage_of(period: Period, closed: bool, papers: Papers, sessions: int, now: datetime) -> Stage:
    if now < period.end:
        return Stage.RUNNING
    if not (sessions or papers.documents or papers.ready or papers.held):
        return Stage.EMPTY
    if not closed:
        return Stage.TO_CLOSE
    if papers.ready:
        return Stage.TO_ISSUE
    if papers.paid < papers.documents:
        return Stage.TO_PAY
    return Stage.PAID if papers.documents else Stage.HELD


def month_names(now: datetime, specimen: bool) -> list[str]:
    """The months of the list, the newest first, and nothing else of them."""
    with reading():
        return [period.month for period in _periods(now, specimen)]


def sessions_of(period: Period, specimen: bool) -> tuple[int, int]:
    """How many sessions ended in a period, and their seconds; inside ``reading()``."""
    bounds = {"start": period.start, "end": period.end, "specimen": specimen}
    count, seconds = db.session.execute(_SESSIONS, bounds).one()
    return count, int(seconds)


def _sessions() -> Any:
    """Written once: the list asks it for every month there is."""
    table: Any = UsageSession.__table__
    own = table.c
    ended = (own.ended_at >= bindparam("start")) & (own.ended_at < bindparam("end"))
    finished = (own.simulated == bindparam("specimen")) & own.state.in_(FINISHED)
    return select(func.count(), func.coalesce(func.sum(own.occupied_s), 0)).where(ended, finished)


_SESSIONS = _sessions()


def _periods(now: datetime, specimen: bool) -> Iterator[Period]:
    """Every month from now back to the first session."""
    ended = select(UsageSession.ended_at).where(UsageSession.ended_at.is_not(None))
    first = db.session.scalar(
        ended.where(UsageSession.simulated.is_(specimen)).order_by(UsageSession.ended_at).limit(1)
    )
    period = period_of(month_of(now, zone()), zone())
    oldest = period_of(month_of(first or now, zone()), zone())
    while period.start >= oldest.start:
        yield period
        day = period.first_day
        before = day.replace(year=day.year - 1, month=12) if day.month == 1 else day.replace(month=day.month - 1)
        period = period_of(f"{before:%Y-%m}", zone())


def _papers(specimen: bool) -> dict[str, Papers]:
    found: dict[str, Papers] = defaultdict(Papers)
    is_paid = Document.paid_on.is_not(None)
    documents = select(Document.month, is_paid, func.count(), func.sum(Document.net_cents))
    documents = documents.where(Document.specimen.is_(specimen)).group_by(Document.month, is_paid)
    for month, paid, count, cents in db.session.execute(documents):
        own = found[month]
        found[month] = own._replace(
            documents=own.documents + count,
            paid=own.paid + (count if paid else 0),
            net_cents=own.net_cents + int(cents),
        )
    is_held = Draft.held != ""
    drafts = select(Draft.month, is_held, func.count(), func.sum(Draft.net_cents)).group_by(Draft.month, is_held)
    for month, held, count, cents in db.session.execute(drafts):
        own = found[month]
        more = {"held": count} if held else {"ready": count}
        found[month] = own._replace(drafted_cents=own.drafted_cents + int(cents), **more)
    return found
