"""What the pages of care show of one machine: its commissioning, its checks with their reports, papers, who it replaced."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.care.facts import minors_of
from server.care.models import CheckReport, Commissioning, LogOnly, MachineCheck, MachinePaper
from server.db import db, reading
from server.domain.checks import CheckKind, waits
from server.domain.commissioning import Result, needs_record
from server.domain.facts import Minors
from server.machines.identity import Identity, identity_of, neighbours
from server.machines.models import Machine
from server.machines.service import machine_by_code
from wire.messages import RiskClass


@dataclass(frozen=True, slots=True)
class Paper:
    id: int
    name: str
    kind: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """A commissioning record as it stands. ``tests``: (test, result, remark)."""

    id: int
    done_on: date
    by: str
    drawing: str
    tests: tuple[tuple[str, str, str], ...]
    note: str
    recorded_at: datetime
    papers: tuple[Paper, ...]

    @property
    def failed(self) -> list[str]:
        return [test for test, result, _ in self.tests if result == Result.FAILED]


@dataclass(frozen=True, slots=True)
class ReportRow:
    id: int
    done_on: date
    by: str
    result: str
    reserves: str
    reserves_until: date | None
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """``reports``: the newest first."""

    id: int
    version: int
    kind: str
    name: str
    basis: str
    body: str
    every_months: int
    every_days: int
    due_on: date
    overdue_at: datetime
    reserves: str
    reserves_until: date | None
    ended_at: datetime | None
    reports: tuple[ReportRow, ...] = ()

    def state(self, now: datetime, today: date) -> str:
        """overdue, denies (a legal one that is), soon, or fine."""
        if self.overdue_at <= now:
            return "denies" if self.kind == CheckKind.LEGAL else "overdue"
        return "soon" if waits(self.due_on, today) else "fine"


@dataclass(frozen=True, slots=True)
class Neighbour:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Care:
    """All of one machine. ``waits_since`` and ``why``: for a commissioning record."""

    code: str
    name: str
    room: str
    version: int
    risk: RiskClass
    needs_record: bool
    waits_since: datetime | None
    why: str
    records: tuple[Record, ...]
    checks: tuple[CheckRow, ...]
    identity: Identity
    minors: Minors
    log_only_until: datetime | None
    before: Neighbour | None
    after: Neighbour | None
    ended_at: datetime | None

    @property
    def open_checks(self) -> tuple[CheckRow, ...]:
        return tuple(check for check in self.checks if check.ended_at is None)


def care_of(code: str, now: datetime) -> Care:
    with reading():
        machine = machine_by_code(code)
        risk = RiskClass(machine.risk)
        logs = db.session.get(LogOnly, machine.risk)
        before, after = neighbours(machine)
        return Care(
            code=code,
            name=machine.name,
            room=machine.room or "",
            version=machine.version,
            risk=risk,
            needs_record=needs_record(risk),
            waits_since=machine.commission_since if needs_record(risk) else None,
            why=machine.commission_why,
            records=_records(machine.id),
            checks=_checks(machine.id),
            identity=identity_of(machine),
            minors=minors_of(machine),
            log_only_until=logs.until if logs is not None and logs.until > now else None,
            before=_named(before),
            after=_named(after),
            ended_at=machine.ended_at,
        )


def _named(machine: Machine | None) -> Neighbour | None:
    return None if machine is None else Neighbour(machine.code, machine.name)


def _records(machine_id: int) -> tuple[Record, ...]:
    wanted = select(Commissioning).where(Commissioning.machine_id == machine_id).order_by(Commissioning.id.desc())
    rows = db.session.scalars(wanted).all()
    papers = _papers(MachinePaper.commissioning_id, [row.id for row in rows])
    return tuple(
        Record(
            row.id,
            row.done_on,
            row.by,
            row.drawing,
            tuple((test, result, remark) for test, result, remark in row.tests),
            row.note,
            row.recorded_at,
            papers[row.id],
        )
        for row in rows
    )


def _checks(machine_id: int) -> tuple[CheckRow, ...]:
    wanted = select(MachineCheck).where(MachineCheck.machine_id == machine_id).order_by(MachineCheck.overdue_at)
    rows = db.session.scalars(wanted).all()
    reports = _reports([row.id for row in rows])
    return tuple(
        CheckRow(
            row.id,
            row.version,
            row.kind,
            row.name,
            row.basis,
            row.body,
            row.every_months,
            row.every_days,
            row.due_on,
            row.overdue_at,
            row.reserves,
            row.reserves_until,
            row.ended_at,
            tuple(reports[row.id]),
        )
        for row in rows
    )


def _reports(checks: list[int]) -> dict[int, list[ReportRow]]:
    wanted = select(CheckReport).where(CheckReport.check_id.in_(checks))
    rows = db.session.scalars(wanted.order_by(CheckReport.done_on.desc(), CheckReport.id.desc())).all()
    papers = _papers(MachinePaper.report_id, [row.id for row in rows])
    found: dict[int, list[ReportRow]] = defaultdict(list)
    for row in rows:
        said = (row.done_on, row.by, row.result, row.reserves, row.reserves_until)
        found[row.check_id].append(ReportRow(row.id, *said, papers[row.id]))
    return found


def _papers(column: Any, ids: Iterable[int]) -> dict[int, tuple[Paper, ...]]:
    found: dict[int, list[Paper]] = defaultdict(list)
    wanted = select(column, MachinePaper).where(column.in_(list(ids))).order_by(MachinePaper.id)
    for owner, paper in db.session.execute(wanted):
        found[owner].append(Paper(paper.id, paper.name, paper.kind, paper.bytes))
    return defaultdict(tuple, {owner: tuple(papers) for owner, papers in found.items()})
