"""What one person may use now, machine by machine, with every reason that stands against it and the moment it ends.

The same rules as in the agents' lists (``access``), and what an agent would add at the machine: service, hours, bookings, and
who pays there at this hour.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from server.domain.access import Judged, open_at
from server.domain.bypass import bypassed_until
from server.domain.entitlements import Entitlement, entitlement, teachers_at
from server.domain.facts import LessonFact, MachineFact
from server.domain.purses import NOBODY, card
from server.domain.standings import Standing
from wire.messages import DenialReason, Interval, Level, PayerCard, Service

ONLY_TOLD = frozenset({DenialReason.OUTSIDE_HOURS, DenialReason.BOOKED})  # of a machine, while the lab looks on
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
    """One machine. ``machine_reasons`` stand against everybody there; ``until`` is when the right itself ends.

    ``level``: how far it reaches where nothing is lacking. ``is_framed_only``: for this person only in a declared training
    frame. ``payer``: who would be charged there now, and ``payer_reason`` what stands against that."""

    machine: str
    name: str
    held: Mapping[str, Standing]  # on every skill that is asked for, with what these need
    lacks: tuple[Lack, ...]
    level: Level
    is_framed_only: bool
    machine_reasons: tuple[DenialReason, ...]
    opens: datetime | None
    booked_until: datetime | None  # by somebody else, now
    until: datetime | None
    payer: PayerCard | None
    payer_reason: DenialReason | None
    logs_only_until: datetime | None = None  # until then training, hours and bookings are told and deny nothing

    @property
    def skills(self) -> tuple[str, ...]:
        return tuple(self.held)

    @property
    def is_trained(self) -> bool:
        """With a trainer beside or without."""
        return bool(self.held) and not self.lacks and not self.is_framed_only

    @property
    def needs_trainer(self) -> bool:
        return self.is_trained and self.level is Level.SUPERVISED


@dataclass(frozen=True, slots=True)
class Rights:
    """``against``: what stands against this person at every machine. ``payer`` is charged unless another is chosen."""

    against: tuple[DenialReason, ...]
    payer: PayerCard | None
    machines: tuple[Right, ...]

    def may(self, right: Right) -> bool:
        """Whether a tap at this machine would start it now, with a trainer's badge where one is asked for."""
        if self.against or right.payer_reason is not None or right.is_framed_only:
            return False
        if right.logs_only_until is not None:
            return bool(right.held) and ONLY_TOLD.issuperset(right.machine_reasons)
        return right.is_trained and not right.machine_reasons


def rights_of(judged: Judged, holder: int, only: str | None = None) -> Rights:
    """``judged`` from facts about this holder at least. ``only``: at this machine."""
    purse = judged.purses.get(holder, NOBODY)
    cards = {card.id: card for card in judged.cards}
    asked = (machine for machine in judged.facts.machines if only in {None, machine.code})
    machines = sorted(asked, key=lambda machine: machine.name)
    rights = tuple(_right(machine, judged, holder, cards) for machine in machines)
    first = cards.get(purse.payers[0]) or _nobody(judged, purse.payers[0])
    closed = {right.payer_reason for right in rights} or {_closed(first)}
    everywhere = closed.pop() if len(closed) == 1 else None
    against = [reason for reason in (_badge(judged, holder), everywhere) if reason is not None]
    return Rights(
        tuple(dict.fromkeys(against)),
        None if purse is NOBODY else first,
        tuple(replace(right, payer_reason=None) for right in rights) if everywhere else rights,
    )


def _closed(card: PayerCard) -> DenialReason | None:
    return None if card.closed is None else DenialReason(card.closed)


def _nobody(judged: Judged, code: str) -> PayerCard:
    """The card of a payer that no badge carries: of somebody without a badge."""
    payers = {payer.code: payer for payer in judged.facts.payers}
    return card(code, payers, judged.now, judged.now, judged.zone)


def _badge(judged: Judged, holder: int) -> DenialReason | None:
    """What stands against every badge of this person; without a badge the reader would know nobody."""
    if holder in judged.people.blocked:
        return DenialReason.HOLDER_BLOCKED
    denied = [entry.denied for entry in judged.holders if entry.holder == holder]
    return None if None in denied else DenialReason(next(iter(denied), None) or DenialReason.UNKNOWN_TOKEN)


