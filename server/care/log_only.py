"""Log-only: while a lab gets used to the boxes, machines of a risk class start for people whom a reason would refuse, and
write the refusal down. By risk class, with a reason, and for sixty days at most: it ends by itself.

What concerns the machine (out of service, maintenance, no commissioning record, an overdue check) and blocked badges deny
all the same; that is the access rules' to say, not ours.
"""

from datetime import datetime, timedelta

from server.audit import service as audit
from server.care.models import LogOnly
from server.care.papers import CareError
from server.db import db, expect_version, reading, writing
from server.jobs import service as jobs
from wire.messages import RiskClass

LONGEST = timedelta(days=60)
_KIND = "log_only"


def begin(
    risk: RiskClass, until: datetime, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    """Said again, it replaces what was said before; sixty days count from now."""
    if not now < until <= now + LONGEST:
        raise CareError("It ends within sixty days: look then at what was logged, and decide again.")
    with writing() as session:
        row = session.get(LogOnly, risk.value)
        before = None if row is None else {"until": row.until}
        if row is None:
            session.add(LogOnly(risk=risk.value, until=until, reason=reason, decided_by=actor))
        else:
            expect_version(row, version)
            row.until, row.reason, row.decided_by = until, reason, actor
        audit.record(actor, "begin", _KIND, risk.value, before, {"until": until}, reason, now)
        _announce(now)


def end(risk: RiskClass, reason: str, *, actor: str, now: datetime) -> None:
    """From now on refusals deny again."""
    with writing() as session:
        row = session.get(LogOnly, risk.value)
        if row is None or row.until <= now:
            raise CareError("Refusals deny here already.")
        before = {"until": row.until}
        row.until = now
        audit.record(actor, "end", _KIND, risk.value, before, {"until": now}, reason, now)
        _announce(now)


def in_force(now: datetime) -> dict[RiskClass, LogOnly]:
    """By risk class, in the order of the classes."""
    with reading():
        rows = {RiskClass(row.risk): row for row in db.session.query(LogOnly).where(LogOnly.until > now)}
    return {risk: rows[risk] for risk in RiskClass if risk in rows}


def _announce(now: datetime) -> None:
    jobs.announce("access", "log_only", now)
    jobs.announce("machine", "log_only", now)
