"""Sign-offs at the machine: taken from the agents' events, and ticked by the trainer on the phone.

``take`` runs inside ingest's transaction and never raises for what an agent says: what cannot count is kept as refused, with
the reason. A qualification counts from the moment of the sign-off, so one that was revoked since is not given back by an
event that arrives late.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.editions import read
from server.domain.facts import Facts
from server.domain.signing import Asked, Reason, State, Verdict, is_whole, judge, state_at
from server.domain.standings import standings_at
from server.instruction.models import Edition, SignOffRow
from server.instruction.rows import CHECKLIST, published, sign_off, time_to_tick
from server.jobs import service as jobs
from server.machines.models import Machine, MachineSkill
from server.people.models import Holder
from server.training import service as training
from server.training.facts import qualifications
from server.training.models import Qualification, Skill
from server.training.order import needed_first
from server.training.rows import TrainingError
from server.training.trainers import teachable_by
from wire.messages import Level, RiskClass

AT_THE_MACHINE = "signed off at the machine"


def take(machine_code: str, trainer: int, learner: int, at: datetime, event_id: int, now: datetime) -> None:
    """One sign-off as its agent told it; the same event a second time does nothing."""
    with writing() as session:
        if session.scalar(select(SignOffRow.id).where(SignOffRow.event_id == event_id)) is not None:
            return
        at = min(at, now)
        verdict = judge(_asked(machine_code, trainer, learner, now))
        row = SignOffRow(event_id=event_id, machine=machine_code[:40], trainer=trainer, learner=learner, at=at)
        row.state, row.reason, row.skills = verdict.state, verdict.reason or "", list(verdict.skills)
        row.ticked = {}
        session.add(row)
        _give(row, verdict, now)
        session.flush()
        jobs.announce("sign_off", str(row.id), now)


def confirm(
    number: int,
    trainer: int,
    ticked: Mapping[str, Collection[int]],
    editions: Mapping[str, int],
    minutes: int,
    language: str,
    *,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """The trainer has gone through the checklists: all their points are ticked, in the editions that were shown to him."""
    with writing():
        row = sign_off(number, changing=True)
        expect_version(row, version)
        _refuse_what_cannot_be_ticked(row, trainer, now)
        current = checklists(row.skills)
        if {skill: edition.number for skill, edition in current.items()} != dict(editions):
            raise TrainingError("The checklist has changed in the meantime: look at it again.")
        if not is_whole(ticked, {skill: read(one.body).points_count for skill, one in current.items()}):
            raise TrainingError("Tick every point, or let the sign-off lapse.")
        given = _grant(row, row.skills, Level.ALONE, actor, now)
        if set(given) != set(row.skills):
            raise TrainingError("It cannot be given any more: something it needs is missing, or it was revoked since.")
        row.state, row.ticked_at, row.ticked = State.DONE, now, dict(editions)
        row.minutes, row.language = minutes, language
        after = {"holder": row.learner, "editions": dict(editions), "minutes": minutes, "language": language}
        audit.record(actor, "confirm", "sign_off", row.id, {"state": State.PENDING}, after, "", now)
        jobs.announce("sign_off", str(row.id), now)


def checklists(skills: Iterable[str]) -> dict[str, Edition]:
    """The published checklist of each skill. Raises where a skill has none: there is nothing that could be ticked."""
    found = {skill: published(skill, CHECKLIST) for skill in skills}
    if missing := sorted(skill for skill, edition in found.items() if edition is None):
        raise TrainingError("there is no checklist for %(skills)s yet", skills=", ".join(missing))
    return {skill: edition for skill, edition in found.items() if edition is not None}


def _refuse_what_cannot_be_ticked(row: SignOffRow, trainer: int, now: datetime) -> None:
    if row.trainer != trainer:
        raise TrainingError("Only the trainer who was at the machine can tick this.")
    match state_at(row.state, row.due_at, now):
        case State.LAPSED:
            raise TrainingError("The time to tick is over. Do it again at the machine.")
        case State.DONE | State.REFUSED:
            raise TrainingError("There is nothing left to tick here.")
    if not set(row.skills) <= teachable_by(trainer, row.learner, now):
        raise TrainingError("You may not give this qualification any more.")


def _asked(machine_code: str, trainer: int, learner: int, now: datetime) -> Asked:
    machine = db.session.execute(
        select(Machine.id, Machine.risk).where(Machine.code == machine_code, Machine.ended_at.is_(None))
    ).one_or_none()
    ended = db.session.execute(select(Holder.ended_at).where(Holder.number == learner)).one_or_none()
    wanted = select(Skill.code).join(MachineSkill, MachineSkill.skill_id == Skill.id)
    skills = set(db.session.scalars(wanted.where(MachineSkill.machine_id == machine.id))) if machine else set()
    alone = {code for code, level in levels_of(learner, now).items() if level is not Level.SUPERVISED}
    return Asked(
        trainer,
        learner,
        machine is not None,
        ended is not None and ended[0] is None,
        RiskClass(machine.risk) if machine else None,
        skills - alone,
        skills & teachable_by(trainer, learner, now),
    )


def levels_of(holder: int, now: datetime) -> dict[str, Level]:
    """How far a holder was certified on each skill, whatever else stands against it: a sheet, something it needs."""
    rows = qualifications(Qualification.holder_number == holder)
    held = standings_at(Facts(qualifications=rows), now).get(holder, {})
    return {code: one.level for code, one in held.items() if one.reason is None}


def _give(row: SignOffRow, verdict: Verdict, now: datetime) -> None:
    """What the verdict gives. What the catalogue refuses is left out; where nothing is left, so is the sign-off refused."""
    if not verdict.skills:
        return
    actor = f"holder:{row.trainer}"
    if verdict.state is State.DONE:
        row.skills = _grant(row, verdict.skills, Level.ALONE, actor, now)
    else:
        row.due_at = now + time_to_tick()
        known = levels_of(row.learner, now)
        new = _grant(row, [code for code in verdict.skills if code not in known], Level.SUPERVISED, actor, now)
        row.skills = sorted({*new, *(code for code in verdict.skills if code in known)})
    if not row.skills:
        row.state, row.reason, row.due_at = State.REFUSED, Reason.NOT_GIVEN, None
        row.skills = list(verdict.skills)


def _grant(row: SignOffRow, skills: Iterable[str], level: Level, actor: str, now: datetime) -> list[str]:
    """Those that were given, by name; what the catalogue refuses is left out."""
    given: list[str] = []
    for code in needed_first(skills):
        with suppress(TrainingError):
            when, why = row.at, AT_THE_MACHINE
            training.grant(row.learner, code, when, reason=why, level=level, actor=actor, now=now)
            given.append(code)
    return sorted(given)
