"""Refused taps become counts: per day, machine and reason. Whose badge it was goes, in the table and in the evidence."""

from collections import Counter
from datetime import date, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, func, select

from server.db import db, reading, writing
from server.domain.period import day_of
from server.domain.retention import Kept
from server.privacy.models import RefusalCount
from server.privacy.night import AT_ONCE, Night, Waiting
from server.usage.models import Denial, EventPayload

_UNSAID = "unsaid"  # an old agent told no reason


class _Cell(NamedTuple):
    day: date
    machine_id: int
    reason: str


def waiting(night: Night) -> Waiting:
    with reading() as session:
        over = _over(night, func.count(), func.min(Denial.at))
        return Waiting(*session.execute(over).one())


def step(night: Night) -> int:
    with reading() as session:
        found = list(session.scalars(_over(night, Denial.event_id).order_by(Denial.at).limit(AT_ONCE)))
    if not found:
        return 0
    with writing():
        wanted = _over(night, Denial.event_id, Denial.machine_id, Denial.at, Denial.reasons)
        return turn_into_counts(db.session.execute(wanted.where(Denial.event_id.in_(found))).all(), night.place.zone)


def turn_into_counts(rows: Any, zone: tzinfo) -> int:
    """Count these refusals and let them go, inside ``writing()``. Rows of (event, machine, at, reasons)."""
    if not rows:
        return 0
    _count(
        Counter(
            _Cell(day_of(at, zone), machine, reason)
            for _, machine, at, reasons in rows
            for reason in set(reasons) or {_UNSAID}
        )
    )
    events = [row[0] for row in rows]
    db.session.execute(delete(EventPayload).where(EventPayload.event_id.in_(events)))
    db.session.execute(delete(Denial).where(Denial.event_id.in_(events)))
    return len(rows)


def _over(night: Night, *columns: Any) -> Select[*tuple[Any, ...]]:
    free = night.held().free(Denial.holder_number, Denial.machine_id, Denial.at)
    return select(*columns).where(Denial.at < night.over_before(Kept.REFUSALS), free)


def _count(found: Counter[_Cell]) -> None:
    for cell, times in found.items():
        row = db.session.get(RefusalCount, cell)
        if row is None:
            db.session.add(RefusalCount(day=cell.day, machine_id=cell.machine_id, reason=cell.reason, count=times))
        else:
            row.count += times
