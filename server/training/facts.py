"""Who is trained for what, as the facts that the rules in ``server.domain`` are worked out from."""

from sqlalchemy import ColumnElement, select

from server.db import db
from server.domain.facts import QualificationFact
from server.training.models import Qualification, Skill


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
    ).join(Skill, Skill.id == Qualification.skill_id)
    return tuple(QualificationFact(*row) for row in db.session.execute(wanted.where(whose)))
