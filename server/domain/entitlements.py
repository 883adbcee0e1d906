"""May this person use this machine, how far, until when; and if not, every reason why: from what they hold and are.

Reasons are a set: every one that holds is named, not the first found. What stands against a payer closes that payer and is
judged elsewhere (``purses``); what stands against a machine holds for everybody.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from server.domain.facts import HolderFact, MachineFact, Minors, SkillFact, StaffFact
from server.domain.standings import REACH, Standing, standing_on
from wire.messages import DenialReason, Level


@dataclass(frozen=True, slots=True)
class People:
    """What is known of everybody, by holder. ``teachers`` are people whose role lets them teach somewhere."""

    holders: Mapping[int, HolderFact]
    blocked: Mapping[int, datetime]
    standings: Mapping[int, Mapping[str, Standing]]
    skills: Mapping[str, SkillFact]
    teachers: tuple[StaffFact, ...]


@dataclass(frozen=True, slots=True)
class Entitlement:
    """``reasons`` against; without any, ``level`` says how far it reaches. ``moment``: since when the latest reason holds,
    or when the level ends (None: never, or nobody knows)."""

    reasons: frozenset[DenialReason]
    level: Level
    moment: datetime | None
    standings: Mapping[str, Standing]  # on every skill that is asked for, with what these need


def entitlement(
    people: People, machine: MachineFact, holder: int, teachers: Collection[int], now: datetime
) -> Entitlement:
    """What this holder may at this machine whoever pays. ``teachers``: those of ``teachers_at`` it."""
    asked = standing_on(machine.skills, people.skills, people.standings.get(holder, {}))
    against = list(_against(people, machine, holder, asked.values(), now))
    if against:
        since = [moment for _, moment in against if moment is not None]
        reasons = frozenset(reason for reason, _ in against)
        return Entitlement(reasons, Level.SUPERVISED, max(since, default=None), asked)
    ends = [end for one in asked.values() for end in (one.moment, one.reads_by)]
    level = min((one.level for one in asked.values()), key=REACH.__getitem__)
    own = min((asked[skill].level for skill in machine.skills), key=REACH.__getitem__)
    if own is Level.TRAINER or holder in teachers:
        level = Level.TRAINER if level is not Level.SUPERVISED else level
    elif level is Level.TRAINER:
        level = Level.ALONE
    if _is_minor(people, holder, now) and machine.minors is Minors.FRAMED:
        level, ends = Level.SUPERVISED, [*ends, people.holders[holder].framed_until]
    return Entitlement(frozenset(), level, min((end for end in ends if end is not None), default=None), asked)


def is_simply_untrained(people: People, asked: Collection[str], holder: int) -> bool:
    """Whether all that keeps this holder is a skill they never learned: what absence from a list says. ``asked``: the skills of
    a machine with all they need. Most people at most machines, so it is asked first; False may also mean: look closer."""
    if holder in people.blocked or people.holders[holder].minor_until is not None:
        return False
    held, misses = people.standings.get(holder, {}), False
    for skill in asked:
        one = held.get(skill)
        if one is None:
            misses = True
        elif one.reason is not None or one.override:
            return False
    return misses


def teachers_at(teachers: Iterable[StaffFact], machine: MachineFact, now: datetime) -> frozenset[int]:
    """People whose role lets them teach at this machine now."""
    return frozenset(one.holder for one in teachers if one.trains and covers(one, machine) and holds(one, now))


def covers(staff: StaffFact, machine: MachineFact) -> bool:
    return staff.machine in {"", machine.code} and staff.room in {"", machine.room}


def holds(staff: StaffFact, now: datetime) -> bool:
    return staff.valid_from <= now and (staff.valid_until is None or now < staff.valid_until)


def _against(
    people: People, machine: MachineFact, holder: int, standings: Iterable[Standing], now: datetime
) -> Iterator[tuple[DenialReason, datetime | None]]:
    if holder in people.blocked:
        yield DenialReason.HOLDER_BLOCKED, people.blocked[holder]
    if not machine.skills:
        yield DenialReason.QUALIFICATION_MISSING, None
    yield from ((one.reason, one.moment) for one in standings if one.reason is not None)
    if _is_minor(people, holder, now) and not _is_for_minor(people.holders[holder], machine, now):
        yield DenialReason.FRAME_REQUIRED, None


def _is_minor(people: People, holder: int, now: datetime) -> bool:
    known = people.holders.get(holder)
    return known is not None and known.minor_until is not None and now < known.minor_until


def _is_for_minor(holder: HolderFact, machine: MachineFact, now: datetime) -> bool:
    if machine.minors is Minors.FRAMED:
        return holder.framed_until is not None and now < holder.framed_until
    return machine.minors is Minors.YES
