"""What one person may use now, machine by machine, with every reason that stands against it and the moment it ends.

The same rules as in the agents' lists (``access``), and what an agent would add at the machine: service and hours.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.access import Judged, judge
from server.domain.bypass import bypassed_until
from server.domain.facts import Facts, MachineFact
from server.domain.opening import open_intervals
from server.domain.purses import NOBODY, Purse, card, purses_of
from server.domain.standings import NEVER
from wire.messages import DenialReason, PayerCard, Service

_A_WEEK = timedelta(days=7)
_SERVICE = {
    Service.OUT: DenialReason.OUT_OF_SERVICE,
    Service.OUT_AFTER_JOB: DenialReason.OUT_OF_SERVICE,
    Service.MAINTENANCE: DenialReason.MAINTENANCE,
}


@dataclass(frozen=True, slots=True)
class Lack:
    """A skill that a machine asks for and this person does not hold. ``since``: when it lapsed or was revoked."""

    skill: str
    reason: DenialReason
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Right:
    """One machine. ``machine_reasons`` stand against everybody there; ``until`` is when the right itself ends."""

    machine: str
    name: str
    skills: tuple[str, ...]
    lacks: tuple[Lack, ...]
    machine_reasons: tuple[DenialReason, ...]
    opens: datetime | None
    until: datetime | None

    @property
    def is_trained(self) -> bool:
        return bool(self.skills) and not self.lacks


@dataclass(frozen=True, slots=True)
class Rights:
    """``against``: what stands against this person at every machine. ``payer`` is charged unless another is chosen."""

    against: tuple[DenialReason, ...]
    payer: PayerCard | None
    machines: tuple[Right, ...]

    def may(self, right: Right) -> bool:
        """Whether a tap at this machine would start it now."""
        return not self.against and right.is_trained and not right.machine_reasons


def rights_of(facts: Facts, holder: int, now: datetime, zone: ZoneInfo) -> Rights:
    """``facts`` are those about this holder at least; ``zone`` is the lab's, for its opening hours."""
    judged = judge(facts, now)
    payers = {payer.code: payer for payer in facts.payers}
    purse = purses_of(facts.memberships, payers, now).get(holder, NOBODY)
    first = card(purse.payers[0], payers, now)
    against = [reason for reason in (_badge(judged, holder), first.closed) if reason is not None]
    machines = sorted(facts.machines, key=lambda machine: machine.name)
    return Rights(
        tuple(dict.fromkeys(against)),
        None if purse is NOBODY else first,
        tuple(_right(machine, judged, holder, purse, zone) for machine in machines),
    )


def _badge(judged: Judged, holder: int) -> DenialReason | None:
    """What stands against every badge of this person; without a badge the reader would know nobody."""
    if holder in judged.blocked:
        return DenialReason.HOLDER_BLOCKED
    denied = [entry.denied for entry in judged.holders if entry.holder == holder]
    return None if None in denied else next(iter(denied), DenialReason.UNKNOWN_TOKEN)


def _right(machine: MachineFact, judged: Judged, holder: int, purse: Purse, zone: ZoneInfo) -> Right:
    standings = judged.standings.get(holder, {})
    held = {skill: standings.get(skill, NEVER) for skill in sorted(machine.skills)}
    lacks = tuple(Lack(skill, one.reason, one.moment) for skill, one in held.items() if one.reason is not None)
    ends = [purse.ends, judged.ends.get(holder), *(one.moment for one in held.values())]
    opens = _opens(machine, judged, zone)
    reasons = [_SERVICE[machine.service]] if machine.service in _SERVICE else []
    reasons += [DenialReason.BYPASSED] if bypassed_until(machine.bypass_until, judged.now) else []
    return Right(
        machine.code,
        machine.name,
        tuple(held),
        lacks,
        (*reasons, *([DenialReason.OUTSIDE_HOURS] if opens else [])),
        opens,
        min((end for end in ends if end is not None), default=None) if not lacks else None,
    )


def _opens(machine: MachineFact, judged: Judged, zone: ZoneInfo) -> datetime | None:
    """When it opens next; None while it is open, or where it never opens within a week."""
    hours = (row for row in judged.facts.hours if row.category == machine.category)
    intervals = open_intervals(hours, judged.now, judged.now + _A_WEEK, zone)
    if not intervals:
        return None
    begins = datetime.fromtimestamp(intervals[0].from_ms / 1000, UTC)
    return begins if begins > judged.now else None
