"""What became of bookings: kept, missed, or excused because nobody could have come. ``work`` calls ``settle`` every minute
or so; run twice it says the same.

Sessions are kept above us, so they are brought along. A box that was cut off may tell of one days later: what was called
missed is looked at again for as long as agents keep what they have told.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Select, or_, select

from server.audit import service as audit
from server.bookings import letters
from server.bookings.facts import STANDS
from server.bookings.models import Booking
from server.bookings.service import announce
from server.db import db, reading, writing
from server.domain.bookings import Outcome, Span, Use, outcome, waits_until
from server.machines.models import Machine
from server.people.models import Holder
from server.settings import Settings
from wire.messages import Service

LOOK_BACK = timedelta(days=45)
Uses = Callable[[Collection[int], datetime], Iterable[Use]]  # of some holders: what had not ended at a moment


def settle(uses: Uses, shut: Collection[int], lab: Settings, now: datetime) -> int:
    """Judge every booking that has begun, let those go whose holder did not come, and cancel those to come of people and
    machines that have left the lab. Returns how many changed. ``shut``: ids of machines that nobody may start just now."""
    found = _verdicts(uses, shut, timedelta(minutes=lab.bookings.released_after_min), now)
    gone = _of_the_gone(now)
    if not found and not gone:
        return 0
    with writing() as session:
        for row in session.scalars(select(Booking).where(Booking.id.in_(found)).with_for_update()):
            if found[row.id].version == row.version:  # else it was moved or cancelled this very moment
                _note(row, found[row.id].outcome, now)
        for row in session.scalars(select(Booking).where(Booking.id.in_(gone), STANDS).with_for_update()):
            _let_go(row, lab, now)
    return len(found) + len(gone)


class _Verdict(NamedTuple):
    outcome: Outcome
    version: int


def _verdicts(uses: Uses, shut: Collection[int], patience: timedelta, now: datetime) -> dict[int, _Verdict]:
    """By a booking's id: what is new about it. What was judged before can only turn out to be kept."""
    with reading() as session:
        rows = session.execute(_begun(now)).all()
        if not rows:
            return {}
        outages = _outages(min(row.Booking.begins for row in rows))
        came: dict[tuple[int, int | None], list[Use]] = defaultdict(list)
        for use in uses({row.Booking.holder_number for row in rows}, min(row.Booking.begins for row in rows)):
            came[use.machine_id, use.holder].append(use)
    found: dict[int, _Verdict] = {}
    for booking, service, ended_at in rows:
        span = Span(booking.begins, booking.ends)
        waited = waits_until(span, booking.made_at, patience)
        out = service != Service.IN or ended_at is not None or booking.machine_id in shut
        out = out or _meets(outages, booking, Span(span.begins, waited))
        verdict = outcome(span, waited, came[booking.machine_id, booking.holder_number], out, now)
        if verdict is Outcome.KEPT or (verdict is not None and booking.outcome is None):
            found[booking.id] = _Verdict(verdict, booking.version)
    return found


def _begun(now: datetime) -> Select[Booking, str, datetime | None]:
    return (
        select(Booking, Machine.service, Machine.ended_at)
        .join(Machine, Machine.id == Booking.machine_id)
        .where(
            Booking.holder_number.is_not(None),
            Booking.cancelled_at.is_(None),
            or_(Booking.outcome.is_(None), Booking.outcome != Outcome.KEPT.value),
            Booking.begins <= now,
            Booking.ends > now - LOOK_BACK,
        )
    )


def _outages(since: datetime) -> Mapping[int, list[Span]]:
    spans: dict[int, list[Span]] = defaultdict(list)
    wanted = select(Booking.machine_id, Booking.begins, Booking.ends)
    for machine_id, begins, ends in db.session.execute(
        wanted.where(STANDS, Booking.holder_number.is_(None), Booking.ends > since)
    ):
        spans[machine_id].append(Span(begins, ends))
    return spans


def _meets(outages: Mapping[int, list[Span]], booking: Booking, waited: Span) -> bool:
    return any(span.meets(waited) for span in outages.get(booking.machine_id, ()))


def _note(row: Booking, verdict: Outcome, now: datetime) -> None:
    row.outcome = verdict.value
    if verdict is Outcome.MISSED and row.released_at is None and row.ends > now:
        row.released_at = now
        announce(row.machine.code, now)


def _of_the_gone(now: datetime) -> list[int]:
    """What is to come of people who have left the lab, and at machines that have."""
    wanted = select(Booking.id).join(Machine, Machine.id == Booking.machine_id)
    wanted = wanted.outerjoin(Holder, Holder.number == Booking.holder_number)
    left = or_(Holder.ended_at.is_not(None), Machine.ended_at.is_not(None))
    with reading() as session:
        return list(session.scalars(wanted.where(STANDS, Booking.ends > now, left)))


def _let_go(row: Booking, lab: Settings, now: datetime) -> None:
    row.cancelled_at, row.cancelled_by = now, "work"
    audit.record("work", "cancel", "booking", row.ref, {"cancelled_at": None}, {"cancelled_at": now}, "", now)
    announce(row.machine.code, now)
    if row.machine.ended_at is not None and row.holder_number is not None:
        letters.cancelled(row, "", lab, now)
