"""What waits today of what is taught: sign-offs without their checklist, courses of the day, attendance nobody has ticked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from server.db import db
from server.domain.period import day_of, day_start
from server.domain.signing import State, state_at
from server.instruction.models import SignOffRow
from server.pages.courses.reads import DateRow, dates_open
from server.web.here import zone

_LAPSED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Teaching:
    """``pending``: moments until which sign-offs wait; ``lapsed``: how many did lately. ``today`` begins yet or is on;
    ``to_tick``: dates that began before today, and nobody has said who was there."""

    pending: tuple[datetime, ...]
    lapsed: int
    today: tuple[DateRow, ...]
    to_tick: tuple[DateRow, ...]


def teaching(now: datetime) -> Teaching:
    """Inside ``reading()``."""
    waits = select(SignOffRow.state, SignOffRow.due_at).where(SignOffRow.state == State.PENDING)
    due = [(state_at(state, due_at, now), due_at) for state, due_at in db.session.execute(waits)]
    pending = tuple(sorted(at for state, at in due if state is State.PENDING and at is not None))
    lapsed = sum(1 for state, at in due if state is State.LAPSED and at is not None and at > now - _LAPSED_FOR)
    morning = day_start(day_of(now, zone()), zone())
    dates = dates_open()
    today = tuple(one for one in dates if morning <= one.begins_at < morning + timedelta(days=1))
    return Teaching(pending, lapsed, today, tuple(one for one in dates if one.begins_at < morning))
