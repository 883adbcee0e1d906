"""What the lab knows about people, payers and machines, as plain values for the rules in ``access``. No rows, no names
beyond a first name its owner agreed to show. Dated facts hold from ``valid_from`` to just before ``valid_until``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from wire.messages import DenialReason, Policy, RiskClass, Service, Shows

USUAL_POLICY = Policy()


class Minors(StrEnum):
    """Whether a machine is for those who are under age."""

    YES = "yes"
    FRAMED = "framed"  # in a declared training frame only, and supervised
    NO = "no"


@dataclass(frozen=True, slots=True)
class HolderFact:
    number: int
    language: str
    first_name: str | None = None
    blocked_at: datetime | None = None
    minor_until: datetime | None = None
    framed_until: datetime | None = None  # a tenant of theirs has declared a training frame until then


@dataclass(frozen=True, slots=True)
class TokenFact:
    ref: str
    fingerprint: str
    holder: int
    valid_from: datetime
    valid_until: datetime | None = None
    blocked_at: datetime | None = None
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MembershipFact:
    ref: str
    holder: int
    payer: str
    rank: int
    valid_from: datetime
    valid_until: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayerFact:
    code: str
    label: str
    valid_from: datetime
    valid_until: datetime | None = None
    tenant_suspended_from: datetime | None = None
    shows: Shows = Shows.PRICE
    machines: frozenset[str] | None = None  # it pays for these alone
    hours: tuple["WeekFact", ...] | None = None  # and for starts within these
    budget_reached: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """What their contracts leave to payers this month: seconds at machines of a category, by (payer, category); and whose
    budget is used up."""

    seconds: Mapping[tuple[str, str], int] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WeekFact:
    """Hours of some weekdays on the lab's clock; ``time.max`` is midnight."""

    weekdays: frozenset[int]  # 0 Monday … 6 Sunday
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class PayerRuleFact:
    """Within these hours, at these machines (None: at all), this payer is the holder's default. The lowest rank first."""

    holder: int
    payer: str
    rank: int
    hours: WeekFact
    machines: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class TenantFact:
    """A tenant that is suspended."""

    code: str
    suspended_from: datetime


@dataclass(frozen=True, slots=True)
class QualificationFact:
    ref: str
    holder: int
    skill: str
    level: str
    valid_from: datetime
    valid_until: datetime | None = None
    revoked_at: datetime | None = None
    idle_until: datetime | None = None  # without use until then it lapses
    override: bool = False  # it counts without what the skill needs


@dataclass(frozen=True, slots=True)
class SkillFact:
    """What one must know before (``needs``); and for how many days after it lapsed it counts with a trainer beside."""

    code: str
    needs: frozenset[str] = frozenset()
    grace_days: int = 0


@dataclass(frozen=True, slots=True)
class SheetFact:
    """A version of a skill's safety sheet that must be accepted from a moment on."""

    skill: str
    version: int
    required_from: datetime


@dataclass(frozen=True, slots=True)
class DeniedFact:
    """What keeps everybody from a machine from a moment on."""

    reason: DenialReason
    since: datetime


@dataclass(frozen=True, slots=True)
class BookingFact:
    """A machine is kept for somebody, or (None) for nobody: an outage."""

    machine: str
    holder: int | None
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class LessonFact:
    """A class on one machine, led by a trainer and paid by its organiser."""

    id: str
    machine: str
    trainer: int
    payer: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class ClosureFact:
    """The machines of a category (None: of all) are closed, whatever their hours."""

    category: str | None
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class MachineFact:
    """``skills``: all of these are asked for; with none, nobody may start. ``list_valid_s`` None: as its risk class."""

    code: str
    agent: str
    name: str
    category: str
    risk: RiskClass
    skills: frozenset[str]
    service: Service = Service.IN
    note: str = ""
    end_session: str | None = None
    clear_latch_upto: int = 0
    policy: Policy = USUAL_POLICY
    list_valid_s: int | None = None
    service_at: datetime | None = None
    room: str = ""
    bypass_by: str = ""
    bypass_until: datetime | None = None
    minors: Minors = Minors.YES
    denied: tuple[DeniedFact, ...] = ()
    log_only_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StaffFact:
    """A person with a role that lets look after machines: of one machine, of those in one room, or (both empty) of all."""

    holder: int
    machine: str
    room: str
    valid_from: datetime
    valid_until: datetime | None = None
    trains: bool = False  # and teach there


@dataclass(frozen=True, slots=True)
class MasterFact:
    """A person whose badge and PIN start a machine while its agent is cut off, and who is charged then."""

    holder: int
    pin: str
    payer: str
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GoneFact:
    """A machine that is no longer in the lab."""

    code: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class HoursFact:
    """One opening of the machines of a category, on the lab's clock; ``time.max`` closes at midnight."""

    category: str
    weekday: int  # 0 Monday … 6 Sunday
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Facts:
    holders: tuple[HolderFact, ...] = ()
    tokens: tuple[TokenFact, ...] = ()
    memberships: tuple[MembershipFact, ...] = ()
    payers: tuple[PayerFact, ...] = ()
    suspended: tuple[TenantFact, ...] = ()
    qualifications: tuple[QualificationFact, ...] = ()
    machines: tuple[MachineFact, ...] = ()
    gone: tuple[GoneFact, ...] = ()
    hours: tuple[HoursFact, ...] = ()
    closures: tuple[ClosureFact, ...] = ()
    bookings: tuple[BookingFact, ...] = ()
    lessons: tuple[LessonFact, ...] = ()
    payer_rules: tuple[PayerRuleFact, ...] = ()
    skills: tuple[SkillFact, ...] = ()
    sheets: tuple[SheetFact, ...] = ()
    accepted: Mapping[tuple[int, str], int] = field(default_factory=dict)  # (holder, skill): newest version accepted
    staff: tuple[StaffFact, ...] = ()
    masters: tuple[MasterFact, ...] = ()
    rates: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (machine, payer): cents an hour
    seconds_left: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (payer, category), of what is included

    def agents(self) -> frozenset[str]:
        return frozenset(machine.agent for machine in self.machines)


def next_turn(facts: Facts, now: datetime) -> datetime | None:
    """The next moment at which a dated fact begins or ends, and the lists say something else. None: nothing is dated."""
    return min((moment for moment in _moments(facts) if moment is not None and moment > now), default=None)


def _moments(facts: Facts) -> Iterator[datetime | None]:
    for dated in (facts.tokens, facts.memberships, facts.payers, facts.qualifications, facts.staff):
        for fact in dated:
            yield fact.valid_from
            yield fact.valid_until
    for holder in facts.holders:
        yield from (holder.blocked_at, holder.minor_until, holder.framed_until)
    for token in facts.tokens:
        yield from (token.blocked_at, token.returned_at)
    yield from (membership.ended_at for membership in facts.memberships)
    yield from (payer.tenant_suspended_from for payer in facts.payers)
    for qualification in facts.qualifications:
        yield from (qualification.revoked_at, qualification.idle_until)
    yield from _ends_of_grace(facts)
    yield from (sheet.required_from for sheet in facts.sheets)
    for machine in facts.machines:
        yield from (machine.bypass_until, machine.log_only_until, *(one.since for one in machine.denied))


def _ends_of_grace(facts: Facts) -> Iterator[datetime]:
    grace = {skill.code: timedelta(days=skill.grace_days) for skill in facts.skills if skill.grace_days}
    for one in facts.qualifications:
        if one.skill in grace:
            yield from (end + grace[one.skill] for end in (one.valid_until, one.idle_until) if end is not None)
