"""Yesterday's backup comes back: the agents bring what it does not know, and no number is given twice."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.billing import service as billing
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document
from server.db import reading
from server.demo import watch
from server.demo.lab import ZONE
from server.demo.lab_people import Holder
from server.demo.processes import clean_environment
from server.people import service as people
from server.people.models import Token
from server.usage import counts, ledger
from server.usage.recovery import REASON
from tests.system.small_lab import SmallLab, small_lab
from wire.messages import DenialReason

STRANGER = "62FFFFFFF0"
SERVER_PARTS = ("link", "work")
BACK_WITHIN_S = 60.0
AUGUST = datetime(2026, 8, 12, 7, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def lab() -> Iterator[SmallLab]:
    with small_lab(AUGUST) as running:
        running.start()
        running.stage.start_server("work")
        yield running


def test_after_a_restore_events_and_a_revocation_come_back_and_no_number_is_given_twice(lab: SmallLab) -> None:
    ada, lost = lab.holder(0), lab.holder(3)
    first = a_month_of(lab, ada, (2026, 9))
    backup = lab.site.backup
    prolab(lab, "backup", str(backup))
    at_backup = lab.stored()
    five_hundred_events(lab)
    block(lab, lost)
    second = a_month_of(lab, ada, (2026, 10))
    known = lab.stored()

    for part in SERVER_PARTS:
        lab.stage.processes.stop(part)
    said = prolab(lab, "restore", "--yes", str(backup))
    forgotten = (lab.stored() == at_backup, is_blocked(lab, lost), len(known) - len(at_backup))
    seconds = until_back(lab, known, lost)
    print(f"\n{forgotten[2]} events and a revocation were back after {seconds:.1f} s")
    lab.tap("p1", lost.card)
    third = a_month_of(lab, ada, (2026, 11))

    assert forgotten[:2] == (True, False), "control: the server had forgotten all of it"
    assert forgotten[2] > 500
    assert seconds < BACK_WITHIN_S
    assert known.items() <= lab.stored().items()
    assert all(reasons == {DenialReason.TOKEN_BLOCKED} for _, reasons in lab.denials(lost))
    assert lab.denials(lost)[-1][0] == "p1"
    assert recovered_by() == ["agent:agent-1"]
    assert counts.totals()["recovered_revocation"] == 1
    assert said.endswith(f"adopted, issued after the backup: {second[0]}\n")
    assert [first, second, third] == [[f"DEMO-F-2026-000{n}"] for n in (1, 2, 3)]
    assert series() == ([1, 2, 3], 3)
    assert billing.issue_month("2026-10", "manager", lab.now, ZONE, specimen=True) == []
    assert [one for one in lab.differences() if "power" in one] == []
    assert ledger.verify_ledger() == verify_billing(lab.site.documents) == []


def a_month_of(lab: SmallLab, holder: Holder, ends_in: tuple[int, int]) -> list[str]:
    """The holder prints for an hour, the month ends, it is invoiced. Returns the numbers given."""
    lab.tap("p1", holder.card)
    lab.pass_time(3600, fine=False)
    lab.tap("p1", holder.card)
    lab.tap("p1", holder.card)
    billed = f"{lab.now:%Y-%m}"
    lab.go_to(int(datetime(*ends_in, 2, 9, tzinfo=ZONE).timestamp()))
    lab.lists_in_force()
    billing.close_month(billed, "manager", lab.now, ZONE, specimen=True)
    numbers = billing.issue_month(billed, "manager", lab.now, ZONE, specimen=True)
    lab.stage.until(watch.all_rendered, "the documents to be rendered")
    return numbers


def five_hundred_events(lab: SmallLab) -> None:
    for _ in range(167):
        for machine in ("p1", "p2", "c1"):
            lab.board.tap(machine, STRANGER, 1)
        lab.pass_time(1)
    lab.lists_in_force()


def block(lab: SmallLab, holder: Holder) -> None:
    people.block_token(_token(lab, holder).ref, "lost", actor="desk", now=lab.now)
    lab.lists_in_force()


def is_blocked(lab: SmallLab, holder: Holder) -> bool:
    return _token(lab, holder).blocked_at is not None


def until_back(lab: SmallLab, known: dict[tuple[str, int], str], lost: Holder) -> float:
    """Real seconds until the server knows again what it knew. All the while the lost badge is tried."""
    began = time.monotonic()
    lab.stage.start_server(*SERVER_PARTS)

    def back() -> bool:
        lab.tap("p2", lost.card)
        assert not lab.is_on("p2"), "a badge that is known as lost to the agent was let in"
        return is_blocked(lab, lost) and known.items() <= lab.stored().items()

    lab.stage.until(back, "the events to come back", BACK_WITHIN_S)
    return time.monotonic() - began


def recovered_by() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(AuditEntry.actor).where(AuditEntry.reason == REASON)))


def series() -> tuple[list[int], int]:
    """The sequence numbers there are, and how many sessions are charged."""
    with reading() as session:
        sequences = session.scalars(select(Document.sequence).order_by(Document.sequence)).all()
        return list(sequences), len(session.scalars(select(Charge.session_id)).all())


def prolab(lab: SmallLab, *arguments: str) -> str:
    """A command, as a manager types it. Returns what it said."""
    command = [sys.executable, "-m", "server.cli", *arguments]
    environment = {**clean_environment(), "PROLAB_CONFIG": str(lab.site.settings)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _token(lab: SmallLab, holder: Holder) -> Token:
    with reading() as session:
        return session.scalars(select(Token).where(Token.holder_number == lab.numbers[holder.key])).one()
