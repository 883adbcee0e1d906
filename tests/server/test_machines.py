"""What is switched: machines, their hours, and the wishes staff send to them."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from server.access.service import load_facts
from server.accounts.models import Account, RoleAssignment
from server.audit.models import AuditEntry
from server.db import Stale, db, writing
from server.domain.access import compile_list, judge
from server.domain.facts import next_turn
from server.domain.rules import RuleClash
from server.jobs import service as jobs
from server.machines import bypass, changes, rooms
from server.machines import service as machines
from server.machines.changes import Rules
from server.machines.models import Agent, Machine, MachineLive, OpeningHours
from server.machines.service import END_OF_DAY, Hours
from wire.messages import Bypass, OnMaximum, Policy, RiskClass, Service


def test_a_machine_keeps_its_policy(lab, now):
    policy = Policy(confirm_s=8, max_s=7200, on_max=OnMaximum.CUT)

    machines.add_machine("l1", "Laser", "laser", "agent-1", RiskClass.HIGH, "Hall", policy, 3600, actor="m", now=now)

    row = machines.machine_by_code("l1")
    assert (row.risk, row.confirm_s, row.max_s, row.on_max, row.list_valid_s) == ("high", 8, 7200, "cut", 3600)
    assert machines.policy_of(row) == policy


def test_every_rule_of_a_machine_comes_back_as_it_was_set(lab, now):
    with_card = Policy(4, 7200, OnMaximum.WARN, 30, 10, 1800, 3600, 120, None, 0, 0, 180, 3600)
    with_more_time = Policy(4, 7200, OnMaximum.CUT, None, None, 1800, 3600, 120, 600, 900, 2, 180, 3600)

    for policy in (with_card, with_more_time):
        changes.change_machine("p1", rules(policy=policy), actor="m", now=now)

        assert load_facts(now, "k1", {}).machines[0].policy == policy


def test_rules_that_contradict_each_other_are_not_taken(lab, now):
    clash = Policy(idle_warn_s=1800, idle_end_s=600)

    with pytest.raises(RuleClash, match="end before it warns"):
        changes.change_machine("p1", rules(policy=clash), actor="m", now=now)
    with pytest.raises(RuleClash, match="end before it warns"):
        machines.add_machine("p2", "P", "printer", "agent-1", RiskClass.LOW, policy=clash, actor="m", now=now)


def test_only_who_began_a_maintenance_or_a_manager_ends_it(lab, now):
    machines.set_service("p1", Service.MAINTENANCE, "spindle", actor="account:7", now=now)

    with pytest.raises(machines.MachineError, match="somebody may be inside"):
        machines.set_service("p1", Service.IN, by_manager=False, actor="account:8", now=now)
    machines.set_service("p1", Service.MAINTENANCE, "spindle, belt", by_manager=False, actor="account:8", now=now)
    with pytest.raises(machines.MachineError, match="somebody may be inside"):  # another note makes nobody its owner
        machines.set_service("p1", Service.IN, by_manager=False, actor="account:8", now=now)
    machines.set_service("p1", Service.IN, by_manager=False, actor="account:7", now=now)

    assert machines.machine_by_code("p1").service == "in"


def test_a_manager_ends_a_maintenance_that_somebody_else_has_begun(lab, now):
    machines.set_service("p1", Service.MAINTENANCE, "spindle", actor="account:7", now=now)

    machines.set_service("p1", Service.IN, by_manager=True, actor="account:1", now=now)

    assert machines.machine_by_code("p1").service == "in"


def test_a_declared_bypass_reaches_the_lists_and_is_over_by_itself(lab, now):
    seen = jobs.last_change_id()
    bypass.declare_bypass("p1", "Paul", "agent dead", now + timedelta(hours=4), actor="m", now=now)

    facts = load_facts(now, "k1", {})

    (listed,) = compile_list(judge(facts, now, ZoneInfo("Europe/Paris")), "agent-1", 1, "k1").machines
    (later,) = compile_list(
        judge(facts, now + timedelta(hours=4), ZoneInfo("Europe/Paris")), "agent-1", 1, "k1"
    ).machines
    assert listed.bypass == Bypass("Paul", round((now + timedelta(hours=4)).timestamp() * 1000))
    assert later.bypass is None
    assert next_turn(facts, now) == now + timedelta(hours=4)
    assert {change.topic for change in jobs.changes_after(seen)} == {"access", "machine"}


def test_a_bypass_has_an_end_within_a_week_and_a_name(lab, now):
    for who, until in (("Paul", now), ("Paul", now + timedelta(days=8)), (" ", now + timedelta(hours=1))):
        with pytest.raises(machines.MachineError):
            bypass.declare_bypass("p1", who, "why", until, actor="m", now=now)
    bypass.declare_bypass("p1", "Paul", "why", now + timedelta(hours=1), actor="m", now=now)  # the control
    bypass.end_bypass("p1", "repaired", actor="m", now=now + timedelta(minutes=1))
    with pytest.raises(machines.MachineError, match="not bypassed"):
        bypass.end_bypass("p1", actor="m", now=now + timedelta(minutes=2))


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


def counted_to(number):
    with writing() as session:
        session.execute(update(Agent).values(last_n=number))


def test_a_latch_is_never_cleared_backwards(lab, now):
    counted_to(12)
    machines.clear_latch("p1", 12, "checked", actor="staff", now=now)

    with pytest.raises(machines.MachineError, match="up to event 12"):
        machines.clear_latch("p1", 11, "typing error", actor="staff", now=now)


def test_where_an_agent_counts_anew_a_latch_can_be_cleared_by_its_new_numbers(lab, now):
    counted_to(900)
    machines.clear_latch("p1", 900, "checked", actor="staff", now=now)
    counted_to(5)  # its memory card was replaced

    machines.clear_latch("p1", 5, "checked", actor="staff", now=now)

    assert db.session.scalars(select(Machine.clear_latch_upto)).one() == 5


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


# --- changes to what is there -----------------------------------------------------------------------------------------


def rules(**changed) -> Rules:
    usual = ("Printer 1", "printer", "", "agent-1", RiskClass.LOW, Policy(), None)
    return replace(Rules(*usual), **changed)


def test_a_machine_takes_new_rules_and_the_second_of_two_editors_is_told(lab, now):
    seen = machines.machine_by_code("p1").version

    changes.change_machine("p1", rules(name="FDM 1", room="Hall", policy=Policy(max_s=7200)), seen, actor="m", now=now)

    row = machines.machine_by_code("p1")
    assert (row.name, row.room, row.max_s, row.version) == ("FDM 1", "Hall", 7200, seen + 1)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "change")).one()
    assert entry.after is not None
    assert (entry.before, entry.after["name"]) == ({"name": "Printer 1", "room": "", "max_s": None}, "FDM 1")
    with pytest.raises(Stale):
        changes.change_machine("p1", rules(name="Other"), seen, actor="m", now=now)


def test_rules_that_are_the_same_change_nothing(lab, now):
    seen = jobs.last_change_id()

    changes.change_machine("p1", rules(), actor="m", now=now)

    assert jobs.changes_after(seen) == []


def test_a_running_machine_stays_with_its_agent_and_in_the_lab(lab, now):
    machines.add_agent("agent-2", actor="m", now=now)
    with writing() as session:
        machine = machines.machine_by_code("p1")
        machine.agent.online = True
        session.add(MachineLive(machine_id=machine.id, state="running", since=now, seen_at=now))

    for refused in (
        lambda: changes.change_machine("p1", rules(agent="agent-2"), actor="m", now=now),
        lambda: changes.end_machine("p1", "sold", actor="m", now=now),
    ):
        with pytest.raises(machines.MachineError, match="is running"):
            refused()
    changes.change_machine("p1", rules(name="A better name"), actor="m", now=now)  # control


def test_an_ended_machine_leaves_the_lists_and_frees_its_agent(lab, now):
    changes.end_machine("p1", "sold", actor="m", now=now)
    changes.end_agent("agent-1", "scrapped", actor="m", now=now)

    assert load_facts(now, "k1", {}).machines == ()
    with pytest.raises(machines.MachineError, match="no longer changed"):
        changes.change_machine("p1", rules(), actor="m", now=now)
    with pytest.raises(machines.MachineError, match="no longer in service"):
        machines.add_machine("p2", "P", "printer", "agent-1", RiskClass.LOW, actor="m", now=now)


def test_an_agent_with_machines_does_not_end(lab, now):
    with pytest.raises(machines.MachineError, match="Still hanging on agent-1: Printer 1"):
        changes.end_agent("agent-1", "scrapped", actor="m", now=now)


def test_a_room_that_is_renamed_takes_its_machines_and_roles_along(lab, now):
    changes.change_machine("p1", rules(room="Hall"), actor="m", now=now)
    with writing() as session:
        account = Account(email="t@lab.test", name="T", created_at=now)
        session.add(account)
        session.flush()
        session.add(
            RoleAssignment(account_id=account.id, role="trainer", scope_kind="room", scope="Hall", valid_from=now)
        )

    rooms.rename_room("Hall", "Gallery", actor="m", now=now)

    assert machines.machine_by_code("p1").room == "Gallery"
    assert db.session.scalars(select(RoleAssignment.scope)).one() == "Gallery"
    with pytest.raises(machines.MachineError, match="still stand in Gallery"):
        rooms.remove_room("Gallery", actor="m", now=now)


def test_openings_of_a_day_do_not_overlap_and_two_editors_are_told(lab, now):
    morning, noon = Hours(0, time(8), time(12)), Hours(0, time(11), time(14))
    with pytest.raises(machines.MachineError, match="overlap"):
        machines.set_opening_hours("printer", [noon, morning], actor="m", now=now)

    seen = machines.hours_version([])
    machines.set_opening_hours("printer", [morning], seen, actor="m", now=now)

    with pytest.raises(Stale):
        machines.set_opening_hours("printer", [noon], seen, actor="m", now=now)
