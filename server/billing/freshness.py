"""Are a month's drafts still what its facts come to? A short text says what they were made of; when it differs, they are old.

It costs a glance into a few indexes, so that a page may ask each time it is opened.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select

from server.audit.models import AuditEntry
from server.billing.models import ChargeRefusal, Document
from server.billing.stands import due
from server.billing.uses import FINISHED
from server.db import db
from server.domain.period import Period
from server.usage.models import SessionDecision, UsageSession

MATTERS = (  # whose changes move a bill
    *("seller", "tariff", "vat_cell", "tenant", "establishment", "payer", "machine"),
    *("contract", "pack", "order"),
    *("supply_price", "material", "noted", "one_off", "recurring", "booking", "course_date", "membership"),
)
_MONTHS_BEFORE = timedelta(days=190)


class CameIn(NamedTuple):
    """Of the sessions that a month bills: how many, their seconds, the last end, those of the half year before, and how many
    have no real end yet."""

    sessions: int
    seconds: int | None
    last: datetime | None
    before: int
    provisional: int

    def __str__(self) -> str:
        return " ".join(map(str, self))


def made_of(period: Period, specimen: bool, day: date) -> str:
    """Inside ``reading()``; begins with what came in. ``day``: who sells today depends on it."""
    decided = db.session.scalar(select(func.max(SessionDecision.id)))
    refused = db.session.scalar(select(func.count()).where(ChargeRefusal.answered_at.is_(None)))
    issued = db.session.scalar(
        select(func.max(Document.id))
    )  # of any month: what comes late goes where nothing is issued
    since = f"{period.first_day - _MONTHS_BEFORE:%Y-%m}"
    said = (came_in(period, specimen), decided, refused, issued, last_change(), day, due(specimen, since))
    return " ".join(map(str, said))


def came_in(period: Period, specimen: bool) -> CameIn:
    """Inside ``reading()``."""
    finished = UsageSession.state.in_(FINISHED) & UsageSession.simulated.is_(specimen)
    ended = (UsageSession.ended_at >= period.start) & (UsageSession.ended_at < period.end)
    late = (UsageSession.ended_at >= period.start - _MONTHS_BEFORE) & (UsageSession.ended_at < period.start)
    sessions = select(func.count(), func.sum(UsageSession.occupied_s), func.max(UsageSession.ended_at))
    ended_in_it, seconds, last = db.session.execute(sessions.where(finished, ended)).one()
    earlier = select(func.count()).select_from(UsageSession)  # it may bill those
    before = db.session.scalar(earlier.where(finished, late)) or 0
    provisional = select(func.count()).where(UsageSession.state == "provisional", ended)
    return CameIn(ended_in_it, seconds, last, before, db.session.scalar(provisional) or 0)


def bills_before(period: Period, specimen: bool) -> dict[int, tuple[int, ...]]:
    """What each establishment's months of the last half year came to, in cents; inside ``reading()``."""
    first = f"{period.first_day - _MONTHS_BEFORE:%Y-%m}"
    wanted = (
        select(Document.establishment_id, func.sum(Document.net_cents))
        .where(Document.month > first, Document.month < period.month, Document.specimen.is_(specimen))
        .group_by(Document.establishment_id, Document.month)
        .order_by(Document.month)
    )
    bills: dict[int, list[int]] = defaultdict(list)
    for establishment_id, cents in db.session.execute(wanted):
        bills[establishment_id].append(int(cents))
    return {establishment_id: tuple(cents) for establishment_id, cents in bills.items()}


def bills_of(period: Period, specimen: bool) -> dict[int, int]:
    """What is issued of the month itself, by establishment, in cents; inside ``reading()``."""
    wanted = select(Document.establishment_id, func.sum(Document.net_cents)).group_by(Document.establishment_id)
    rows = db.session.execute(wanted.where(Document.month == period.month, Document.specimen.is_(specimen)))
    return {establishment_id: int(cents) for establishment_id, cents in rows}


def last_change() -> int | None:
    """The last thing that somebody changed and that moves a bill: a credit note says the number typed back of a statement."""
    typed_back = (AuditEntry.object_kind == "document") & (AuditEntry.verb == "external")
    moves = or_(AuditEntry.object_kind.in_(MATTERS), typed_back)
    newest = select(AuditEntry.id).where(moves).order_by(AuditEntry.id.desc()).limit(1)
    found: int | None = db.session.scalar(newest)
    return found
