"""Who is trained for what, and what skills ask for, as the facts that the rules in ``server.domain`` are worked out from."""

from collections import defaultdict

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from server.db import db
from server.domain.facts import QualificationFact, SkillFact
from server.training.models import Qualification, Skill, SkillNeed


def qualifications(whose: ColumnElement[bool]) -> tuple[QualificationFact, ...]:
    """Those that fit a condition on Qualification or Skill, inside ``reading()``. Columns, not rows: thousands in one go."""
    wanted = select(
        Qualification.ref,
        Qualification.holder_number,
        Skill.code,
        Qualification.level,
        Qualification.valid_from,
        Qualification.valid_until,
        Qualification.revoked_at,
        Qualification.idle_until,
        Qualification.override,
    ).join(Skill, Skill.id == Qualification.skill_id)
    return tuple(QualificationFact(*row) for row in db.session.execute(wanted.where(whose)))


def skills() -> tuple[SkillFact, ...]:
    """Every skill with those it needs, inside ``reading()``."""
    needed = aliased(Skill)
    wanted = select(Skill.code, needed.code).join(SkillNeed, SkillNeed.skill_id == Skill.id)
    needs: dict[str, set[str]] = defaultdict(set)
    for code, needs_code in db.session.execute(wanted.join(needed, needed.id == SkillNeed.needs_id)):
        needs[code].add(needs_code)
    rows = db.session.execute(select(Skill.code, Skill.grace_days).order_by(Skill.code))
    return tuple(SkillFact(code, frozenset(needs[code]), grace) for code, grace in rows)
