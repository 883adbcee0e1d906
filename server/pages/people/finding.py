"""The list of people: who is in it by what was typed and chosen, and for the fifty on one page what the columns say."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, or_, select

from server.db import db, reading
from server.domain.facts import Facts
from server.domain.standings import standings_at
from server.pages.people.names import Named, everybody, matching
from server.people.models import Holder, Membership, Tenant, Token
from server.training import facts as training
from server.training.models import Qualification
from server.usage.models import UsageSession
from server.web.paging import Page, page_of

LAPSES_SOON = timedelta(days=30)


class Show(StrEnum):
    """Which people the list shows; without a choice, everybody who has not left."""

    HERE = ""
    NO_BADGE = "no_badge"
    BLOCKED = "blocked"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line. ``lapsing`` of the ``skills`` end within thirty days."""

    person: Named
    tenants: tuple[str, ...]
    badges: int
    skills: int
    lapsing: int
    last_use: datetime | None


def find_people(typed: str, tenant: str, show: Show, now: datetime) -> Page[PersonRow]:
    """One page of the list. What is typed also finds people who have left, unless a choice says otherwise."""
    with reading():
        people = [one for one in everybody() if _SHOWN[show](one) and (typed or show or one.ended_at is None)]
        if tenant:
            members = members_of(tenant, now)
            people = [one for one in people if one.number in members]
        if show is Show.NO_BADGE:
            carriers = _carriers(now)
            people = [one for one in people if one.number not in carriers]
        page = page_of(matching(people, typed))
        rows = _Columns([one.number for one in page.rows], now)
        return page.of(rows.of)


def count_of_people() -> int:
    """How many have not left."""
    with reading():
        return db.session.scalar(select(func.count()).select_from(Holder).where(Holder.ended_at.is_(None))) or 0


_SHOWN: dict[Show, Callable[[Named], bool]] = {
    Show.HERE: lambda one: True,
    Show.NO_BADGE: lambda one: one.ended_at is None,
    Show.BLOCKED: lambda one: one.blocked_at is not None,
    Show.ENDED: lambda one: one.ended_at is not None,
}


class _Columns:
    """What the columns say of the people on one page, read in a handful of queries."""

    def __init__(self, numbers: list[int], now: datetime) -> None:
        self._tenants = _tenants(numbers, now)
        self._badges = _badges(numbers, now)
        self._skills = _skills(numbers, now)
        self._last = _last_uses(numbers)

    def of(self, person: Named) -> PersonRow:
        number = person.number
        skills, lapsing = self._skills.get(number, (0, 0))
        tenants, badges = tuple(self._tenants.get(number, ())), self._badges.get(number, 0)
        return PersonRow(person, tenants, badges, skills, lapsing, self._last.get(number))


def in_force(row: Any, now: datetime) -> Any:
    """The condition that a dated row of people holds now."""
    return (row.valid_from <= now) & or_(row.valid_until.is_(None), row.valid_until > now)


def members_of(tenant: str, now: datetime) -> set[int]:
    """Who belongs to a tenant now, inside ``reading()``."""
    wanted = select(Membership.holder_number).join(Tenant, Tenant.id == Membership.tenant_id)
    wanted = wanted.where(Tenant.code == tenant, in_force(Membership, now), Membership.ended_at.is_(None))
    return set(db.session.scalars(wanted))


def _carriers(now: datetime) -> set[int]:
    return set(db.session.scalars(select(Token.holder_number).where(*_usable(now))))


def _usable(now: datetime) -> tuple[Any, ...]:
    return Token.returned_at.is_(None), Token.blocked_at.is_(None), in_force(Token, now)


def _tenants(numbers: list[int], now: datetime) -> Mapping[int, list[str]]:
    """The names of their tenants, the default payer's first."""
    wanted = (
        select(Membership.holder_number, Tenant.name)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(Membership.holder_number.in_(numbers), in_force(Membership, now), Membership.ended_at.is_(None))
        .order_by(Membership.rank, Membership.valid_from)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for number, name in db.session.execute(wanted):
        if name not in names[number]:
            names[number].append(name)
    return names


def _badges(numbers: list[int], now: datetime) -> Mapping[int, int]:
    wanted = select(Token.holder_number, func.count()).where(Token.holder_number.in_(numbers), *_usable(now))
    return dict(db.session.execute(wanted.group_by(Token.holder_number)).all())


def _skills(numbers: list[int], now: datetime) -> Mapping[int, tuple[int, int]]:
    """How many skills each holds, and how many of these lapse soon."""
    theirs = training.qualifications(Qualification.holder_number.in_(numbers))
    standings = standings_at(Facts(qualifications=theirs, skills=training.skills()), now)
    counts = {}
    for number, by_skill in standings.items():
        held = [one.moment for one in by_skill.values() if one.reason is None]
        counts[number] = len(held), sum(end is not None and end <= now + LAPSES_SOON for end in held)
    return counts


def _last_uses(numbers: list[int]) -> Mapping[int, datetime | None]:
    """When each last began a session: one look into an index for each."""
    newest = select(func.max(UsageSession.started_at)).where(UsageSession.holder_number == Holder.number)
    wanted = select(Holder.number, newest.correlate(Holder).scalar_subquery()).where(Holder.number.in_(numbers))
    return dict(db.session.execute(wanted).all())
