"""Classes on machines: prepared by staff, opened by the trainer's badge at each machine, ended at their hour or by a click."""

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select

from server.audit import service as audit
from server.courses.models import Lesson, LessonMachine
from server.courses.rows import lesson_by_id
from server.db import db, expect_version, writing
from server.domain import classes
from server.domain.classes import Place, Planned
from server.jobs import service as jobs
from server.machines.lab_settings import decided
from server.machines.models import Machine
from server.people.rows import holder_of_the_lab, payer_by_code
from server.training.rows import TrainingError
from server.training.trainers import may_teach
from wire.messages import RiskClass

MACHINES, RISK = "class_machines", "class_risk"  # names of what the lab has decided


def prepare(
    title: str,
    trainer: int,
    payer_code: str,
    machine_codes: Collection[str],
    begins: datetime,
    ends: datetime,
    *,
    actor: str,
    now: datetime,
) -> str:
    """Returns the id of the class, which stands in the lists and in every session of it."""
    with writing() as session:
        holder_of_the_lab(trainer)
        payer = payer_by_code(payer_code)
        if payer.valid_until is not None and payer.valid_until <= begins:
            raise TrainingError("This cost centre is closed then: choose another.")
        machines = _machines(machine_codes)
        plan = Planned(trainer, frozenset(machine_codes), begins, ends)
        _refuse(plan, machines, now)
        lesson = Lesson(id=str(uuid4()), title=title, trainer=trainer, payer_id=payer.id, prepared_by=actor)
        lesson.begins_at, lesson.ends_at = begins, ends
        session.add(lesson)
        session.flush()
        session.add_all(LessonMachine(lesson_id=lesson.id, machine_id=one.id) for one in machines)
        after = {"holder": trainer, "payer": payer_code, "machines": sorted(machine_codes), "begins_at": begins}
        audit.record(actor, "prepare", "lesson", lesson.id, None, {**after, "until": ends}, "", now)
        _announce(lesson.id, machines, now)
        return lesson.id


def end(lesson_id: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Nothing more is opened for it, and running sessions of it end at their machines, as at its hour."""
    with writing() as session:
        lesson = lesson_by_id(lesson_id, changing=True)
        expect_version(lesson, version)
        if lesson.ended_at is not None or lesson.ends_at <= now:
            raise TrainingError("This class is over already.")
        lesson.ended_at = now
        audit.record(actor, "end", "lesson", lesson_id, {"until": lesson.ends_at}, {"until": now}, "", now)
        wanted = select(Machine).join(LessonMachine, LessonMachine.machine_id == Machine.id)
        _announce(lesson_id, session.scalars(wanted.where(LessonMachine.lesson_id == lesson_id)).all(), now)


def limits() -> tuple[int, RiskClass]:
    """At how many machines one trainer may hold classes at once, and up to which risk; inside ``reading()``."""
    most, risk = decided(MACHINES, classes.USUAL_MACHINES), decided(RISK, classes.USUAL_RISK)
    return int(most), RiskClass(risk)


def _refuse(plan: Planned, machines: Collection[Machine], now: datetime) -> None:
    theirs = may_teach(plan.trainer, plan.machines, now)
    places = [Place(one.code, one.name, RiskClass(one.risk), one.code in theirs) for one in machines]
    refusal = classes.refusal(plan, places, _around(plan), *limits(), now)
    if refusal is not None:
        raise TrainingError(refusal.sentence, **refusal.blanks)


def _around(plan: Planned) -> list[Planned]:
    """Classes in whose hours this one falls. The rows are kept for us, so that of two who prepare the second sees the first."""
    wanted = select(Lesson).where(Lesson.begins_at < plan.ends, Lesson.ends_at > plan.begins, Lesson.ended_at.is_(None))
    found = db.session.scalars(wanted.with_for_update()).all()
    machines = select(LessonMachine.lesson_id, Machine.code).join(Machine, Machine.id == LessonMachine.machine_id)
    rows = db.session.execute(machines.where(LessonMachine.lesson_id.in_([one.id for one in found]))).all()
    return [
        Planned(one.trainer, frozenset(code for lesson, code in rows if lesson == one.id), one.begins_at, one.ends_at)
        for one in found
    ]


def _machines(codes: Collection[str]) -> list[Machine]:
    wanted = select(Machine).where(Machine.code.in_(codes), Machine.ended_at.is_(None)).order_by(Machine.code)
    found = list(db.session.scalars(wanted.with_for_update()))  # two classes at one machine wait for each other here
    if missing := sorted(set(codes) - {one.code for one in found}):
        raise TrainingError("there is no machine %(code)s", code=missing[0])
    return found


def _announce(lesson_id: str, machines: Collection[Machine], now: datetime) -> None:
    for machine in machines:
        jobs.announce("access", f"machine:{machine.code}", now)
    jobs.announce("lesson", lesson_id, now)
