"""What stands in an instruction record: for each skill somebody has, what was taught, how long, in which language, by whom,
what both have confirmed, until when it counts, and when it is due again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from server.courses.models import Course, CourseDate, Enrolment
from server.db import db
from server.domain.editions import read
from server.domain.facts import Facts, QualificationFact
from server.domain.intervals import Months, next_due, strictest
from server.domain.period import day_of
from server.domain.signing import State
from server.domain.standings import end_of, level_of, standings_at
from server.instruction.intervals import intervals
from server.instruction.models import Acceptance, Edition, SignOffRow
from server.instruction.rows import SHEET
from server.pages.people.choices import last_day
from server.pages.people.names import Named, named
from server.people.models import Holder, Membership, Person, Tenant
from server.training.facts import qualifications, skills
from server.training.models import Qualification, Skill
from server.web.here import zone
from wire.messages import Level


@dataclass(frozen=True, slots=True)
class Taught:
    """One skill of one person. ``accepted``: day, version and language of the safety sheet; ``confirmed``: day on which the
    trainer has ticked, or given it. ``minutes`` None: nobody has said."""

    skill: str
    level: Level
    sheet: int | None
    checklist: int | None
    course: str
    minutes: int | None
    language: str
    trainer: str
    accepted: date | None
    confirmed: date
    until: date | None
    due: date


@dataclass(frozen=True, slots=True)
class Record:
    person: Named
    language: str
    rows: tuple[Taught, ...]


def records_of(holders: Iterable[int], now: datetime, tenant: str = "") -> list[Record]:
    """By name, inside ``reading()``. ``tenant``: its interval alone decides when somebody is due; else the strictest of
    those somebody works for."""
    numbers = set(holders)
    people, sources = named(numbers), _Sources(numbers, now, tenant)
    found = [Record(one, sources.languages.get(number, "fr"), sources.rows(number)) for number, one in people.items()]
    return sorted(found, key=lambda one: (one.person.family, one.person.given, one.person.number))


class _Sources:
    """Everything that is known of some people's instruction, read in a few queries."""

    def __init__(self, numbers: set[int], now: datetime, tenant: str) -> None:
        self._now = now
        facts = Facts(qualifications=qualifications(Qualification.holder_number.in_(numbers)), skills=skills())
        self._standings = standings_at(facts, now)
        self._rows: dict[tuple[int, str], list[QualificationFact]] = defaultdict(list)
        for one in facts.qualifications:
            self._rows[one.holder, one.skill].append(one)
        self._names = dict(db.session.execute(select(Skill.code, Skill.name)).all())
        self._given = _given_by(numbers)
        self._sheets, self._accepted = _newest_sheets(), _acceptances(numbers)
        self._signed, self._attended = _signed(numbers), _attended(numbers)
        self._months = _months(numbers, now, tenant)
        minors = select(Holder.number).where(Holder.number.in_(numbers), Holder.minor_until > now)
        self._minors = set(db.session.scalars(minors))
        languages = select(Person.holder_number, Person.language).where(Person.holder_number.in_(numbers))
        self.languages: Mapping[int, str] = dict(db.session.execute(languages).all())

    def rows(self, holder: int) -> tuple[Taught, ...]:
        held = {code: one for code, one in self._standings.get(holder, {}).items() if one.reason is None}
        return tuple(self._row(holder, code) for code in sorted(held, key=lambda code: self._names[code]))

    def _row(self, holder: int, code: str) -> Taught:
        mine = self._rows[holder, code]
        given = max(
            (one for one in mine if (end_of(one) or self._now) >= self._now and one.valid_from <= self._now),
            key=lambda one: (level_of(one) is self._standings[holder][code].level, one.valid_from),
            default=mine[-1],
        )
        standing = self._standings[holder][code]
        signed, course = self._signed.get((holder, code)), self._attended.get((holder, code))
        accepted, sheet = self._accepted.get((holder, code)), self._sheets.get(code)
        confirmed = day_of(signed.ticked_at or signed.at if signed else given.valid_from, zone())
        usual = read(sheet.body).minutes if sheet else 0
        language = signed.language if signed and signed.language else (course.language if course else "")
        return Taught(
            skill=self._names[code],
            level=standing.level,
            sheet=accepted.number if accepted else None,
            checklist=signed.ticked.get(code) if signed else None,
            course=course.title if course else "",
            minutes=(signed.minutes if signed else None) or (course.minutes if course else None) or usual or None,
            language=language or (accepted.language if accepted else ""),
            trainer=self._given.get(given.ref, ""),
            accepted=day_of(accepted.at, zone()) if accepted else None,
            confirmed=confirmed,
            until=last_day(standing.moment),
            due=next_due(confirmed, self._months.get(holder, Months()), holder in self._minors),
        )


