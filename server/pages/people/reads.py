"""What the page of one person shows: names and dates from four slices, as plain values read in one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.accounts.models import Account
from server.audit.service import SHOWN, Entry, trail_of
from server.db import db, reading
from server.machines.models import Machine
from server.pages.people.finding import LAPSES_SOON
from server.pages.people.names import Named
from server.people.models import Holder, Membership, Payer, Person, Tenant, Token
from server.training.models import Qualification, Skill
from server.usage.models import Denial, UsageSession

SESSIONS_SHOWN = 8
REFUSALS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tie:
    """A membership. The first of those that are not over is charged unless another is chosen at the machine."""

    ref: str
    tenant: str
    tenant_code: str
    payer: str
    cost_centre: str
    valid_from: datetime
    valid_until: datetime | None
    ended_at: datetime | None
    reason: str
    suspended_from: datetime | None
    member_class: str | None

    def is_over(self, now: datetime) -> bool:
        return self.ended_at is not None or (self.valid_until is not None and self.valid_until <= now)


@dataclass(frozen=True, slots=True)
class Badge:
    """``mark`` is how pages name a badge: the last four digits of its fingerprint."""

    ref: str
    mark: str
    label: str
    valid_from: datetime
    valid_until: datetime | None
    returned_at: datetime | None
    blocked_at: datetime | None
    reason: str

    def is_late(self, now: datetime) -> bool:
        """Its time is over and it is not back."""
        return self.returned_at is None and self.valid_until is not None and self.valid_until <= now


@dataclass(frozen=True, slots=True)
class Held:
    """A qualification, as it was given."""

    ref: str
    skill: str
    skill_code: str
    valid_from: datetime
    valid_until: datetime | None
    granted_by: str
    revoked_at: datetime | None
    reason: str

    def counts(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.valid_until is None or self.valid_until > now)

    def lapses_soon(self, now: datetime) -> bool:
        return self.valid_until is not None and self.valid_until <= now + LAPSES_SOON


@dataclass(frozen=True, slots=True)
class Use:
    id: str
    machine: str
    started_at: datetime
    occupied_s: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Refused:
    machine: str
    at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonFile:
    """Everything about one person but the right to use machines, which is computed."""

    person: Named
    language: str
    shows_first_name: bool
    minor_until: datetime | None
    blocked_reason: str
    version: int
    account: tuple[int, str] | None
    ties: tuple[Tie, ...]
    badges: tuple[Badge, ...]
    skills: tuple[Held, ...]
    uses: tuple[Use, ...]
    refused: tuple[Refused, ...]
    trail: tuple[Entry, ...]


def mark_of(fingerprint: str) -> str:
    """``…7F3A``: how a badge is named where people read it."""
    return "…" + fingerprint[-4:].upper()


def read_file(number: int, sees_sessions: bool, entries: int | None = SHOWN) -> PersonFile:
    """``sees_sessions``: whether the reader may know who was where and when. ``entries``: of the trail; None for all."""
    with reading():
        holder, person = db.session.execute(
            select(Holder, Person)
            .outerjoin(Person, Person.holder_number == Holder.number)
            .where(Holder.number == number)
        ).one()
        ties, badges, skills = ties_of(number), badges_of(number), _skills(number)
        account = db.session.execute(select(Account.id, Account.email).where(Account.holder_number == number)).first()
        return PersonFile(
            person=_named(holder, person),
            language=person.language if person else "",
            shows_first_name=bool(person and person.shows_first_name),
            minor_until=holder.minor_until,
            blocked_reason=holder.blocked_reason,
            version=holder.version,
            account=None if account is None else (account[0], account[1]),
            ties=ties,
            badges=badges,
            skills=skills,
            uses=_uses(number) if sees_sessions else (),
            refused=_refused(number) if sees_sessions else (),
            trail=tuple(trail_of(_objects(number, ties, badges, skills), entries)),
        )


def ties_of(number: int) -> tuple[Tie, ...]:
    wanted = (
        select(
            *(Membership.ref, Tenant.name, Tenant.code, Payer.code, Payer.cost_centre),
            *(Membership.valid_from, Membership.valid_until, Membership.ended_at, Membership.ended_reason),
            *(Tenant.suspended_from, Membership.member_class),
        )
        .join(Payer, Payer.id == Membership.payer_id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(Membership.holder_number == number)
        .order_by(Membership.rank, Membership.valid_from, Membership.ref)
    )
    return tuple(Tie(*tuple(row)) for row in db.session.execute(wanted))


def badges_of(number: int) -> tuple[Badge, ...]:
    """Newest first."""
    wanted = select(Token).where(Token.holder_number == number).order_by(Token.valid_from.desc(), Token.id.desc())
    return tuple(badge_of(token) for token in db.session.scalars(wanted))


def badge_of(token: Token) -> Badge:
    dates = (token.valid_from, token.valid_until, token.returned_at, token.blocked_at)
    return Badge(token.ref, mark_of(token.fingerprint), token.label, *dates, token.blocked_reason)


def _skills(number: int) -> tuple[Held, ...]:
    wanted = (
        select(Qualification, Skill.name, Skill.code)
        .join(Skill, Skill.id == Qualification.skill_id)
        .where(Qualification.holder_number == number)
        .order_by(Skill.name, Qualification.valid_from.desc())
    )
    return tuple(_held(row, name, code) for row, name, code in db.session.execute(wanted))


def _held(row: Qualification, name: str, code: str) -> Held:
    reason = row.revoked_reason or row.reason
    return Held(row.ref, name, code, row.valid_from, row.valid_until, row.granted_by, row.revoked_at, reason)


def _uses(number: int) -> tuple[Use, ...]:
    wanted = (
        select(
            UsageSession.id,
            Machine.name,
            UsageSession.started_at,
            UsageSession.occupied_s,
            UsageSession.state == "open",
        )
        .join(Machine, Machine.id == UsageSession.machine_id)
        .where(UsageSession.holder_number == number)
        .order_by(UsageSession.started_at.desc())
        .limit(SESSIONS_SHOWN)
    )
    return tuple(Use(*row) for row in db.session.execute(wanted))


def _refused(number: int) -> tuple[Refused, ...]:
    """The newest refusals of this person's badges; they are found by badge, which the table is ordered by."""
    marks: Sequence[str] = db.session.scalars(select(Token.fingerprint).where(Token.holder_number == number)).all()
    wanted = (
        select(Machine.name, Denial.at, Denial.reasons)
        .join(Machine, Machine.id == Denial.machine_id)
        .where(Denial.token.in_(marks), Denial.holder_number == number)
        .order_by(Denial.at.desc())
        .limit(REFUSALS_SHOWN)
    )
    return tuple(Refused(name, at, tuple(reasons)) for name, at, reasons in db.session.execute(wanted))


def _named(holder: Holder, person: Person | None) -> Named:
    given, family, email = (person.given_name, person.family_name, person.email or "") if person else ("", "", "")
    return Named(holder.number, given, family, email, holder.blocked_at, holder.ended_at)


def _objects(number: int, *records: Sequence[Any]) -> list[tuple[str, object]]:
    """What the trail of a person is about: the person, and everything tied to them."""
    kinds = ("membership", "token", "qualification")
    tied = [(kind, record.ref) for kind, rows in zip(kinds, records, strict=True) for record in rows]
    return [("holder", number), *tied]
