"""What the lists and the board need to know of bookings and outages that stand. Inside ``reading()``."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from server.bookings.models import Booking
from server.db import db
from server.domain.bookings import Ahead
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


def ahead(now: datetime, until: datetime) -> dict[int, Ahead]:
    """By a machine's id: the first that has not ended at ``now`` and begins before ``until``; of two an outage."""
    wanted = select(Booking.machine_id, Booking.begins, Booking.ends, Booking.holder_number, Booking.note)
    wanted = wanted.where(STANDS, Booking.ends > now, Booking.begins < until).order_by(Booking.begins, Booking.id)
    found: dict[int, Ahead] = {}
    for machine_id, begins, ends, holder, note in db.session.execute(wanted):
        one = Ahead(begins, ends, holder is None, note if holder is None else "")
        if machine_id not in found or (one.is_outage and begins <= now):
            found[machine_id] = one
    return found
