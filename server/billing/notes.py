"""What looked odd in a month and is right all the same: noted by somebody, so that it does not come up again."""

from datetime import datetime

from sqlalchemy import Select, select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import MonthNote
from server.db import writing
from server.domain.oddities import Odd
from server.jobs import service as jobs


def keep(month: str, kind: str, subject: str, reason: str = "", *, actor: str, now: datetime) -> None:
    """Keep it as it is. Keeping it twice is the same as once."""
    if kind not in set(Odd):
        raise BillingError("This cannot be kept as it is: it must be put right.")
    with writing() as session:
        if session.scalar(_one(month, kind, subject)) is None:
            session.add(MonthNote(month=month, kind=kind, subject=subject, by=actor, at=now, reason=reason))
            audit.record(actor, "keep", "month", month, None, {"kind": kind, "subject": subject}, reason, now)
            jobs.announce("month", month, now)


def look_again(month: str, kind: str, subject: str, *, actor: str, now: datetime) -> None:
    """Take a note back: it comes up again."""
    with writing() as session:
        note = session.scalar(_one(month, kind, subject))
        if note is not None:
            session.delete(note)
            audit.record(actor, "look_again", "month", month, {"kind": kind, "subject": subject}, None, "", now)
            jobs.announce("month", month, now)


def _one(month: str, kind: str, subject: str) -> Select[MonthNote]:
    return select(MonthNote).where(MonthNote.month == month, MonthNote.kind == kind, MonthNote.subject == subject)
