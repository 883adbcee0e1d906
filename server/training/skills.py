"""The catalogue of skills after the first day: rename one, stop giving it, give it again.

Called as ``server.training.service``, like everything about training; the rules are the same as there.
"""

from datetime import datetime

from sqlalchemy import func, select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.machines.models import Machine, MachineSkill
from server.training.rows import TrainingError, skill_by_code


def edit_skill(code: str, name: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Another name for the same skill: who has it keeps it, and machines that ask for it go on asking."""
    with writing():
        skill = skill_by_code(code, changing=True)
        expect_version(skill, version)
        if skill.name == name:
            return
        before = {"name": skill.name}
        skill.name = name
        audit.record(actor, "edit", "skill", code, before, {"name": name}, "", now)


def end_skill(code: str, reason: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Stop giving a skill. Who has it keeps it. While a machine asks for it, it must be given: nobody new could ever
    start there."""
    with writing():
        skill = skill_by_code(code, changing=True)
        expect_version(skill, version)
        if asking := _asking(skill.id):
            raise TrainingError(
                "machines still ask for this skill (%(count)s): change what they ask for first", count=asking
            )
        before = {"ended_at": skill.ended_at}
        skill.ended_at = skill.ended_at or now
        audit.record(actor, "end", "skill", code, before, {"ended_at": skill.ended_at}, reason, now)


def resume_skill(code: str, *, actor: str, now: datetime) -> None:
    """Give it again."""
    with writing():
        skill = skill_by_code(code, changing=True)
        before = {"ended_at": skill.ended_at}
        skill.ended_at = None
        audit.record(actor, "resume", "skill", code, before, {"ended_at": None}, "", now)


def _asking(skill_id: int) -> int:
    wanted = select(func.count()).select_from(Machine).join(MachineSkill, MachineSkill.machine_id == Machine.id)
    wanted = wanted.where(MachineSkill.skill_id == skill_id, Machine.ended_at.is_(None))
    return db.session.scalar(wanted) or 0
