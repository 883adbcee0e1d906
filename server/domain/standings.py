"""What a holder's qualifications on a skill amount to: held at a level, and until when; or not, why, and since when.

Of several that count the highest level decides. One that lapsed still counts with a trainer beside for the skill's days of
grace; one that was revoked does not. A skill whose safety sheet is not accepted in its present version is not held.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from server.domain.facts import Facts, QualificationFact, SheetFact, SkillFact
from wire.messages import DenialReason, Level

REACH = {Level.SUPERVISED: 0, Level.ALONE: 1, Level.TRAINER: 2}
_LEVELS = {level.value: level for level in Level}


class Standing(NamedTuple):
    """Held at ``level`` until ``moment`` (None: without end), or not held for a reason since ``moment``.

    ``override``: it was given without what the skill needs, and counts without it. ``reads_by``: until then a newer version of
    the skill's safety sheet must be accepted."""

    reason: DenialReason | None
    moment: datetime | None
    level: Level = Level.ALONE
    override: bool = False
    reads_by: datetime | None = None

    @property
    def is_alone(self) -> bool:
        """Held without anybody beside."""
        return self.reason is None and self.level is not Level.SUPERVISED


NEVER = Standing(DenialReason.QUALIFICATION_MISSING, None)


def skills_asked(skills: Iterable[str], known: Mapping[str, SkillFact]) -> frozenset[str]:
    """These skills and everything they need, and what that needs."""
    asked: set[str] = set()
    waiting = list(skills)
    while waiting:
        code = waiting.pop()
        if code not in asked:
            asked.add(code)
            waiting += known[code].needs if code in known else ()
    return frozenset(asked)


def standing_on(
    skills: Collection[str], known: Mapping[str, SkillFact], held: Mapping[str, Standing]
) -> dict[str, Standing]:
    """How a holder stands on every skill that these ask for. What a skill needs is not asked of who has it by override."""
    asked: dict[str, Standing] = {}
    waiting = sorted(skills)
    while waiting:
        code = waiting.pop(0)
        if code in asked:
            continue
        asked[code] = one = held.get(code, NEVER)
        if code in known and not (one.reason is None and one.override):
            waiting += sorted(known[code].needs)
    return asked


def standings_at(facts: Facts, now: datetime) -> dict[int, dict[str, Standing]]:
    """By holder and skill. A skill that somebody never began to have is not there."""
    by_skill: dict[tuple[int, str], list[QualificationFact]] = defaultdict(list)
    for one in facts.qualifications:
        if one.valid_from <= now:
            by_skill[one.holder, one.skill].append(one)
    grace = {skill.code: timedelta(days=skill.grace_days) for skill in facts.skills}
    told: dict[str, list[SheetFact]] = defaultdict(list)
    for sheet in facts.sheets:
        told[sheet.skill].append(sheet)
    standings: dict[int, dict[str, Standing]] = defaultdict(dict)
    for (holder, skill), rows in by_skill.items():
        standing = _standing(rows, grace.get(skill, timedelta()), now)
        if standing.reason is None and skill in told:
            standing = _with_sheets(standing, told[skill], facts.accepted.get((holder, skill), 0), now)
        standings[holder][skill] = standing
    return standings


def _with_sheets(standing: Standing, sheets: Iterable[SheetFact], accepted: int, now: datetime) -> Standing:
    """``sheets``: those of the skill. The newest that must be accepted by now decides, and the first of those to come."""
    unread = [sheet for sheet in sheets if sheet.version > accepted]
    overdue = [sheet for sheet in unread if sheet.required_from <= now]
    if overdue:
        return Standing(DenialReason.SHEET_NOT_ACCEPTED, max(overdue, key=lambda sheet: sheet.version).required_from)
    return standing._replace(reads_by=min((sheet.required_from for sheet in unread), default=None))


def _standing(rows: list[QualificationFact], grace: timedelta, now: datetime) -> Standing:
    """A revocation ends what was granted before it; only a grant from that moment on counts again."""
    revoked_at = max((row.revoked_at for row in rows if row.revoked_at and row.revoked_at <= now), default=None)
    counted = [
        row
        for row in rows
        if (row.revoked_at is None or row.revoked_at > now) and (revoked_at is None or row.valid_from >= revoked_at)
    ]
    if not counted:
        return Standing(DenialReason.QUALIFICATION_REVOKED, revoked_at)
    in_force = [row for row in counted if (end := end_of(row)) is None or end > now]
    if in_force:
        return _held(in_force)
    lapsed = max(end_of(row) or now for row in counted)
    worked_alone = [end_of(row) or now for row in counted if level_of(row) is not Level.SUPERVISED]
    if worked_alone and now < max(worked_alone) + grace:
        return Standing(None, max(worked_alone) + grace, Level.SUPERVISED)
    return Standing(DenialReason.QUALIFICATION_EXPIRED, lapsed)


def _held(rows: list[QualificationFact]) -> Standing:
    if len(rows) == 1:  # nearly always, and there are thousands
        return Standing(None, end_of(rows[0]), level_of(rows[0]), rows[0].override)
    best = max((level_of(row) for row in rows), key=REACH.__getitem__)
    carrying = [row for row in rows if level_of(row) is best]
    ends = [end for row in carrying if (end := end_of(row)) is not None]
    last = None if len(ends) < len(carrying) else max(ends)
    return Standing(None, last, best, any(row.override for row in carrying))


def level_of(row: QualificationFact) -> Level:
    """A level that nobody knows reaches no further than beside a trainer."""
    return _LEVELS.get(row.level, Level.SUPERVISED)


def end_of(row: QualificationFact) -> datetime | None:
    """When it lapses, is taken back, or has not been used for too long: whichever comes first."""
    ends = [end for end in (row.valid_until, row.revoked_at, row.idle_until) if end is not None]
    return min(ends) if ends else None
