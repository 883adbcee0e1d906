"""Safety sheets and checklists: drafts that are edited, editions that are published and never change again.

Every function runs inside ``writing()``, audits and, where lists depend on it, announces ``access``.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.editions import Body, passes, plain, problems_of, read, right_answers
from server.instruction.models import Acceptance, Edition
from server.instruction.rows import CHECKLIST, SHEET, draft, published
from server.jobs import service as jobs
from server.people.rows import holder_of_the_lab
from server.training.rows import TrainingError, skill_by_code


def save_draft(
    skill_code: str, kind: str, body: Body, *, version: int | None = None, actor: str, now: datetime
) -> Edition:
    """The one draft of a sheet or checklist, made where there is none."""
    with writing() as session:
        skill = skill_by_code(skill_code, changing=True)
        row = draft(skill_code, kind)
        before = None
        if row is None:
            newest = select(func.max(Edition.number)).where(Edition.skill_id == skill.id, Edition.kind == kind)
            row = Edition(skill_id=skill.id, kind=kind, number=(session.scalar(newest) or 0) + 1, body={})
            session.add(row)
        else:
            expect_version(row, version)
            before = {"points": read(row.body).points_count}
        row.body = plain(body)
        session.flush()
        after = {"kind": kind, "number": row.number, "points": body.points_count}
        audit.record(actor, "draft", "edition", f"{skill_code}:{kind}:{row.number}", before, after, "", now)
    return row


def drop_draft(skill_code: str, kind: str, *, actor: str, now: datetime) -> None:
    with writing() as session:
        row = draft(skill_code, kind)
        if row is None:
            raise TrainingError("There is no draft any more.")
        before = {"kind": kind, "number": row.number}
        audit.record(actor, "drop", "edition", f"{skill_code}:{kind}:{row.number}", before, None, "", now)
        session.delete(row)


def publish(
    skill_code: str,
    kind: str,
    required_from: datetime | None = None,
    *,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> Edition:
    """From now on it can be read, and never changes. A sheet must be accepted from a moment on, which is not over."""
    with writing():
        row = draft(skill_code, kind)
        if row is None:
            raise TrainingError("There is no draft any more.")
        expect_version(row, version)
        if problems := problems_of(read(row.body), kind == SHEET):
            raise TrainingError(problems[0][1].sentence, **problems[0][1].blanks)
        if kind == SHEET and (required_from is None or required_from < now):
            raise TrainingError("Choose a day from which it must be accepted: today or later.")
        row.required_from = required_from if kind == SHEET else None
        row.published_at, row.published_by = now, actor
        after = {"kind": kind, "number": row.number, "required_from": row.required_from}
        audit.record(actor, "publish", "edition", f"{skill_code}:{kind}:{row.number}", None, after, "", now)
        jobs.announce("access", f"skill:{skill_code}", now)
    return row


def accept(
    holder: int, skill_code: str, number: int, answers: Mapping[int, int], language: str, *, actor: str, now: datetime
) -> None:
    """The holder has read this edition, answered its questions and ticked. A second time does nothing."""
    with writing() as session:
        holder_of_the_lab(holder)
        edition = published(skill_code, SHEET)
        if edition is None or edition.number != number:
            raise TrainingError("This sheet has a newer version: read that one.")
        body = read(edition.body)
        if language not in body.languages:
            raise TrainingError("The sheet is not written in this language.")
        right = len(right_answers(body, answers))
        if not passes(body, right):
            raise TrainingError("Not all answers are right yet: read the sheet again and try once more.")
        mine = (Acceptance.holder_number == holder) & (Acceptance.edition_id == edition.id)
        if session.scalar(select(Acceptance.id).where(mine)) is not None:
            return
        row = Acceptance(holder_number=holder, edition_id=edition.id, language=language, right=right, accepted_at=now)
        session.add(row)
        after = {"skill": skill_code, "number": number, "language": language, "right": right}
        audit.record(actor, "accept", "holder", holder, None, after, "", now)
        jobs.announce("access", f"holder:{holder}", now)


def editions_of(skill_code: str) -> list[Edition]:
    """All of a skill, sheets and checklists, the newest first; inside ``reading()``."""
    skill = skill_by_code(skill_code)
    wanted = select(Edition).where(Edition.skill_id == skill.id, Edition.kind.in_((SHEET, CHECKLIST)))
    return list(db.session.scalars(wanted.order_by(Edition.number.desc(), Edition.id)))
