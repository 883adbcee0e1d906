"""Who was at which machine, for the judgement of bookings, which stand below the sessions."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select

from server.db import db, reading
from server.domain.bookings import Use
from server.usage.models import UsageSession


def uses_of(holders: Collection[int], since: datetime) -> list[Use]:
    """The sessions of some holders that had not ended at a moment."""
    wanted = select(
        UsageSession.machine_id, UsageSession.holder_number, UsageSession.started_at, UsageSession.ended_at
    ).where(
        UsageSession.holder_number.in_(holders), or_(UsageSession.ended_at.is_(None), UsageSession.ended_at > since)
    )
    with reading():
        return [Use(*row) for row in db.session.execute(wanted)]
