"""What the lists need to know of bookings and outages: those that stand, and for how long. Inside ``reading()``."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from server.bookings.models import Booking
from server.db import db
from server.domain.facts import BookingFact
from server.machines.models import Machine

STANDS: ColumnElement[bool] = and_(Booking.cancelled_at.is_(None), Booking.released_at.is_(None))


def bookings(now: datetime, until: datetime) -> tuple[BookingFact, ...]:
    """Those of machines in the lab that have not ended at ``now`` and begin before ``until``."""
    wanted = (
        select(Machine.code, Booking.holder_number, Booking.begins, Booking.ends)
        .join(Machine, Machine.id == Booking.machine_id)
        .where(STANDS, Booking.ends > now, Booking.begins < until, Machine.ended_at.is_(None))
        .order_by(Machine.code, Booking.begins, Booking.id)
    )
    return tuple(BookingFact(*row) for row in db.session.execute(wanted))
