"""Checks of a machine that come back: what the law, its maker or the lab itself asks for, and what came of each.

Like other services: inside ``writing()``, audited, announced. Reports are added to and never deleted: those of five years
and in any case the last two are shown to whoever inspects (D4711-3), and nothing here forgets the older ones.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.audit import service as audit
from server.care.models import CheckReport, MachineCheck
from server.care.papers import CareError, Sent, keep, pictures
from server.db import db, expect_version, writing
from server.domain.checks import CheckKind, CheckResult, next_due, overdue_at
from server.domain.period import day_of
from server.jobs import service as jobs
from server.machines.models import Machine
from server.machines.service import machine_by_code

_KIND = "check"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, how often, and by when the next time. ``basis``: the text that asks; ``body``: who does it."""

    kind: CheckKind
    name: str
    due_on: date
    every_months: int = 0
    every_days: int = 0
    basis: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one. ``reserves``: what is to be put right, by the day ``reserves_until``."""

    done_on: date
    by: str
    result: CheckResult
    reserves: str = ""
    reserves_until: date | None = None


def add_check(code: str, asked: Asked, zone: ZoneInfo, *, actor: str, now: datetime) -> MachineCheck:
    """From now on the machine is checked. A legal one that is due already keeps everybody away at once."""
    _refuse_never(asked)
    with writing() as session:
        machine = machine_by_code(code)
        row = MachineCheck(machine_id=machine.id, **_columns(asked), overdue_at=overdue_at(asked.due_on, zone))
        session.add(row)
        session.flush()
        audit.record(actor, "add", _KIND, str(row.id), None, _columns(asked), "", now)
        _announce(machine.code, now)
    return row


def change_check(
    number: int, asked: Asked, zone: ZoneInfo, version: int | None = None, *, actor: str, now: datetime
) -> None:
    _refuse_never(asked)
    with writing():
        row = check_by_id(number)
        expect_version(row, version)
        before, after = _columns(_asked(row)), _columns(asked)
        changed = [name for name in after if after[name] != before[name]]
        for name in changed:
            setattr(row, name, after[name])
        if "due_on" in changed:
            row.overdue_at = _overdue_at(row, zone)
        if changed:
            was, is_now = ({name: picture[name] for name in changed} for picture in (before, after))
            audit.record(actor, "change", _KIND, str(number), was, is_now, "", now)
            _announce(_code(row), now)


def end_check(number: int, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """It is no longer asked for. Its reports stay."""
    with writing():
        row = check_by_id(number)
        expect_version(row, version)
        row.ended_at = now
        audit.record(actor, "end", _KIND, str(number), {"ended_at": None}, {"ended_at": now}, reason, now)
        _announce(_code(row), now)


def report(
    number: int,
    found: Found,
    sent: Sequence[Sent],
    folder: Path,
    zone: ZoneInfo,
    version: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> CheckReport:
    """Keep what came of it. The next one is due an interval after the day it was done; one that failed was not passed, and
    is overdue from now at the latest."""
    papers = keep(sent, folder)
    with writing() as session:
        row = check_by_id(number)
        expect_version(row, version)
        _refuse_odd(found, row, day_of(now, zone))
        values = asdict(found) | {"result": found.result.value}
        written = CheckReport(check_id=number, **values, recorded_at=now, recorded_by=actor)
        session.add(written)
        session.flush()
        for paper in papers:
            paper.report_id = written.id
        session.add_all(papers)
        before = {"due_on": row.due_on}
        _move_on(row, found, zone, now)
        after = {"due_on": row.due_on, "result": found.result.value, "by": found.by, "papers": pictures(papers)}
        audit.record(actor, "report", _KIND, str(number), before, after, found.reserves, now)
        _announce(_code(row), now)
    return written


def lift_reserves(number: int, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """What the last report asked to be put right is done."""
    with writing():
        row = check_by_id(number)
        expect_version(row, version)
        before = {"reserves": row.reserves, "reserves_until": row.reserves_until}
        row.reserves, row.reserves_until = "", None
        audit.record(actor, "lift_reserves", _KIND, str(number), before, {"reserves": ""}, reason, now)
        _announce(_code(row), now)


def check_by_id(number: int) -> MachineCheck:
    row: MachineCheck | None = db.session.get(MachineCheck, number)
    if row is None or row.ended_at is not None:
        raise CareError("This check is no longer asked for.")
    return row


def _move_on(row: MachineCheck, found: Found, zone: ZoneInfo, now: datetime) -> None:
    row.reserves, row.reserves_until = found.reserves, found.reserves_until
    if found.result is CheckResult.FAILED:
        row.overdue_at = min(row.overdue_at, now)
    else:
        row.due_on = next_due(found.done_on, row.every_months, row.every_days)
        row.overdue_at = overdue_at(row.due_on, zone)


def _overdue_at(row: MachineCheck, zone: ZoneInfo) -> datetime:
    """By the next day it is due; what was not passed stays overdue until it is, whatever day is typed."""
    last = select(CheckReport.result).where(CheckReport.check_id == row.id).order_by(CheckReport.id.desc()).limit(1)
    due_at = overdue_at(row.due_on, zone)
    return min(row.overdue_at, due_at) if db.session.scalar(last) == CheckResult.FAILED else due_at


def _refuse_never(asked: Asked) -> None:
    if asked.every_months <= 0 and asked.every_days <= 0:
        raise CareError("Say how often: so many months or days.")


def _refuse_odd(found: Found, row: MachineCheck, today: date) -> None:
    if found.done_on > today:
        raise CareError("This day is still to come.")
    last = db.session.scalar(select(func.max(CheckReport.done_on)).where(CheckReport.check_id == row.id))
    if last is not None and found.done_on < last:
        raise CareError("There is a later report already.")
    if found.result is CheckResult.RESERVES and not (found.reserves and found.reserves_until):
        raise CareError("Say what is to be put right, and by when.")
    if found.result is CheckResult.FAILED and not found.reserves:
        raise CareError("Say why it did not pass.")


def _columns(asked: Asked) -> dict[str, object]:
    return asdict(asked) | {"kind": asked.kind.value}


def _asked(row: MachineCheck) -> Asked:
    interval = (row.every_months, row.every_days)
    return Asked(CheckKind(row.kind), row.name, row.due_on, *interval, row.basis, row.body)


def _code(row: MachineCheck) -> str:
    return db.session.scalars(select(Machine.code).where(Machine.id == row.machine_id)).one()


def _announce(code: str, now: datetime) -> None:
    jobs.announce("access", f"machine:{code}", now)
    jobs.announce("machine", code, now)
