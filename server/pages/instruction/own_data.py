"""What the lab keeps of somebody's learning, for the copy of one's own data: others are named by their role."""

from typing import Any

from sqlalchemy import select

from server.courses.models import Course, CourseDate, CourseFee, Enrolment
from server.db import db
from server.instruction.models import Acceptance, Edition, SignOffRow
from server.training.models import Skill


def learning_data(holder: int) -> dict[str, Any]:
    """Sheets accepted, sign-offs as learner and as trainer, courses, and what they cost; inside ``reading()``."""
    accepted = select(Skill.code.label("skill"), Edition.number, Acceptance.language, Acceptance.accepted_at)
    accepted = accepted.join(Edition, Edition.id == Acceptance.edition_id).join(Skill, Skill.id == Edition.skill_id)
    signed = select(
        *(SignOffRow.machine, SignOffRow.at, SignOffRow.state, SignOffRow.reason, SignOffRow.skills),
        *(SignOffRow.ticked_at, SignOffRow.minutes, SignOffRow.language, SignOffRow.learner, SignOffRow.trainer),
    ).where((SignOffRow.learner == holder) | (SignOffRow.trainer == holder))
    seats = select(
        *(Course.title, CourseDate.begins_at, Enrolment.enrolled_at, Enrolment.withdrawn_at, Enrolment.present)
    )
    seats = seats.join(CourseDate, CourseDate.id == Enrolment.date_id).join(Course, Course.id == CourseDate.course_id)
    fees = select(CourseFee.title, CourseFee.held_at, CourseFee.net_cents).where(CourseFee.holder_number == holder)
    return {
        "sheets_accepted": _rows(accepted.where(Acceptance.holder_number == holder).order_by(Acceptance.accepted_at)),
        "sign_offs": [_sign_off(row, holder) for row in _rows(signed.order_by(SignOffRow.at))],
        "courses": _rows(seats.where(Enrolment.holder_number == holder).order_by(CourseDate.begins_at)),
        "course_fees": _rows(fees.order_by(CourseFee.held_at)),
    }


def _sign_off(row: dict[str, Any], holder: int) -> dict[str, Any]:
    others = {name: holder if row[name] == holder else name for name in ("learner", "trainer")}
    return {**row, **others}


def _rows(wanted: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in db.session.execute(wanted)]  # noqa: SLF001 — SQLAlchemy's public name
