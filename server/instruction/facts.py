"""Safety sheets as facts for the rules about access: which version must be accepted from when, and who has accepted which.

Columns, not rows: thousands in one go, inside ``reading()``.
"""

from sqlalchemy import func, select

from server.db import db
from server.domain.facts import SheetFact
from server.instruction.models import Acceptance, Edition
from server.instruction.rows import SHEET
from server.training.models import Skill


def sheets() -> tuple[SheetFact, ...]:
    """Every published version. Of several that must be accepted by now the newest counts, and the rules say so."""
    wanted = select(Skill.code, Edition.number, Edition.required_from).join(Skill, Skill.id == Edition.skill_id)
    wanted = wanted.where(Edition.kind == SHEET, Edition.published_at.is_not(None))
    rows = db.session.execute(wanted.order_by(Skill.code, Edition.number))
    return tuple(SheetFact(skill, number, since) for skill, number, since in rows if since is not None)


def accepted(holder: int | None = None) -> dict[tuple[int, str], int]:
    """The newest version that each holder has accepted, by holder and skill; of one holder alone where one is meant."""
    wanted = select(Acceptance.holder_number, Skill.code, func.max(Edition.number))
    wanted = wanted.join(Edition, Edition.id == Acceptance.edition_id).join(Skill, Skill.id == Edition.skill_id)
    if holder is not None:
        wanted = wanted.where(Acceptance.holder_number == holder)
    rows = db.session.execute(wanted.group_by(Acceptance.holder_number, Skill.code))
    return {(number, skill): version for number, skill, version in rows}
