"""What the catalogue says of a skill beside its name: what it needs, and how it lapses.

Called as ``server.training.service``, like everything about training; the rules are the same as there.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import flag_modified

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.lapses import Lapsing, is_day_of_year
from server.jobs import service as jobs
from server.training.models import Qualification, Skill, SkillNeed
from server.training.rows import TrainingError, skill_by_code


@dataclass(frozen=True, slots=True)
class SkillRules:
    """``needs``: codes of skills. ``lasts_days``, ``ends_on`` (month and day, 08-31) and ``idle_days``: whichever comes first
    lapses it; None: never. ``grace_days`` it then still counts with a trainer beside."""

    needs: frozenset[str] = frozenset()
    lasts_days: int | None = None
    ends_on: str | None = None
    idle_days: int | None = None
    grace_days: int = 0

    @property
    def lapsing(self) -> Lapsing:
        return Lapsing(self.lasts_days, self.ends_on, self.idle_days)


def rules_of(skill: Skill) -> SkillRules:
    """Inside ``reading()`` or ``writing()``."""
    needed = aliased(Skill)
    wanted = select(needed.code).join(SkillNeed, SkillNeed.needs_id == needed.id).where(SkillNeed.skill_id == skill.id)
    needs = frozenset(db.session.scalars(wanted))
    return SkillRules(needs, skill.lasts_days, skill.ends_on, skill.idle_days, skill.grace_days)


def set_rules(code: str, rules: SkillRules, *, version: int | None = None, actor: str, now: datetime) -> None:
    """What is given from now on lapses by these rules. What was given keeps its day; only how long it may lie unused
    changes at once, counted from the last use, or from today where nobody counted before."""
    with writing() as session:
        skill = skill_by_code(code, changing=True)
        expect_version(skill, version)
        before = rules_of(skill)
        if before == rules:
            return
        _refuse_nonsense(rules)
        needs = [skill_by_code(one) for one in sorted(rules.needs)]
        _refuse_circles(skill, needs)
        session.execute(delete(SkillNeed).where(SkillNeed.skill_id == skill.id))
        session.add_all(SkillNeed(skill_id=skill.id, needs_id=one.id) for one in needs)
        skill.lasts_days, skill.ends_on = rules.lasts_days, rules.ends_on
        skill.idle_days, skill.grace_days = rules.idle_days, rules.grace_days
        flag_modified(skill, "grace_days")  # a new version, also where only what it needs has changed
        _recount_idle(skill.id, before.idle_days, rules.idle_days, now)
        audit.record(actor, "rule", "skill", code, _told(before), _told(rules), "", now)
        jobs.announce("access", f"skill:{code}", now)


def _told(rules: SkillRules) -> dict[str, Any]:
    return asdict(rules) | {"needs": sorted(rules.needs)}


def _refuse_nonsense(rules: SkillRules) -> None:
    if rules.ends_on is not None and not is_day_of_year(rules.ends_on):
        raise TrainingError("%(day)s is no day of every year: month and day, such as 08-31", day=rules.ends_on)
    if min(rules.lasts_days or 1, rules.idle_days or 1, rules.grace_days + 1) < 1:
        raise TrainingError("a number of days is at least one")


def _refuse_circles(skill: Skill, needs: Collection[Skill]) -> None:
    """Nobody could ever begin with skills that need each other."""
    needed: dict[int, set[int]] = {}
    for one, other in db.session.execute(select(SkillNeed.skill_id, SkillNeed.needs_id)):
        needed.setdefault(one, set()).add(other)
    for first in needs:
        seen, waiting = set[int](), [first.id]
        while waiting:
            one = waiting.pop()
            if one == skill.id:
                raise TrainingError("%(needed)s needs this skill itself", needed=first.name)
            if one not in seen:
                seen.add(one)
                waiting += needed.get(one, ())


def _recount_idle(skill_id: int, before: int | None, after: int | None, now: datetime) -> None:
    if before == after:
        return
    of_skill = (Qualification.skill_id == skill_id) & Qualification.revoked_at.is_(None)
    of_skill &= Qualification.override.is_(False)  # an exception has its own end, whatever the rules say
    if after is None:
        db.session.execute(update(Qualification).where(of_skill).values(idle_until=None))
        return
    for row in db.session.scalars(select(Qualification).where(of_skill)):
        if row.idle_until is None or before is None:
            row.idle_until = max(now, row.valid_from) + timedelta(days=after)
        else:
            row.idle_until += timedelta(days=after - before)
