"""What somebody has noted about a month: that what looked odd is right all the same, so that it does not come up again; and
that what the law wants by a day is done."""

from datetime import datetime

from sqlalchemy import Select, select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import MonthNote
from server.db import writing
from server.domain.duties import Duty
from server.domain.oddities import Odd
from server.jobs import service as jobs

DUTY = "duty"  # the kind of a tick in the legal calendar


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


def tick(month: str, duty: str, *, actor: str, now: datetime) -> None:
    """It is done. Ticking it twice is the same as once."""
    subject = Duty(duty).value
    with writing() as session:
        if session.scalar(_one(month, DUTY, subject)) is None:
            session.add(MonthNote(month=month, kind=DUTY, subject=subject, by=actor, at=now, reason=""))
            audit.record(actor, "tick", "month", month, None, {"duty": subject}, "", now)
            jobs.announce("month", month, now)


def take_back(month: str, duty: str, *, actor: str, now: datetime) -> None:
    """It is not done after all."""
    with writing() as session:
        note = session.scalar(_one(month, DUTY, duty))
        if note is not None:
            session.delete(note)
            audit.record(actor, "untick", "month", month, {"duty": duty}, None, "", now)
            jobs.announce("month", month, now)


def _one(month: str, kind: str, subject: str) -> Select[MonthNote]:
    return select(MonthNote).where(MonthNote.month == month, MonthNote.kind == kind, MonthNote.subject == subject)
