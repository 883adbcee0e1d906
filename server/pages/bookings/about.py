"""What a request about a booking is about, for the gate: its machine and its holder; 404 for what is not there."""

from flask import abort
from sqlalchemy import select

from server.bookings.models import Booking
from server.db import db, reading
from server.domain.roles import About
from server.machines.models import Machine

NOBODY = 0  # the holder of an outage: no maker is that


def booking_of(ref: str) -> About:
    wanted = select(Machine.code, Machine.room, Booking.holder_number)
    wanted = wanted.join(Machine, Machine.id == Booking.machine_id).where(Booking.ref == ref)
    with reading():
        found = db.session.execute(wanted).one_or_none()
    if found is None:
        abort(404)
    return About(machine=found.code, room=found.room, holder=found.holder_number or NOBODY)
