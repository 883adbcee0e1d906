"""Notes what was used: material with its quantity and how it was measured, and the time an operator gave.

A note belongs to a session, whose payer and day count, or to a payer and a day. It is corrected by another row, with a
reason; how long that may be done is seen to by ``server.billing.item_corrections``, which pages call. Every function runs
inside ``writing()`` and audits.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from server.audit import service as audit
from server.db import Stale, db, writing
from server.domain.items import Measured, Unit
from server.domain.period import day_of
from server.domain.supplies import LONGEST_MIN, WAYS, SupplyError, refuse_odd_quantity
from server.jobs.service import announce
from server.people.models import Payer
from server.people.rows import payer_by_code
from server.supplies.models import Noted
from server.supplies.rows import checked_reason, material_by_id, milli, newest_of, root_of, whole
from server.usage.models import UsageSession

_BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Place:
    """For what something was used: a session, or a payer (by code) on a day."""

    session: str | None = None
    payer: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Time somebody gave: so many minutes, or from one moment to another, from which they follow."""

    minutes: int = 0
    begins: datetime | None = field(default=None)
    ends: datetime | None = field(default=None)


def note_material(
    material: int, quantity: Decimal, measured: str, place: Place, *, zone: tzinfo, actor: str, now: datetime
) -> int:
    """Material that was used; ``measured`` empty: in the usual way of its unit. Returns the number of the note."""
    with writing():
        row = material_by_id(material)
        if row.ended_at is not None:
            raise SupplyError("This material is offered no longer.")
        measured = measured or WAYS[Unit(row.unit)][0]
        refuse_odd_quantity(quantity, Unit(row.unit), Measured(measured))
        told = {"material_id": row.id, "quantity_milli": milli(quantity), "measured": measured}
        return _note(place, told, {"name": row.names["fr"], "unit": row.unit}, zone, actor, now)


def note_operator(span: Span, place: Place, *, zone: tzinfo, actor: str, now: datetime) -> int:
    """Working time that is billed. Returns the number of the note."""
    with writing():
        minutes = _minutes(span, now)
        told = {"quantity_milli": minutes * 1000, "begins_at": span.begins, "ends_at": span.ends}
        return _note(place, told, {"minutes": minutes}, zone, actor, now)


def correct_noted(
    number: int,
    quantity: Decimal,
    reason: str,
    measured: str | None = None,
    version: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> int:
    """Say what is right instead; 0 takes it back. ``version``: the newest row when it was read. Returns the new one's."""
    with writing() as session:
        root = root_of(number)
        last = newest_of(root)
        if version is not None and version != last.id:
            raise Stale
        measured = measured or last.measured
        _refuse_odd(root, quantity, measured)
        row = Noted(
            root_id=root.id,
            material_id=root.material_id,
            session_id=root.session_id,
            payer_id=root.payer_id,
            day=root.day,
            quantity_milli=milli(quantity),
            measured=measured,
            reason=checked_reason(reason),
            noted_by=actor,
            noted_at=now,
        )
        session.add(row)
        session.flush()
        before = {"quantity": str(whole(last.quantity_milli)), "measured": last.measured}
        after = {"quantity": str(quantity), "measured": measured}
        audit.record(actor, "correct", "noted", root.id, before, after, row.reason, now)
        _announce(root, now)
        return row.id


def is_own_of_today(session_id: str, holder: int, zone: tzinfo, now: datetime) -> bool:
    """Whether this holder may note on it: the own session, while it goes on and on the day it ended."""
    row = db.session.get(UsageSession, session_id)
    if row is None or row.holder_number != holder:
        return False
    return row.ended_at is None or day_of(row.ended_at, zone) == day_of(now, zone)


def _note(place: Place, told: dict[str, Any], said: dict[str, Any], zone: tzinfo, actor: str, now: datetime) -> int:
    where = _where(place, zone, now)
    row = Noted(**told, **where, noted_by=actor, noted_at=now)
    db.session.add(row)
    db.session.flush()
    after = {**said, "quantity": str(whole(row.quantity_milli)), "measured": row.measured, "payer": place.payer}
    audit.record(actor, "note", "noted", row.id, None, {**after, "session": place.session, "day": row.day}, "", now)
    _announce(row, now)
    return row.id


def _where(place: Place, zone: tzinfo, now: datetime) -> dict[str, Any]:
    today = day_of(now, zone)
    if place.session is not None:
        row = db.session.get(UsageSession, place.session, with_for_update=True, populate_existing=True)
        if row is None:
            raise SupplyError("There is no such session.")
        return {"session_id": row.id, "day": day_of(row.ended_at or now, zone)}
    if place.payer is None or place.day is None:
        raise SupplyError("Say who pays, and for which day.")
    if place.day > today:
        raise SupplyError("That day is still to come.")
    if place.day < today - _BACK:
        raise SupplyError("That lies more than a year back: check the date.")
    payer = payer_by_code(place.payer)
    _refuse_closed(payer, place.day, zone)
    return {"payer_id": payer.id, "day": place.day}


def _refuse_closed(payer: Payer, day: date, zone: tzinfo) -> None:
    begins, ends = day_of(payer.valid_from, zone), payer.valid_until and day_of(payer.valid_until, zone)
    if day < begins or (ends is not None and day > ends):
        raise SupplyError("This cost centre is not open on that day.")


def _minutes(span: Span, now: datetime) -> int:
    minutes = span.minutes
    if span.begins is not None and span.ends is not None:
        if span.ends > now:
            raise SupplyError("It cannot end in the future.")
        minutes = int((span.ends - span.begins).total_seconds()) // 60
    if minutes <= 0:
        raise SupplyError("Say for how long, a minute at least.")
    if minutes > LONGEST_MIN:
        raise SupplyError("More than a day in one note: check the times.")
    return minutes


def _refuse_odd(root: Noted, quantity: Decimal, measured: str | None) -> None:
    """0 takes a note back; everything else must be sensible."""
    if quantity == 0:
        return
    if root.material_id is None:
        if not 0 < quantity <= LONGEST_MIN or quantity != int(quantity):
            raise SupplyError("Whole minutes, a day at most.")
        return
    material = material_by_id(root.material_id)
    refuse_odd_quantity(quantity, Unit(material.unit), Measured(measured or Measured.STATED))


def _announce(row: Noted, now: datetime) -> None:
    announce("month", "items", now)
    if row.session_id is not None:
        announce("session", row.session_id, now)
