"""Changes to who is trained for what: skills, and the qualifications trainers give and take back.

Every function runs inside ``writing()``, audits, and announces ``access``. Refusals raise TrainingError with a sentence.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, func, select

from server.audit import service as audit
from server.db import db, writing
from server.domain.facts import Facts
from server.domain.lapses import idle_end, lapse_of
from server.domain.standings import skills_asked, standings_at
from server.jobs import service as jobs
from server.machines.models import MachineSkill
from server.machines.service import machine_by_code
from server.people.models import Holder
from server.training import facts
from server.training.catalogue import SkillRules, rules_of, set_rules
from server.training.models import Qualification, Skill
from server.training.rows import TrainingError, skill_by_code
from server.training.skills import edit_skill, end_skill, resume_skill
from wire.messages import Level

__all__ = [
    "SkillRules",
    "TrainingError",
    "add_skill",
    "edit_skill",
    "end_skill",
    "grant",
    "grant_to_all",
    "require_skills",
    "resume_skill",
    "revoke",
    "revoke_all",
    "rules_of",
    "set_rules",
]
LONGEST_OVERRIDE = timedelta(days=31)


def add_skill(code: str, name: str, *, actor: str, now: datetime) -> Skill:
    with writing() as session:
        if session.scalar(select(Skill.id).where(Skill.code == code)) is not None:
            raise TrainingError("there is already a skill %(code)s", code=code)
        skill = Skill(code=code, name=name)
        session.add(skill)
        audit.record(actor, "add", "skill", code, None, {"name": name}, "", now)
    return skill


def require_skills(machine_code: str, skill_codes: Collection[str], *, actor: str, now: datetime) -> None:
    """Replace what one must have learned to start this machine: all of these. A machine without any lets nobody start."""
    with writing() as session:
        machine = machine_by_code(machine_code)
        wanted = {skill_by_code(code).id for code in skill_codes}
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
    reason: str = "",
    *,
    level: Level = Level.ALONE,
    override: bool = False,
    actor: str,
    now: datetime,
) -> Qualification:
    """Certify a holder on a skill; ``actor`` is the trainer. After a revocation it counts from then on, not before.

    It lapses by the rules of the skill, or sooner by ``valid_until``. ``override``: for a short while, with a reason, without
    what the skill needs and whatever its rules say."""
    dates = (valid_from, valid_until, reason)
    return grant_to_all([holder_number], skill_code, *dates, level=level, override=override, actor=actor, now=now)[0]


def grant_to_all(
    holders: Sequence[int],
    skill_code: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    reason: str = "",
    *,
    level: Level = Level.ALONE,
    override: bool = False,
    actor: str,
    now: datetime,
) -> list[Qualification]:
    """The same for several people at once, after a course: for all of them or, where one cannot have it, for none. What is
    known of them is read in a few statements, because ingest waits as long as this writes."""
    with writing() as session:
        skill, start = skill_by_code(skill_code), valid_from or now
        rules = rules_of(skill)
        _refuse_what_cannot_count(skill, holders, start, valid_until)
        if override:
            _refuse_careless(start, valid_until, reason)
        else:
            _refuse_without_needs(skill, holders, now)
            lapse = lapse_of(rules.lapsing, start)
            valid_until = min((end for end in (valid_until, lapse) if end is not None), default=None)
        given = [
            Qualification(
                ref=str(uuid4()),
                holder_number=holder,
                skill_id=skill.id,
                level=Level(level).value,
                override=override,
                valid_from=start,
                valid_until=valid_until,
                idle_until=None if override else idle_end(rules.lapsing, max(start, now)),
                granted_by=actor,
                reason=reason,
            )
            for holder in holders
        ]
        session.add_all(given)
        _write_down(given, skill_code, reason, actor, now)
    return given


def _write_down(given: Sequence[Qualification], skill_code: str, reason: str, actor: str, now: datetime) -> None:
    for row in given:
        after = {"holder": row.holder_number, "skill": skill_code, "level": row.level}
        after |= {"valid_from": row.valid_from, "valid_until": row.valid_until}
        after |= {"override": True} if row.override else {}
        audit.record(actor, "grant", "qualification", row.ref, None, after, reason, now)
    db.session.flush()
    jobs.announce_all([("access", f"holder:{row.holder_number}") for row in given], now)


def revoke_all(refs: Sequence[str], reason: str, *, actor: str, now: datetime) -> None:
    """Take several back at once, when a safety sheet has changed."""
    with writing():
        for ref in refs:
            revoke(ref, reason, actor=actor, now=now)


def revoke(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    """Take a qualification back. Older ones of the same holder on the same skill no longer count either."""
    with writing() as session:
        qualification = session.scalar(select(Qualification).where(Qualification.ref == ref))
        if qualification is None:
            raise TrainingError("there is no qualification %(ref)s", ref=ref)
        before = {"revoked_at": qualification.revoked_at}
        qualification.revoked_at = qualification.revoked_at or now
        qualification.revoked_reason = reason
        after = {"revoked_at": qualification.revoked_at}
        audit.record(actor, "revoke", "qualification", ref, before, after, reason, now)
        jobs.announce("access", f"holder:{qualification.holder_number}", now)


def _refuse_what_cannot_count(skill: Skill, holders: Sequence[int], start: datetime, until: datetime | None) -> None:
    here = set(db.session.scalars(select(Holder.number).where(Holder.number.in_(holders))))
    if missing := [number for number in holders if number not in here]:
        raise TrainingError("there is no holder %(number)s", number=missing[0])
    if skill.ended_at is not None:
        raise TrainingError("%(skill)s is no longer given", skill=skill.name)
    if until is not None and until <= start:
        raise TrainingError("the qualification would end before it starts")
    same = Qualification.holder_number.in_(holders) & (Qualification.skill_id == skill.id)
    revoked_at = db.session.scalar(select(func.max(Qualification.revoked_at)).where(same))
    if revoked_at is not None and start < revoked_at:
        raise TrainingError("%(skill)s was revoked after that day; grant it again from today on", skill=skill.name)


def _refuse_careless(start: datetime, until: datetime | None, reason: str) -> None:
    if not reason.strip():
        raise TrainingError("an exception needs its reason")
    if until is None or until > start + LONGEST_OVERRIDE:
        raise TrainingError("an exception ends within %(days)s days", days=LONGEST_OVERRIDE.days)


def _refuse_without_needs(skill: Skill, holders: Sequence[int], now: datetime) -> None:
    """What a skill needs must be held when it is given."""
    known = {one.code: one for one in facts.skills()}
    needed = sorted(skills_asked([skill.code], known) - {skill.code})
    if not needed:
        return
    theirs = facts.qualifications(Qualification.holder_number.in_(holders))
    standings = standings_at(Facts(qualifications=theirs, skills=tuple(known.values())), now)
    for number in holders:
        held = standings.get(number, {})
        missing = [code for code in needed if code not in held or held[code].reason is not None]
        if missing:
            names = db.session.scalars(select(Skill.name).where(Skill.code.in_(missing)).order_by(Skill.name)).all()
            raise TrainingError(
                "%(skill)s needs first: %(needed)s (holder %(number)s)",
                skill=skill.name,
                needed=", ".join(names),
                number=number,
            )
