"""Days and hours on which machines are not started, whatever their opening hours say: holidays, cleaning, an event.

What is over is history and stays as it was; what goes on can only end sooner or later; what is to come can be changed and
removed. Like ``service``: inside ``writing()``, audited, announced.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from server.audit import service as audit
from server.db import expect_version, writing
from server.domain.holidays import holidays_of
from server.jobs import service as jobs
from server.machines.models import Closure
from server.machines.service import MachineError

LONGEST = timedelta(days=366)
_KIND = "closure"
_TODAY = timedelta(hours=25)  # a whole day may be closed while it goes on; the longest one has as many hours


@dataclass(frozen=True, slots=True)
class Closed:
    """``category`` None: all machines."""

    name: str
    begins: datetime
    ends: datetime
    category: str | None = None


def close_lab(closed: Closed, *, actor: str, now: datetime) -> Closure:
    _refuse_odd(closed, now)
    with writing() as session:
        row = Closure(category=closed.category, name=closed.name, begins=closed.begins, ends=closed.ends)
        session.add(row)
        session.flush()
        audit.record(actor, "add", _KIND, str(row.id), None, _picture(row), "", now)
        jobs.announce("access", "closure", now)
    return row


def close_on_holidays(year: int, zone: ZoneInfo, *, actor: str, now: datetime) -> int:
    """Close the lab on every public holiday of that year that is still to come and not closed anyway. How many."""
    with writing() as session:
        begin = _day(date(year, 1, 1), zone)
        of_all = select(Closure.begins, Closure.ends).where(Closure.category.is_(None), Closure.ends > begin)
        known = session.execute(of_all).all()
        days = [(_day(day, zone), _day(day + timedelta(days=1), zone), holiday) for day, holiday in holidays_of(year)]
        rows = [
            Closure(category=None, holiday=holiday, begins=begins, ends=ends)
            for begins, ends, holiday in days
            if begins > now and not any(first <= begins and ends <= last for first, last in known)
        ]
        session.add_all(rows)
        if rows:
            audit.record(actor, "add_holidays", _KIND, str(year), None, {"year": year, "days": len(rows)}, "", now)
            jobs.announce("access", "closure", now)
    return len(rows)


def change_closure(number: int, closed: Closed, version: int | None = None, *, actor: str, now: datetime) -> None:
    """A holiday that is given no name of its own stays one."""
    with writing() as session:
        row = closure_by_id(number)
        expect_version(row, version)
        if row.ends <= now:
            raise MachineError("This closure is over: it stays as it was.")
        begun = row.begins <= now
        if begun and (closed.begins != row.begins or closed.category != row.category):
            raise MachineError("This closure has begun: only its name and its end can still be changed.")
        _refuse_odd(closed, now, begun=begun)
        before = _picture(row)
        row.name, row.begins, row.ends, row.category = closed.name, closed.begins, closed.ends, closed.category
        row.holiday = row.holiday if not closed.name else ""
        session.flush()
        audit.record(actor, "change", _KIND, str(number), before, _picture(row), "", now)
        jobs.announce("access", "closure", now)


def remove_closure(number: int, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Only of one that is still to come."""
    with writing() as session:
        row = closure_by_id(number)
        expect_version(row, version)
        if row.begins <= now:
            raise MachineError("This closure has begun: let it end instead.")
        audit.record(actor, "remove", _KIND, str(number), _picture(row), None, "", now)
        session.delete(row)
        jobs.announce("access", "closure", now)


def closure_by_id(number: int) -> Closure:
    with writing() as session:
        row = session.get(Closure, number)
    if row is None:
        raise MachineError("This closure is not there any more.")
    return row


def _refuse_odd(closed: Closed, now: datetime, *, begun: bool = False) -> None:
    if closed.ends <= closed.begins:
        raise MachineError("It ends before it begins.")
    if closed.ends - closed.begins > LONGEST:
        raise MachineError("A closure ends within a year.")
    if closed.ends <= now or (closed.begins < now - _TODAY and not begun):
        raise MachineError("It lies in the past: a closure keeps people away from now on.")


def _day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _picture(row: Closure) -> dict[str, Any]:
    named = {"name": row.name} if row.name else {"holiday": row.holiday}
    return {**named, "category": row.category, "begins": row.begins, "ends": row.ends}
