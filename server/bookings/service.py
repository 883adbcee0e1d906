"""Keeps machines: bookings, changes, cancellations. Outages stand in ``outages``, what became of bookings in ``outcomes``.

Every function runs inside ``writing()``, audits, and announces ``access``. Refusals raise BookingError with a sentence.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from server.audit import service as audit
from server.bookings import letters
from server.bookings.facts import STANDS
from server.bookings.models import Booking
from server.db import db, expect_version, writing
from server.domain.bookings import (
    BookingError,
    Limits,
    Span,
    quarter_of,
    refuse_closed,
    refuse_odd_span,
    refuse_over_limits,
)
from server.domain.facts import ClosureFact, HoursFact
from server.jobs import service as jobs
from server.machines.models import Machine, OpeningHours
from server.people.models import Holder, Membership, Payer
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """What binds whoever books. ``limits`` None: staff. ``closures`` come from care, which stands beside us."""

    zone: ZoneInfo
    limits: Limits | None = None
    closures: tuple[ClosureFact, ...] = ()


def book(
    machine: str, holder: int, span: Span, rules: Rules, payer: str = "", note: str = "", *, actor: str, now: datetime
) -> str:
    """Keep a machine for somebody. Returns the booking's ref. Two who ask at once: one of them is told."""
    refuse_odd_span(span, now)
    with writing() as session:
        _may_come(holder, span.begins)
        place = locked(machine)
        _refuse(place, holder, span, rules, None, now)
        row = Booking(
            ref=str(uuid.uuid4()),
            machine_id=place.id,
            holder_number=holder,
            payer_id=session.scalar(select(Payer.id).where(Payer.code == payer)) if payer else None,
            **span._asdict(),
            note=note,
            made_by=actor,
            made_at=now,
        )
        session.add(row)
        audit.record(actor, "add", "booking", row.ref, None, {"machine": machine, **span._asdict()}, "", now)
        announce(machine, now)
    return row.ref


