"""Changes to who is trained for what: skills, and the qualifications trainers give and take back.

Every function runs inside ``writing()``, audits, and announces ``access``. Refusals raise TrainingError with a sentence.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, func, select

from server.audit import service as audit
from server.db import db, writing
from server.jobs import service as jobs
from server.machines.models import MachineSkill
from server.machines.service import machine_by_code
from server.people.models import Holder
from server.training.models import Qualification, Skill


class TrainingError(ValueError):
    """What was asked cannot be done, in a sentence for the one who asked."""


def add_skill(code: str, name: str, *, actor: str, now: datetime) -> Skill:
    with writing() as session:
        if session.scalar(select(Skill.id).where(Skill.code == code)) is not None:
            raise TrainingError(f"there is already a skill {code}")
        skill = Skill(code=code, name=name)
        session.add(skill)
        audit.record(actor, "add", "skill", code, None, {"name": name}, "", now)
    return skill


def require_skills(machine_code: str, skill_codes: Collection[str], *, actor: str, now: datetime) -> None:
    """Replace what one must have learned to start this machine: all of these. A machine without any lets nobody start."""
    with writing() as session:
        machine = machine_by_code(machine_code)
        wanted = {_skill(code).id for code in skill_codes}
        of_machine = MachineSkill.machine_id == machine.id
        old = select(Skill.code).join(MachineSkill, MachineSkill.skill_id == Skill.id).where(of_machine)
        before = {"skills": sorted(session.scalars(old))}
        session.execute(delete(MachineSkill).where(of_machine))
        session.add_all(MachineSkill(machine_id=machine.id, skill_id=skill) for skill in wanted)
        audit.record(actor, "require", "machine", machine_code, before, {"skills": sorted(skill_codes)}, "", now)
        jobs.announce("access", f"machine:{machine_code}", now)


def grant(
    holder_number: int,
    skill_code: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    *,
    actor: str,
    now: datetime,
) -> Qualification:
    """Certify a holder on a skill; ``actor`` is the trainer. After a revocation it counts from then on, not before."""
    with writing() as session:
        skill, start = _skill(skill_code), valid_from or now
        if session.get(Holder, holder_number) is None:
            raise TrainingError(f"there is no holder {holder_number}")
        if valid_until is not None and valid_until <= start:
            raise TrainingError("the qualification would end before it starts")
        same = (Qualification.holder_number == holder_number) & (Qualification.skill_id == skill.id)
        revoked_at = session.scalar(select(func.max(Qualification.revoked_at)).where(same))
        if revoked_at is not None and start < revoked_at:
            raise TrainingError(f"{skill_code} was revoked after that day; grant it again from today on")
        qualification = Qualification(
            ref=str(uuid4()),
            holder_number=holder_number,
            skill_id=skill.id,
            valid_from=start,
            valid_until=valid_until,
            granted_by=actor,
        )
        session.add(qualification)
        after = {"holder": holder_number, "skill": skill_code, "valid_from": start, "valid_until": valid_until}
        audit.record(actor, "grant", "qualification", qualification.ref, None, after, "", now)
        jobs.announce("access", f"holder:{holder_number}", now)
    return qualification


def revoke(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    """Take a qualification back. Older ones of the same holder on the same skill no longer count either."""
    with writing() as session:
        qualification = session.scalar(select(Qualification).where(Qualification.ref == ref))
        if qualification is None:
            raise TrainingError(f"there is no qualification {ref}")
        before = {"revoked_at": qualification.revoked_at}
        qualification.revoked_at = qualification.revoked_at or now
        qualification.revoked_reason = reason
        after = {"revoked_at": qualification.revoked_at}
        audit.record(actor, "revoke", "qualification", ref, before, after, reason, now)
        jobs.announce("access", f"holder:{qualification.holder_number}", now)


def _skill(code: str) -> Skill:
    skill: Skill | None = db.session.scalar(select(Skill).where(Skill.code == code))
    if skill is None:
        raise TrainingError(f"there is no skill {code}")
    return skill
