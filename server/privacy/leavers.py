"""Of people who have left: their instruction records after some years, their name and login as soon as no record needs them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, union

from server.courses.models import Enrolment
from server.db import db, reading, writing
from server.domain.retention import Kept
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
        forget(number, night.now)
    return 1


def records_of(number: int) -> int:
    with reading():
        return _records_of(number)


def _next(night: Night, kept: Kept, candidates: Callable[[], set[int]]) -> int | None:
    """Whoever is next; somebody who is held since is not."""
    with reading():
        return min(_due(night, kept, candidates()), default=None)


def _due(night: Night, kept: Kept, numbers: set[int]) -> dict[int, datetime]:
    """Of these the ones who left before the time of the class, and when; nobody who is held."""
    before, held = night.over_before(kept), night.held().holders
    left = left_at(night.now)
    return {
        number: left[number] for number in numbers if number in left and left[number] < before and number not in held
    }


def left_at(now: datetime) -> dict[int, datetime]:
    """Who has left, and when: said by staff, or the last membership ran out. Inside ``reading()``."""
    said = select(Holder.number, Holder.ended_at).where(Holder.ended_at.is_not(None))
    left = {number: at for number, at in db.session.execute(said) if at is not None}
    end = func.coalesce(Membership.ended_at, Membership.valid_until)
    every = select(Membership.holder_number, func.max(end), func.count(), func.count(end)).group_by(
        Membership.holder_number
    )
    for number, last, ties, over in db.session.execute(every):
        if number not in left and ties == over and last is not None and last <= now:
            left[number] = last
    return left


def _with_records() -> set[int]:
    return set(db.session.scalars(union(*(select(column) for column in RECORDS))))


def _named_without_records() -> set[int]:
    return set(db.session.scalars(select(Person.holder_number))) - _with_records()


def _records_of(number: int) -> int:
    counted = (select(func.count()).where(column == number) for column in RECORDS)
    return sum(db.session.scalar(wanted) or 0 for wanted in counted)