def _right(machine: MachineFact, judged: Judged, holder: int, cards: Mapping[str, PayerCard]) -> Right:
    teachers = teachers_at(judged.people.teachers, machine, judged.now)
    right = entitlement(judged.people, machine, holder, teachers, judged.now)
    (is_closed, opens), booked_until = _hours(machine, judged), _booked_until(machine, judged, holder)
    payer = _payer_at(machine, judged, holder, None if right.reasons else right.level, cards)
    return Right(
        machine=machine.code,
        name=machine.name,
        held=right.standings,
        lacks=tuple(_lacks(right)),
        level=right.level,
        is_framed_only=DenialReason.FRAME_REQUIRED in right.reasons,
        machine_reasons=_machine_reasons(machine, judged.now, is_closed, booked_until),
        opens=opens,
        booked_until=booked_until,
        until=_until(right, judged, holder),
        payer=payer,
        payer_reason=_payer_reason(payer, machine, judged.now),
        logs_only_until=_looks_on(machine.log_only_until, judged.now),
    )


def _looks_on(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and now < until else None


def _lacks(right: Entitlement) -> Iterable[Lack]:
    for skill, one in sorted(right.standings.items()):
        if one.reason is not None:
            yield Lack(skill, one.reason, one.moment)


def _until(right: Entitlement, judged: Judged, holder: int) -> datetime | None:
    if right.reasons:
        return None
    ends = (right.moment, judged.purses.get(holder, NOBODY).ends, _last_badge(judged, holder))
    return min((end for end in ends if end is not None), default=None)


def _last_badge(judged: Judged, holder: int) -> datetime | None:
    """When the last of the good badges ends. None: one goes on, or there is none."""
    ends = [one.until_ms for one in judged.holders if one.holder == holder and one.denied is None]
    dated = [end for end in ends if end is not None]
    return datetime.fromtimestamp(max(dated) / 1000, UTC) if dated and len(dated) == len(ends) else None


def _machine_reasons(
    machine: MachineFact, now: datetime, is_closed: bool, booked_until: datetime | None
) -> tuple[DenialReason, ...]:
    reasons = [_SERVICE[machine.service]] if machine.service in _SERVICE else []
    reasons += [DenialReason.BYPASSED] if bypassed_until(machine.bypass_until, now) else []
    reasons += [one.reason for one in machine.denied if one.since <= now]
    reasons += [DenialReason.OUTSIDE_HOURS] if is_closed else []
    reasons += [DenialReason.BOOKED] if booked_until else []
    return tuple(reasons)


def _hours(machine: MachineFact, judged: Judged) -> tuple[bool, datetime | None]:
    """Whether it is closed now, and when it opens next; None while it is open, or where it does not within a week."""
    intervals = open_at(machine, judged.facts, judged.now, judged.now + _A_WEEK, judged.zone)
    if not intervals:
        return intervals is not None, None
    begins = datetime.fromtimestamp(intervals[0].from_ms / 1000, UTC)
    return (True, begins) if begins > judged.now else (False, None)


def _booked_until(machine: MachineFact, judged: Judged, holder: int) -> datetime | None:
    others = (one for one in judged.facts.bookings if one.machine == machine.code and one.holder != holder)
    return max((one.ends for one in others if one.begins <= judged.now < one.ends), default=None)


def _payer_at(
    machine: MachineFact, judged: Judged, holder: int, level: Level | None, cards: Mapping[str, PayerCard]
) -> PayerCard | None:
    """As the agent finds the default: whoever pays for the class that a trainer leads here, else the first rule that holds
    here and now, else the first of the purse."""
    if level is Level.TRAINER and (lesson := _lesson(machine, judged, holder)) is not None:
        return cards.get(lesson.payer)
    rules = next((entry.rules for entry in judged.holders if entry.holder == holder), ())
    moment = _milliseconds(judged.now)
    for rule in rules:
        here = not rule.machines or machine.code in rule.machines
        if here and rule.from_ms <= moment < rule.until_ms:
            return cards.get(rule.payer)
    code = judged.purses.get(holder, NOBODY).payers[0]
    return cards.get(code) or _nobody(judged, code)


def _lesson(machine: MachineFact, judged: Judged, trainer: int) -> LessonFact | None:
    mine = (one for one in judged.facts.lessons if one.machine == machine.code and one.trainer == trainer)
    return min(
        (one for one in mine if one.begins <= judged.now < one.ends), key=lambda one: (one.begins, one.id), default=None
    )


def _payer_reason(payer: PayerCard | None, machine: MachineFact, now: datetime) -> DenialReason | None:
    if payer is None:
        return DenialReason.MEMBERSHIP_ENDED
    if (closed := _closed(payer)) is not None:
        return closed
    is_here = payer.machines is None or machine.code in payer.machines
    return None if is_here and _within(payer.open, now) else DenialReason.PAYER_NOT_HERE


def _within(spans: tuple[Interval, ...] | None, now: datetime) -> bool:
    return spans is None or any(span.from_ms <= _milliseconds(now) < span.until_ms for span in spans)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