def change(
    ref: str,
    span: Span,
    rules: Rules,
    note: str = "",
    version: int | None = None,
    *,
    lab: Settings | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Move a booking, or make it longer or shorter. ``lab``: the holder is told by mail, because staff changed it."""
    with writing():
        row = open_booking(ref, now)
        expect_version(row, version)
        before = Span(row.begins, row.ends)
        if row.begins > now:
            refuse_odd_span(span, now)
        elif span.begins != row.begins:
            raise BookingError("It has begun already: only its end can be changed.")
        else:
            refuse_odd_span(Span(quarter_of(now), span.ends), now)
        place = locked(row.machine.code)
        _refuse(place, row.holder_number, span, rules, row.id, now)
        row.begins, row.ends, row.note = span.begins, span.ends, note
        audit.record(actor, "change", "booking", ref, before._asdict(), span._asdict(), "", now)
        announce(place.code, now)
        if lab is not None and span != before:
            letters.changed(row, before, lab, now)


def cancel(
    ref: str,
    reason: str = "",
    version: int | None = None,
    *,
    lab: Settings | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Give a machine back before the end, or before the beginning. ``lab``: the holder is told, because staff did it."""
    with writing():
        row = open_booking(ref, now)
        expect_version(row, version)
        row.cancelled_at, row.cancelled_by, row.cancelled_reason = now, actor, reason
        after = {"cancelled_at": now}
        audit.record(actor, "cancel", "booking", ref, {"cancelled_at": None}, after, reason, now)
        announce(row.machine.code, now)
        if lab is not None and row.holder_number is not None:
            letters.cancelled(row, reason, lab, now)


def carry_over(old: str, new: str, *, actor: str, now: datetime) -> None:
    """What is booked at a machine goes on at the one that stands in its place; its outages do not."""
    with writing() as session:
        place = locked(new)
        wanted = select(Booking).join(Machine, Machine.id == Booking.machine_id)
        wanted = wanted.where(STANDS, Machine.code == old, Booking.ends > now, Booking.holder_number.is_not(None))
        for row in session.scalars(wanted):
            row.machine = place
            audit.record(actor, "change", "booking", row.ref, {"machine": old}, {"machine": new}, "", now)
        announce(new, now)


def locked(machine: str) -> Machine:
    """The machine of this code; nobody else books it before the transaction is over."""
    wanted = select(Machine).where(Machine.code == machine, Machine.ended_at.is_(None))
    row: Machine | None = db.session.scalar(wanted.with_for_update(key_share=True))
    if row is None:
        raise BookingError("There is no machine %(code)s.", code=machine)
    return row


def open_booking(ref: str, now: datetime) -> Booking:
    """A booking or outage of which something is still to come, locked: its machine first, as everywhere."""
    place = select(Machine.id).join(Booking, Booking.machine_id == Machine.id).where(Booking.ref == ref)
    db.session.execute(place.with_for_update(of=Machine, key_share=True)).all()
    row: Booking | None = db.session.scalar(select(Booking).where(Booking.ref == ref).with_for_update())
    if row is None:
        raise BookingError("There is no such booking.")
    if row.cancelled_at is not None or row.released_at is not None or row.ends <= now:
        raise BookingError("This booking is over or cancelled already.")
    return row


def meeting(machine_id: int, span: Span, but: int | None = None) -> list[Booking]:
    """What stands on a machine at some moment of a span, the first first."""
    wanted = select(Booking).where(
        STANDS, Booking.machine_id == machine_id, Booking.begins < span.ends, Booking.ends > span.begins
    )
    if but is not None:
        wanted = wanted.where(Booking.id != but)
    return list(db.session.scalars(wanted.order_by(Booking.begins, Booking.id)))


def announce(machine: str, now: datetime) -> None:
    jobs.announce("access", f"machine:{machine}", now)
    jobs.announce("machine", machine, now)


def _refuse(place: Machine, holder: int | None, span: Span, rules: Rules, but: int | None, now: datetime) -> None:
    """Everything that stands against a span on this machine, the overlap last: it is the one that may change by itself."""
    if holder is not None:
        if rules.limits is not None:
            refuse_over_limits(span, 0 if but else _open(holder, now), rules.limits, now)
        refuse_closed(span, place.category, _hours(place.category), rules.closures, rules.zone)
    taken = [one for one in meeting(place.id, span, but) if holder is not None or one.holder_number is None]
    if taken:
        blanks: dict[str, Any] = {"machine": place.name, "begins": taken[0].begins, "ends": taken[0].ends}
        if taken[0].holder_number is None:
            raise BookingError("%(machine)s has an outage from %(begins)s to %(ends)s.", **blanks)
        raise BookingError("%(machine)s is booked from %(begins)s to %(ends)s.", **blanks)


def _may_come(number: int, at: datetime) -> None:
    """Whether this holder can be expected then: not blocked, not gone, and somebody pays. Locks the holder, so that two
    bookings at once do not pass the limit."""
    wanted = select(Holder).where(Holder.number == number).with_for_update(key_share=True)
    holder = db.session.scalar(wanted)
    if holder is None or holder.ended_at is not None:
        raise BookingError("There is nobody of this number in the lab.")
    if holder.blocked_at is not None:
        raise BookingError("This person is blocked.")
    tied = select(Membership.id).where(
        Membership.holder_number == number,
        Membership.valid_from <= at,
        or_(Membership.valid_until.is_(None), Membership.valid_until > at),
        or_(Membership.ended_at.is_(None), Membership.ended_at > at),
    )
    if db.session.scalar(tied.limit(1)) is None:
        raise BookingError("Nobody pays for this person then: no membership holds at that time.")


def _open(holder: int, now: datetime) -> int:
    wanted = select(func.count()).select_from(Booking)
    return db.session.scalar(wanted.where(STANDS, Booking.holder_number == holder, Booking.ends > now)) or 0


def _hours(category: str) -> Iterable[HoursFact]:
    wanted = select(OpeningHours.category, OpeningHours.weekday, OpeningHours.opens, OpeningHours.closes)
    return [HoursFact(*row) for row in db.session.execute(wanted.where(OpeningHours.category == category))]
