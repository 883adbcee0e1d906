"""Of people who have left: their instruction records after some years, their name and login as soon as no record needs them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, true, union

from server.accounts.models import Account, RoleAssignment
from server.courses.models import Enrolment
from server.db import db, reading, writing
from server.domain.retention import Kept
from server.domain.roles import Role
from server.instruction.models import Acceptance, SignOffRow
from server.people.models import Holder, Membership, Person
from server.privacy.forgetting import forget
from server.privacy.night import Night, Waiting
from server.training.models import Qualification

# Who was taught what, by whom, and what was accepted: the columns that name the one who learnt.
RECORDS: tuple[Any, ...] = (
    Qualification.holder_number,
    Acceptance.holder_number,
    SignOffRow.learner,
    Enrolment.holder_number,
)


def waiting_records(night: Night) -> Waiting:
    with reading():
        due = _due(night, Kept.TRAINING, _with_records())
        rows = sum(_records_of(number) for number in due)
    return Waiting(rows, min(due.values(), default=None) if rows else None)


def step_records(night: Night) -> int:
    """One person's records in one go."""
    number = _next(night, Kept.TRAINING, _with_records)
    if number is None:
        return 0
    with writing():
        if not _still_due(night, Kept.TRAINING, number):
            return 0
        gone = _records_of(number)
        for column in RECORDS:
            db.session.execute(delete(column.class_).where(column == number))
        return gone


def waiting_people(night: Night) -> Waiting:
    with reading():
        due = _due(night, Kept.PEOPLE, _named_without_records())
    return Waiting(len(due), min(due.values(), default=None))


def step_people(night: Night) -> int:
    number = _next(night, Kept.PEOPLE, _named_without_records)
    if number is None:
        return 0
    with writing():
        if not _still_due(night, Kept.PEOPLE, number):
            return 0
        forget(number, night.now)
    return 1


def records_of(number: int) -> int:
    with reading():
        return _records_of(number)


def _next(night: Night, kept: Kept, candidates: Callable[[], set[int]]) -> int | None:
    """Whoever is next."""
    with reading():
        return min(_due(night, kept, candidates()), default=None)


def _due(night: Night, kept: Kept, numbers: set[int]) -> dict[int, datetime]:
    """Of these the ones who left before the time of the class, and when; nobody who is held."""
    before, held = night.over_before(kept), night.held().holders
    left = left_at(night.now)
    return {
        number: left[number] for number in numbers if number in left and left[number] < before and number not in held
    }


def _still_due(night: Night, kept: Kept, number: int) -> bool:
    """Asked again inside the write: somebody may be held, or be back, since."""
    left = left_at(night.now, number).get(number)
    return left is not None and left < night.over_before(kept) and number not in night.held().holders


def left_at(now: datetime, only: int | None = None) -> dict[int, datetime]:
    """Who has left, and when: said by staff, or the last membership ran out and no role is left, for whoever works in the lab
    is there. ``only``: one person. Inside ``reading()`` or ``writing()``."""
    said = select(Holder.number, Holder.ended_at).where(Holder.ended_at.is_not(None), _is(Holder.number, only))
    left = {number: at for number, at in db.session.execute(said) if at is not None}
    end = func.coalesce(Membership.ended_at, Membership.valid_until)
    of_ties = _last(Membership.holder_number, end).where(_is(Membership.holder_number, only))
    roles = _roles(only)
    for number, *ties in db.session.execute(of_ties):
        ends = [_end(*ties), _end(*roles[number])] if number in roles else [_end(*ties)]
        known = [one for one in ends if one is not None]
        if number not in left and len(known) == len(ends) and max(known) <= now:
            left[number] = max(known)
    return left


def _roles(only: int | None) -> dict[int, tuple[datetime | None, int, int]]:
    """By holder: what their login may do beside seeing what is theirs, while it is open."""
    wanted = _last(Account.holder_number, RoleAssignment.valid_until)
    wanted = wanted.select_from(RoleAssignment).join(Account, Account.id == RoleAssignment.account_id)
    wanted = wanted.where(Account.ended_at.is_(None), RoleAssignment.role != Role.HOLDER.value)
    wanted = wanted.where(Account.holder_number.is_not(None), _is(Account.holder_number, only))
    return {number: (last, rows, over) for number, last, rows, over in db.session.execute(wanted)}


def _last(holder: Any, end: Any) -> Select[*tuple[Any, ...]]:
    """Of each holder the last end, how many there are, and how many of them have an end."""
    return select(holder, func.max(end), func.count(), func.count(end)).group_by(holder)


def _end(last: datetime | None, rows: int, over: int) -> datetime | None:
    return last if rows == over else None


def _is(column: Any, only: int | None) -> ColumnElement[bool]:
    return true() if only is None else column == only


def _with_records() -> set[int]:
    return set(db.session.scalars(union(*(select(column) for column in RECORDS))))


def _named_without_records() -> set[int]:
    return set(db.session.scalars(select(Person.holder_number))) - _with_records()


def _records_of(number: int) -> int:
    counted = (select(func.count()).where(column == number) for column in RECORDS)
    return sum(db.session.scalar(wanted) or 0 for wanted in counted)
