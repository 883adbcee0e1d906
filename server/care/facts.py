"""What the lists need to know of care: what keeps everybody from a machine, when the lab is closed, where refusals only log."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from server.care.models import LogOnly, MachineCheck
from server.db import db
from server.domain.checks import CheckKind
from server.domain.commissioning import needs_record
from server.domain.facts import ClosureFact, DeniedFact, Minors
from server.machines.models import Closure, Machine
from wire.messages import DenialReason, RiskClass


def denials() -> Mapping[int, tuple[DeniedFact, ...]]:
    """By a machine's id. A check that is not overdue yet is among them, with the moment from which it will be: agents that
    are offline by then keep it, too. Inside ``reading()``."""
    found: dict[int, list[DeniedFact]] = defaultdict(list)
    wanted = select(Machine.id, Machine.risk, Machine.commission_since).where(
        Machine.ended_at.is_(None), Machine.commission_since.is_not(None)
    )
    for machine_id, risk, since in db.session.execute(wanted):
        if since is not None and needs_record(RiskClass(risk)):
            found[machine_id].append(DeniedFact(DenialReason.NOT_COMMISSIONED, since))
    overdue = select(MachineCheck.machine_id, func.min(MachineCheck.overdue_at)).where(
        MachineCheck.kind == CheckKind.LEGAL, MachineCheck.ended_at.is_(None)
    )
    for machine_id, since in db.session.execute(overdue.group_by(MachineCheck.machine_id)):
        found[machine_id].append(DeniedFact(DenialReason.CHECK_OVERDUE, since))
    return {machine_id: tuple(facts) for machine_id, facts in found.items()}


def closures(since: datetime | None = None) -> tuple[ClosureFact, ...]:
    """Those that go on or are to come at ``since``; without it, all there ever were. Inside ``reading()``."""
    wanted = select(Closure.category, Closure.begins, Closure.ends).order_by(Closure.begins, Closure.id)
    if since is not None:
        wanted = wanted.where(Closure.ends > since)
    return tuple(ClosureFact(*row) for row in db.session.execute(wanted))


def log_only() -> Mapping[RiskClass, datetime]:
    """Until when the machines of a risk class tell refusals of holder, hour and booking and deny nothing. Inside ``reading()``."""
    return {RiskClass(risk): until for risk, until in db.session.execute(select(LogOnly.risk, LogOnly.until))}


def minors_of(machine: Machine) -> Minors:
    """As it was decided for this machine, else as its risk class says."""
    return Minors(machine.minors) if machine.minors else USUAL_MINORS[RiskClass(machine.risk)]


USUAL_MINORS = {RiskClass.LOW: Minors.YES, RiskClass.MEDIUM: Minors.FRAMED, RiskClass.HIGH: Minors.NO}
