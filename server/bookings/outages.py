"""Outages: staff say from when until when nobody can use a machine, and why. Bookings that one meets stay, and their
holders are told; they count as excused where it falls into the time in which their holder was waited for.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from server.audit import service as audit
from server.bookings import letters
from server.bookings.models import Booking
from server.bookings.service import announce, locked, meeting, open_booking
from server.db import expect_version, writing
from server.domain.bookings import BookingError, Span, quarter_of, refuse_odd_span
from server.settings import Settings


def declare(
    machine: str,
    span: Span,
    why: str,
    seen: Collection[str],
    *,
    lab: Settings,
    actor: str,
    now: datetime,
) -> str:
    """Returns the outage's ref. ``seen``: the refs of the bookings it meets, as they were shown to whoever declares it."""
    refuse_odd_span(span, now)
    with writing() as session:
        place = locked(machine)
        hit = _hit(place.id, span, seen, None)
        row = Booking(
            ref=str(uuid.uuid4()), machine_id=place.id, **span._asdict(), note=_said(why), made_by=actor, made_at=now
        )
        row.machine = place
        session.add(row)
        audit.record(actor, "outage", "booking", row.ref, None, {"machine": machine, **span._asdict()}, why, now)
        announce(machine, now)
        letters.outage(row, hit, lab, now)
    return row.ref


def change(
    ref: str,
    span: Span,
    why: str,
    seen: Collection[str],
    version: int | None = None,
    *,
    lab: Settings,
    actor: str,
    now: datetime,
) -> None:
    """Move it, make it longer or shorter, or say better why. Who was told before is told again only of what is new."""
    with writing():
        row = open_booking(ref, now)
        expect_version(row, version)
        before = Span(row.begins, row.ends)
        first = quarter_of(now) if row.begins <= now and span.begins == row.begins else span.begins
        refuse_odd_span(Span(first, span.ends), now)
        place = locked(row.machine.code)
        told = {one.ref for one in meeting(place.id, before)}
        hit = [one for one in _hit(place.id, span, seen, row.id) if one.ref not in told]
        row.begins, row.ends, row.note = span.begins, span.ends, _said(why)
        audit.record(actor, "change", "booking", ref, before._asdict(), span._asdict(), why, now)
        announce(place.code, now)
        letters.outage(row, hit, lab, now)


def _hit(machine_id: int, span: Span, seen: Collection[str], but: int | None) -> Sequence[Booking]:
    """The bookings it meets. Two outages at once would say two reasons, so that is refused."""
    meets = meeting(machine_id, span, but)
    other = next((one for one in meets if one.holder_number is None), None)
    if other is not None:
        blanks = {"begins": other.begins, "ends": other.ends}
        raise BookingError(
            "%(machine)s has an outage from %(begins)s to %(ends)s.", machine=other.machine.name, **blanks
        )
    if any(one.ref not in seen for one in meets):
        raise BookingError("Somebody has booked this machine in the meantime: look whom it meets, then decide.")
    return meets


def _said(why: str) -> str:
    if not why.strip():
        raise BookingError("Say why: it stands in the calendar.")
    return why.strip()
