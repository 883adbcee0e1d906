"""Reads bookings as far as the reader may know them: who booked is seen by staff and by the one who did."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from server.bookings.facts import STANDS
from server.bookings.models import Booking
from server.db import db, reading
from server.domain.bookings import Span
from server.domain.roles import Verb
from server.machines.models import Machine
from server.pages.people.names import Named, named
from server.people.models import Payer
from server.web.needs import actor, allowed

PAST = 20  # of one's own bookings that are over, the newest


@dataclass(frozen=True, slots=True)
class Kept:
    """A booking or an outage. ``who`` and ``holder`` are empty for those who may not know; ``is_open``: one to whom it
    belongs, or staff, may look at it."""

    ref: str
    machine: str
    machine_name: str
    room: str
    span: Span
    is_outage: bool
    is_mine: bool
    is_open: bool
    note: str
    who: str = ""
    holder: int | None = None
    payer: str = ""
    version: int = 1
    made_by: str = ""
    made_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_reason: str = ""
    released_at: datetime | None = None
    outcome: str | None = None

    def stands(self, now: datetime) -> bool:
        """Whether something of it is still to come."""
        return self.cancelled_at is None and self.released_at is None and self.span.ends > now


def between(span: Span, machine: str | None = None) -> list[Kept]:
    """What stands in a stretch of time, outages after bookings, at one machine or at all."""
    wanted = _wanted().where(STANDS, Booking.begins < span.ends, Booking.ends > span.begins)
    if machine is not None:
        wanted = wanted.where(Machine.code == machine)
    return _kept(wanted.order_by(Booking.holder_number.is_(None), Booking.begins, Booking.id))


def one(ref: str) -> Kept | None:
    return next(iter(_kept(_wanted().where(Booking.ref == ref))), None)


def to_come(now: datetime, machine: str, limit: int | None = None) -> list[Kept]:
    """What stands on a machine and is not over, the first first."""
    wanted = _wanted().where(STANDS, Booking.ends > now, Machine.code == machine)
    return _kept(wanted.order_by(Booking.begins, Booking.id).limit(limit))


def of_holder(holder: int, now: datetime) -> tuple[list[Kept], list[Kept]]:
    """Those to come, the first first; and the last ones that are over or were cancelled."""
    mine = _wanted().where(Booking.holder_number == holder)
    ahead = _kept(mine.where(STANDS, Booking.ends > now).order_by(Booking.begins, Booking.id))
    past = _kept(mine.where(~STANDS | (Booking.ends <= now)).order_by(Booking.begins.desc(), Booking.id).limit(PAST))
    return ahead, past


def _wanted() -> Select[*tuple[Any, ...]]:
    return (
        select(Booking, Machine.code, Machine.name, Machine.room, Payer.label)
        .join(Machine, Machine.id == Booking.machine_id)
        .outerjoin(Payer, Payer.id == Booking.payer_id)
    )


def _kept(wanted: Select[*tuple[Any, ...]]) -> list[Kept]:
    sees_people, own = allowed(Verb.SEE_PEOPLE), actor().holder
    with reading():
        rows = db.session.execute(wanted).all()
        people = named(row[0].holder_number for row in rows if row[0].holder_number) if sees_people else {}
    return [_one(*row, people=people, sees_people=sees_people, own=own) for row in rows]


def _one(
    row: Booking,
    code: str,
    name: str,
    room: str | None,
    payer: str | None,
    *,
    people: dict[int, Named],
    sees_people: bool,
    own: int | None,
) -> Kept:
    is_outage = row.holder_number is None
    is_mine = not is_outage and row.holder_number == own
    plain = Kept(
        row.ref,
        code,
        name,
        room or "",
        Span(row.begins, row.ends),
        is_outage,
        is_mine,
        sees_people or is_mine,
        row.note if is_outage or is_mine or sees_people else "",
    )
    if not plain.is_open:
        return plain
    return replace(
        plain,
        who=people[row.holder_number].name if row.holder_number in people else "",
        holder=row.holder_number,
        payer=payer or "",
        version=row.version,
        made_by=row.made_by,
        made_at=row.made_at,
        cancelled_at=row.cancelled_at,
        cancelled_reason=row.cancelled_reason,
        released_at=row.released_at,
        outcome=row.outcome,
    )


def spans(kept: Iterable[Kept]) -> list[Span]:
    return [one.span for one in kept]
