"""Kills ``work`` at every commit, file and page of issuing a month, alone and beside another: no gap, no double, dates that
never go back, every document with its page.

The points are numbered by a recording run (``killable_work.py``). After each kill the job lies still until it counts as stuck;
then another worker takes it up, as it would ten minutes later.
"""

import json
import mmap
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select

from server.audit.models import LedgerSeal
from server.billing import checking
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, Draft, Period, Series
from server.db import reading, writing
from server.jobs import service as jobs
from server.jobs.models import Job
from server.jobs.service import STUCK_AFTER
from tests.server.billing_lab import CLOSING, MONTH, close, furnish, use

KILLED = -9
BUYERS = ("acme-1", "nord-1")
FEWEST_POINTS = 20
STEP_BESIDE = 4  # beside another worker every so-many-th point: which of them gets a job differs from run to run anyway


class Workers:
    """The process that forks workers, the time they live in, and the month they issue."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._database, self._folder = database_url, folder
        self.board = folder / "board.map"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.killable_work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.runs = 0

    def set_time(self, moment: datetime) -> None:
        self.board.write_bytes(struct.pack("<q", round(moment.timestamp() * 1000)).ljust(mmap.PAGESIZE, b"\0"))

    def rehearse(self) -> None:
        """Everything there is to do is done once, and no page is worth anything afterwards."""
        assert self._asked([self._order(0, None)]) == []

    def run(self, *kill_at: int) -> list[int]:
        """So many workers at once, each killed at its number (0: never). Their exit codes."""
        self.runs += 1
        return self._asked([self._order(at, which) for which, at in enumerate(kill_at)])

    def _asked(self, orders: list[dict[str, Any]]) -> list[int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(orders) + "\n")
        self._process.stdin.flush()
        codes: list[int] = json.loads(self._process.stdout.readline())
        return codes

    def points(self) -> int:
        """Of the first worker in the last run."""
        return len((self._folder / f"points-{self.runs}-0").read_text().splitlines())

    def leave(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)

    def _order(self, kill_at: int, which: int | None) -> dict[str, Any]:
        order = {"database": self._database, "data": str(self._folder), "board": str(self.board), "kill_at": kill_at}
        return order if which is None else {**order, "points": str(self._folder / f"points-{self.runs}-{which}")}


@pytest.fixture
def workers(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Workers]:
    furnish()
    for payer in BUYERS:
        use(payer, simulated=True)
    close(specimen=True)
    checking.check_month(MONTH)
    with writing() as session:
        session.execute(delete(Job))
    running = Workers(database_url, tmp_path)
    yield running
    running.leave()


def test_work_killed_at_any_point_leaves_no_gap_and_doubles_nothing(workers: Workers, tmp_path: Path) -> None:
    month = _Month(workers, tmp_path)
    count = month.recorded()
    assert count >= FEWEST_POINTS

    wrong = {point: problems for point in range(1, count + 1) if (problems := month.killed_at(point))}

    print(f"\nwork: {count} kill points, killed at {month.kills} of them")
    assert wrong == {}
    assert month.kills == count


def test_two_workers_at_once_one_of_them_killed_leave_no_gap_and_double_nothing(
    workers: Workers, tmp_path: Path
) -> None:
    month = _Month(workers, tmp_path)
    count = month.recorded()

    points = range(1, count + 1, STEP_BESIDE)
    wrong = {point: problems for point in points if (problems := month.killed_at(point, beside=True))}

    print(f"\ntwo at once: {len(points)} points, killed at {month.kills} of them")
    assert wrong == {}
    assert month.kills > 0


class _Month:
    """One closed month, put back as it was before each run."""

    def __init__(self, workers: Workers, folder: Path) -> None:
        self._workers, self._documents = workers, folder / "documents"
        self.kills = 0
        with reading() as session:
            rows = session.execute(select(Draft.__table__)).mappings().all()
        self._drafts = [dict(row) for row in rows]

    def recorded(self) -> int:
        """Issued unharmed; how many points it passed."""
        self._put_back(1)
        self._workers.rehearse()
        self._put_back(1)
        assert self._workers.run(0) == [0]
        count = self._workers.points()
        assert self._problems() == []
        return count

    def killed_at(self, point: int, beside: bool = False) -> list[str]:
        """What is wrong after a kill there, and after another worker has gone on with what was left."""
        self._put_back(2 if beside else 1)
        codes = self._workers.run(*([point, 0] if beside else [point]))
        self.kills += codes[0] == KILLED
        found = [f"worker {which} failed" for which, code in enumerate(codes) if code not in {0, KILLED}]
        found += [problem for problem in verify_billing() if "no page" not in problem]
        self._workers.set_time(CLOSING + STUCK_AFTER + timedelta(minutes=1))
        if self._workers.run(0) != [0]:
            found.append("the next worker failed")
        return [*found, *self._problems()]

    def _put_back(self, times: int) -> None:
        self._workers.set_time(CLOSING)
        shutil.rmtree(self._documents, ignore_errors=True)
        with writing() as session:
            for table in (Charge, Document, Series, Job, Draft):
                session.execute(delete(table))
            session.execute(delete(LedgerSeal).where(LedgerSeal.of.in_(["document", "charges"])))
            session.execute(insert(Draft.__table__), self._drafts)  # type: ignore[arg-type]
            session.get_one(Period, MONTH).issuing = None
        for _ in range(times):
            jobs.enqueue("issue_month", {"month": MONTH, "actor": "manager"}, CLOSING)

    def _problems(self) -> list[str]:
        with reading() as session:
            documents = session.scalars(select(Document).order_by(Document.series, Document.sequence)).all()
            charged = len(session.scalars(select(Charge.id)).all())
            left = session.scalars(select(Job.state).where(Job.state != "done")).all()
        numbers = [document.number for document in documents]
        found = verify_billing(self._documents)
        if numbers != ["DEMO-F-2026-0001", "DEMO-F-2026-0002"]:
            found.append(f"numbers {numbers}")
        if charged != len(BUYERS):
            found.append(f"{charged} charges")
        found += [f"{document.number} is {document.state}" for document in documents if document.state != "issued"]
        found += [f"{document.number} is dated back" for document in documents if document.issued_on < CLOSING.date()]
        return [*found, *(f"a job is {state}" for state in left)]
