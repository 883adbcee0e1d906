"""What is switched: machines, their hours, and the wishes staff send to them."""

from datetime import time

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db
from server.jobs import service as jobs
from server.machines import service as machines
from server.machines.models import Machine, OpeningHours
from server.machines.service import END_OF_DAY, Hours
from wire.messages import OnMaximum, Policy, RiskClass, Service


def test_a_machine_keeps_its_policy(lab, now):
    policy = Policy(confirm_s=8, max_s=7200, on_max=OnMaximum.CUT)

    machines.add_machine("l1", "Laser", "laser", "agent-1", RiskClass.HIGH, "Hall", policy, 3600, actor="m", now=now)

    row = machines.machine_by_code("l1")
    assert (row.risk, row.confirm_s, row.max_s, row.on_max, row.list_valid_s) == ("high", 8, 7200, "cut", 3600)


def test_an_agent_gates_four_machines_and_no_fifth(lab, now):
    for number in (2, 3, 4):
        machines.add_machine(f"p{number}", "P", "printer", "agent-1", RiskClass.LOW, actor="m", now=now)

    with pytest.raises(machines.MachineError, match="already gates 4"):
        machines.add_machine("p5", "P", "printer", "agent-1", RiskClass.LOW, actor="m", now=now)


def test_staff_wishes_are_kept_audited_and_announced(lab, now):
    seen = jobs.last_change_id()

    machines.set_service("p1", Service.OUT_AFTER_JOB, "nozzle", actor="staff", now=now)
    machines.end_session_wish("p1", "s-1", "fire drill", actor="staff", now=now)
    machines.clear_latch("p1", 12, "checked", actor="staff", now=now)

    row = db.session.scalars(select(Machine)).one()
    assert (row.service, row.service_note, row.end_session, row.clear_latch_upto) == (
        "out_after_job",
        "nozzle",
        "s-1",
        12,
    )
    assert [change.key for change in jobs.changes_after(seen)] == ["machine:p1"] * 3
    verbs = db.session.scalars(select(AuditEntry.verb).where(AuditEntry.actor == "staff").order_by(AuditEntry.id)).all()
    assert verbs == ["service", "end_session", "clear_latch"]


def test_a_latch_is_never_cleared_backwards(lab, now):
    machines.clear_latch("p1", 12, "checked", actor="staff", now=now)

    with pytest.raises(machines.MachineError, match="up to event 12"):
        machines.clear_latch("p1", 11, "typing error", actor="staff", now=now)


def test_opening_hours_replace_the_ones_before(lab, now):
    machines.set_opening_hours("printer", [Hours(0, time(8), time(20))], actor="m", now=now)
    machines.set_opening_hours("printer", [Hours(1, time(20), END_OF_DAY)], actor="m", now=now)

    rows = db.session.scalars(select(OpeningHours)).all()
    assert [(row.weekday, row.opens, row.closes) for row in rows] == [(1, time(20), END_OF_DAY)]


@pytest.mark.parametrize("hours", [Hours(7, time(8), time(9)), Hours(0, time(20), time(8)), Hours(0, time(8), time(8))])
def test_hours_that_cannot_be_are_refused(lab, now, hours):
    with pytest.raises(machines.MachineError, match="must close later"):
        machines.set_opening_hours("printer", [hours], actor="m", now=now)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda by: machines.add_agent("agent-1", **by), "already an agent"),
        (lambda by: machines.add_agent("server", **by), "cannot name an agent"),
        (lambda by: machines.add_agent("a/b", **by), "cannot name an agent"),
        (lambda by: machines.add_machine("p1", "P", "printer", "agent-1", RiskClass.LOW, **by), "already a machine"),
        (lambda by: machines.add_machine("p2", "P", "printer", "agent-9", RiskClass.LOW, **by), "no agent agent-9"),
        (lambda by: machines.set_service("p9", Service.OUT, **by), "no machine p9"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(lab, now, ask, said):
    with pytest.raises(machines.MachineError, match=said):
        ask({"actor": "m", "now": now})
