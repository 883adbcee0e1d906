"""Finds an edition or a sign-off, or says in a sentence that there is none; and what the lab has decided about them."""

from datetime import timedelta

from sqlalchemy import select

from server.db import db
from server.instruction.models import Edition, SignOffRow
from server.machines.lab_settings import decided
from server.training.models import Skill
from server.training.rows import TrainingError

SHEET, CHECKLIST = "sheet", "checklist"
SIGN_OFF_HOURS, USUAL_HOURS = "sign_off_hours", 24


def time_to_tick() -> timedelta:
    """How long a sign-off waits for its checklist."""
    return timedelta(hours=int(decided(SIGN_OFF_HOURS, USUAL_HOURS)))


def sign_off(number: int, changing: bool = False) -> SignOffRow:
    wanted = select(SignOffRow).where(SignOffRow.id == number)
    if changing:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    row: SignOffRow | None = db.session.scalar(wanted)
    if row is None:
        raise TrainingError("there is no such sign-off")
    return row


def published(skill_code: str, kind: str) -> Edition | None:
    """The newest published edition."""
    wanted = select(Edition).join(Skill, Skill.id == Edition.skill_id)
    wanted = wanted.where(Skill.code == skill_code, Edition.kind == kind, Edition.published_at.is_not(None))
    return db.session.scalars(wanted.order_by(Edition.number.desc()).limit(1)).one_or_none()


def draft(skill_code: str, kind: str) -> Edition | None:
    wanted = select(Edition).join(Skill, Skill.id == Edition.skill_id)
    wanted = wanted.where(Skill.code == skill_code, Edition.kind == kind, Edition.published_at.is_(None))
    return db.session.scalars(wanted).one_or_none()
