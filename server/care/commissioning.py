"""Commissioning records: written once each, never changed. One in which every line passed puts the machine into use.

Like other services: inside ``writing()``, audited, announced.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.audit import service as audit
from server.care.models import Commissioning
from server.care.papers import CareError, Sent, keep, pictures
from server.db import db, expect_version, writing
from server.domain import commissioning as sheet_of
from server.domain.commissioning import SheetLine
from server.domain.period import day_of
from server.jobs import service as jobs
from server.machines.models import Machine
from server.machines.service import machine_by_code


@dataclass(frozen=True, slots=True)
class Sheet:
    """As it was filled in at the machine. ``drawing``: its number and revision."""

    done_on: date
    by: str
    drawing: str
    tests: tuple[SheetLine, ...]
    note: str = ""


def record(
    code: str,
    sheet: Sheet,
    sent: Sequence[Sent],
    folder: Path,
    zone: ZoneInfo,
    version: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> Commissioning:
    """Keep the sheet. A line that failed is kept, too: then the machine waits for another record, from now at the latest.

    ``version``: of the machine that was read; whoever declared a change since is not passed over. ``folder``: for the files.
    """
    _refuse_gaps(sheet)
    papers = keep(sent, folder)
    with writing() as session:
        machine = machine_by_code(code)
        expect_version(machine, version)
        _refuse_odd_day(sheet.done_on, machine, zone, now)
        row = Commissioning(
            machine_id=machine.id,
            done_on=sheet.done_on,
            by=sheet.by,
            drawing=sheet.drawing,
            tests=[[one.test.value, one.result.value, one.remark] for one in sheet.tests],
            note=sheet.note,
            recorded_at=now,
            recorded_by=actor,
        )
        session.add(row)
        session.flush()
        for paper in papers:
            paper.commissioning_id = row.id
        session.add_all(papers)
        before = {"commission_since": machine.commission_since}
        failed = sheet_of.failed(sheet.tests)
        _let_in_or_keep_out(machine, bool(failed), now)
        after: dict[str, object] = {
            "commission_since": machine.commission_since,
            "by": sheet.by,
            "drawing": sheet.drawing,
        }
        after |= {"failed": [test.value for test in failed], "papers": pictures(papers)}
        audit.record(actor, "commission", "machine", code, before, after, "", now)
        jobs.announce("access", f"machine:{code}", now)
        jobs.announce("machine", code, now)
    return row


def _let_in_or_keep_out(machine: Machine, has_failed: bool, now: datetime) -> None:
    if not has_failed:
        machine.commission_since, machine.commission_why = None, ""
    elif machine.commission_since is None:
        machine.commission_since, machine.commission_why = now, sheet_of.Why.FAILED


def _refuse_gaps(sheet: Sheet) -> None:
    if missing := sheet_of.missing(sheet.tests):
        raise CareError("%(count)s lines of the sheet are empty: say of each what came of it.", count=len(missing))
    if sheet_of.without_reason(sheet.tests):
        raise CareError("A line that is crossed out says why.")


def _refuse_odd_day(done_on: date, machine: Machine, zone: ZoneInfo, now: datetime) -> None:
    if done_on > day_of(now, zone):
        raise CareError("This day is still to come.")
    last = db.session.scalar(select(func.max(Commissioning.done_on)).where(Commissioning.machine_id == machine.id))
    if last is not None and done_on < last:
        raise CareError("There is a later report already.")
    if machine.ended_at is not None:
        raise CareError("%(machine)s has left the lab.", machine=machine.name)
    since = machine.commission_since
    if since is not None and machine.commission_why != sheet_of.Why.NEW and done_on < day_of(since, zone):
        raise CareError("The machine was changed after that day: test it again.")