@dataclass(frozen=True, slots=True)
class _Accepted:
    number: int
    language: str
    at: datetime


def _given_by(numbers: set[int]) -> dict[str, str]:
    wanted = select(Qualification.ref, Qualification.granted_by)
    return dict(db.session.execute(wanted.where(Qualification.holder_number.in_(numbers))).all())


def _newest_sheets() -> dict[str, Edition]:
    wanted = select(Skill.code, Edition).join(Edition, Edition.skill_id == Skill.id)
    wanted = wanted.where(Edition.kind == SHEET, Edition.published_at.is_not(None)).order_by(Edition.number)
    return dict(db.session.execute(wanted).all())


def _acceptances(numbers: set[int]) -> dict[tuple[int, str], _Accepted]:
    wanted = (
        select(Acceptance.holder_number, Skill.code, Edition.number, Acceptance.language, Acceptance.accepted_at)
        .join(Edition, Edition.id == Acceptance.edition_id)
        .join(Skill, Skill.id == Edition.skill_id)
        .where(Acceptance.holder_number.in_(numbers))
        .order_by(Edition.number)
    )
    rows = db.session.execute(wanted)
    return {(holder, code): _Accepted(number, language, at) for holder, code, number, language, at in rows}


def _signed(numbers: set[int]) -> dict[tuple[int, str], SignOffRow]:
    """The last sign-off of each skill that counted."""
    wanted = select(SignOffRow).where(SignOffRow.learner.in_(numbers), SignOffRow.state == State.DONE)
    rows = db.session.scalars(wanted.order_by(SignOffRow.at)).all()
    return {(row.learner, skill): row for row in rows for skill in row.skills}


def _attended(numbers: set[int]) -> dict[tuple[int, str], Course]:
    wanted = (
        select(Enrolment.holder_number, Course)
        .join(CourseDate, CourseDate.id == Enrolment.date_id)
        .join(Course, Course.id == CourseDate.course_id)
        .where(Enrolment.holder_number.in_(numbers), Enrolment.present.is_(True), CourseDate.done_at.is_not(None))
        .order_by(CourseDate.begins_at)
    )
    return {(holder, skill): course for holder, course in db.session.execute(wanted) for skill in course.skills}


def _months(numbers: set[int], now: datetime, tenant: str) -> dict[int, Months]:
    ties = select(Membership.holder_number, Tenant.code).join(Tenant, Tenant.id == Membership.tenant_id)
    ties = ties.where(
        Membership.holder_number.in_(numbers),
        Membership.valid_from <= now,
        or_(Membership.valid_until.is_(None), Membership.valid_until > now),
        or_(Membership.ended_at.is_(None), Membership.ended_at > now),
    )
    rows = db.session.execute(ties).all()
    known = intervals({tenant} if tenant else {code for _, code in rows})
    if tenant:
        return dict.fromkeys(numbers, known[tenant][0])
    return {number: strictest([known[code][0] for holder, code in rows if holder == number]) for number in numbers}
