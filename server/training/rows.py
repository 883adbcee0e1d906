"""Finds a skill by its code, or says in a sentence that there is none."""

from sqlalchemy import select

from server.db import db
from server.domain.refusals import Refusal
from server.training.models import Skill


class TrainingError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


def skill_by_code(code: str, changing: bool = False) -> Skill:
    """``changing`` keeps the row for the caller until his transaction ends."""
    wanted = select(Skill).where(Skill.code == code)
    if changing:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    skill: Skill | None = db.session.scalar(wanted)
    if skill is None:
        raise TrainingError("there is no skill %(code)s", code=code)
    return skill
