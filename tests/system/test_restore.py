"""Yesterday's backup comes back: the agents bring what it does not know, what staff decided since still holds, and no
number is given twice.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.billing import service as billing
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document
from server.db import reading
from server.demo import watch
from server.demo.lab import ZONE
from server.demo.lab_people import Holder as Maker
from server.demo.processes import clean_environment
from server.machines import service as machines
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Holder, Tenant, Token
from server.usage import counts, ledger
from server.usage.recovery import REASON
from tests.system.forked import run
from tests.system.small_lab import SmallLab, small_lab
from wire.messages import DenialReason, Service

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


def test_restoring_yesterdays_backup_gets_todays_sessions_back_from_the_agents_and_issues_no_number_twice(
    lab: SmallLab,
) -> None:
    """And a badge that was blocked since stays blocked."""
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
    assert (recovered_by(), counts.totals()["recovered_revocation"]) == (["agent:agent-1"], 1)
    assert said.endswith(f"adopted, issued after the backup: {second[0]}\n")
    assert [first, second, third] == [[f"DEMO-F-2026-000{n}"] for n in (1, 2, 3)]
    assert series() == ([1, 2, 3], 3)
    assert billing.issue_month("2026-10", "manager", lab.now, ZONE, specimen=True) == []
    assert [one for one in lab.differences() if "power" in one] == []
    assert ledger.verify_ledger() == verify_billing(lab.site.documents) == []


def test_what_staff_decided_after_the_backup_holds_again_within_a_minute_of_the_restore(lab: SmallLab) -> None:
    ada, blocked, gone, suspended = (lab.holder(index) for index in (0, 1, 2, 4))
    refused = {
        ("p1", blocked.card): DenialReason.HOLDER_BLOCKED,
        ("p1", gone.card): DenialReason.UNKNOWN_TOKEN,
        ("p1", suspended.card): DenialReason.TENANT_SUSPENDED,
        ("p2", ada.card): DenialReason.OUT_OF_SERVICE,
        ("c1", ada.card): DenialReason.MAINTENANCE,
    }
    backup = lab.site.backup
    prolab(lab, "backup", str(backup))
    worked = [works(lab, *where) for where in refused]
    decide(lab, blocked, gone, suspended)
    before = denied(lab, refused)

    for part in SERVER_PARTS:
        lab.stage.processes.stop(part)
    prolab(lab, "restore", "--yes", str(backup))
    forgotten = decisions_known(lab)
    began = time.monotonic()
    lab.stage.start_server(*SERVER_PARTS)
    lab.stage.until(lambda: len(decisions_known(lab)) == len(refused), "the decisions to come back", BACK_WITHIN_S)
    after = denied(lab, refused)
    seconds = time.monotonic() - began
    print(f"\n{len(refused)} decisions were back and enforced after {seconds:.1f} s")
    others = works(lab, "p1", ada.card)
    lab.lists_in_force()

    assert worked == [True] * len(refused), "control: all of it worked after the backup"
    assert forgotten == set(), "control: the server had forgotten all of it"
    assert before == after == [(machine, {reason}) for (machine, _), reason in refused.items()]
    assert seconds < BACK_WITHIN_S
    assert recovered_by() == ["agent:agent-1"] * len(refused)
    assert others, "control: who may still may"
    assert lab.differences() == []


def works(lab: SmallLab, machine: str, card: str) -> bool:
    """Start the machine with this badge, and end it again."""
    lab.tap(machine, card)
    started = lab.is_on(machine)
    lab.tap(machine, card)
    lab.tap(machine, card)
    return started and not lab.is_on(machine)


def decide(lab: SmallLab, blocked: Maker, gone: Maker, suspended: Maker) -> None:
    desk: dict[str, Any] = {"actor": "desk", "now": lab.now}
    people.block_holder(lab.numbers[blocked.key], "house rules", **desk)
    people.return_token(_token(lab, gone).ref, "leaves the lab", **desk)
    people.suspend_tenant(suspended.tenants[0], "unpaid", **desk)
    machines.set_service("p2", Service.OUT, "nozzle", **desk)
    machines.set_service("c1", Service.MAINTENANCE, "greasing", **desk)
    lab.lists_in_force()


def denied(lab: SmallLab, tries: Iterable[tuple[str, str]]) -> list[tuple[str, set[str]]]:
    """Each of these badges is tried once. Machine and reasons of what was refused then."""
    lab.lists_in_force()
    known = len(lab.denials())
    for machine, card in tries:
        lab.tap(machine, card)
    lab.lists_in_force()
    return lab.denials()[known:]


def decisions_known(lab: SmallLab) -> set[str]:
    """What the books say has been taken away, by its name."""
    with reading() as session:
        return {
            *map(str, session.scalars(select(Holder.number).where(Holder.blocked_at.is_not(None)))),
            *session.scalars(select(Token.ref).where(Token.returned_at.is_not(None))),
            *session.scalars(select(Tenant.code).where(Tenant.suspended_from.is_not(None))),
            *session.scalars(select(Machine.code).where(Machine.service != Service.IN)),
        }


def a_month_of(lab: SmallLab, holder: Maker, ends_in: tuple[int, int]) -> list[str]:
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


def block(lab: SmallLab, holder: Maker) -> None:
    people.block_token(_token(lab, holder).ref, "lost", actor="desk", now=lab.now)
    lab.lists_in_force()


def is_blocked(lab: SmallLab, holder: Maker) -> bool:
    return _token(lab, holder).blocked_at is not None


def until_back(lab: SmallLab, known: dict[tuple[str, int], str], lost: Maker) -> float:
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
        return list(sequences), len(session.scalars(select(Charge.subject)).all())


def prolab(lab: SmallLab, *arguments: str) -> str:
    """A command, as a manager types it. Returns what it said."""
    command = [sys.executable, "-m", "server.cli", *arguments]
    environment = {**clean_environment(), "PROLAB_CONFIG": str(lab.site.settings)}
    done = run(command, environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _token(lab: SmallLab, holder: Maker) -> Token:
    with reading() as session:
        return session.scalars(select(Token).where(Token.holder_number == lab.numbers[holder.key])).one()
