"""What a holder's qualifications on a skill amount to: held, and until when; or expired or revoked, and since when."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from server.domain.facts import QualificationFact
from wire.messages import DenialReason

ALONE = "alone"  # the only level that lets a holder start without somebody beside


class Standing(NamedTuple):
    """Held until ``moment`` (None: without end), or not held for a reason since ``moment``."""

    reason: DenialReason | None
    moment: datetime | None


NEVER = Standing(DenialReason.QUALIFICATION_MISSING, None)


def standings_at(qualifications: Iterable[QualificationFact], now: datetime) -> dict[int, dict[str, Standing]]:
    """By holder and skill. A skill that somebody never began to have is not there."""
    by_skill: dict[tuple[int, str], list[QualificationFact]] = defaultdict(list)
    for one in qualifications:
        if one.level == ALONE and one.valid_from <= now:
            by_skill[one.holder, one.skill].append(one)
    standings: dict[int, dict[str, Standing]] = defaultdict(dict)
    for (holder, skill), rows in by_skill.items():
        standings[holder][skill] = _standing(rows, now)
    return standings


def _standing(rows: list[QualificationFact], now: datetime) -> Standing:
    """A revocation ends what was granted before it; only a grant from that moment on counts again."""
    revoked_at = max((row.revoked_at for row in rows if row.revoked_at and row.revoked_at <= now), default=None)
    counted = [
        row
        for row in rows
        if (row.revoked_at is None or row.revoked_at > now) and (revoked_at is None or row.valid_from >= revoked_at)
    ]
    if not counted:
        return Standing(DenialReason.QUALIFICATION_REVOKED, revoked_at)
    ends = [end for row in counted if (end := _end(row)) is not None]
    if len(ends) < len(counted):
        return Standing(None, None)
    last = max(ends)
    return Standing(None if last > now else DenialReason.QUALIFICATION_EXPIRED, last)


def _end(row: QualificationFact) -> datetime | None:
    return min((end for end in (row.valid_until, row.revoked_at) if end is not None), default=None)
