"""What a machine must prove before people use it: commissioning, checks, closures, log-only, and another in its place."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from agent.access import Denied, Grant, InForce, Local, decide, index
from server.access.service import load_facts
from server.audit.service import trail
from server.care import checks, commissioning, log_only
from server.care.checks import Asked, Found
from server.care.commissioning import Sheet
from server.care.models import CheckReport, MachinePaper
from server.care.papers import CareError, Sent, file_of
from server.db import Stale, db, reading
from server.domain.checks import CheckKind, CheckResult
from server.domain.commissioning import Result, Why
from server.domain.facts import ClosureFact, DeniedFact, Minors
from server.jobs import service as jobs
from server.lists.service import compile_all
from server.machines import changes, closures, pairing
from server.machines import service as machines
from server.machines.closures import Closed
from server.machines.commissioning import declare_change
from server.machines.identity import Identity, identify, neighbours, replace_machine
from server.machines.models import Closure, Machine
from server.machines.service import MachineError
from server.training import service as training
from tests.commissioned import ZONE, commission, lines_of
from wire.messages import DenialReason, RiskClass, Stamp, TimeQuality

DAY = timedelta(days=1)
PRESS = "press"


@pytest.fixture
def by(now):
    return {"actor": "account:1", "now": now}


@pytest.fixture
def press(lab, by):
    """A press of high risk beside the printer, for whoever may use that; nobody has commissioned it yet."""
    machines.add_machine(PRESS, "Press", "press", "agent-1", RiskClass.HIGH, **by)
    training.require_skills(PRESS, [lab.skill], **by)
    return lab


def legal(due):
    return Asked(CheckKind.LEGAL, "Press, quarterly", due, 3, basis="arrêté du 5 mars 1993")


def denied(now, code=PRESS):
    return {machine.code: machine.denied for machine in load_facts(now, "k1", {}).machines}[code]


def tap(lab, now, machine=PRESS):
    """What a box with the present list answers to the holder's badge: the reasons, or none for a start."""
    sent = compile_all(now, None, ZONE, "k1")["agent-1"].access_list
    at = Stamp("boot", 1000, round(now.timestamp() * 1000), TimeQuality.SYNCED)
    answer = decide(InForce(index(sent), at), lab.fingerprint, machine, at, Local())
    return set(answer.reasons) if isinstance(answer, Denied) else isinstance(answer, Grant)


# --- commissioning ------------------------------------------------------------------------------------------------------


def test_a_machine_of_high_risk_is_used_by_nobody_before_its_sheet_is_kept(press, now):
    assert denied(now) == (DeniedFact(DenialReason.NOT_COMMISSIONED, now),)
    assert tap(press, now) == {DenialReason.NOT_COMMISSIONED}
    assert tap(press, now, "p1") is True  # low risk needs none

    commission(PRESS, now + DAY)

    assert denied(now + DAY) == ()
    assert tap(press, now + DAY) is True


@pytest.mark.parametrize("why", [Why.RELAY, Why.CONTACTOR, Why.WIRING, Why.SETTINGS])
def test_whoever_changes_the_relay_says_so_and_the_record_counts_no_more(press, now, by, why):
    commission(PRESS, now)
    seen, later = jobs.last_change_id(), now + DAY

    declare_change(PRESS, why, "burnt", actor="account:2", now=later)

    assert denied(later) == (DeniedFact(DenialReason.NOT_COMMISSIONED, later),)
    assert ("access", f"machine:{PRESS}") in [(one.topic, one.key) for one in jobs.changes_after(seen)]
    assert trail("machine", PRESS)[0].after["why"] == why
    commission(PRESS, later)
    assert denied(later) == ()


def test_another_agent_asks_for_a_new_record(press, now, by):
    commission(PRESS, now)
    machines.add_agent("agent-2", **by)
    rules = changes.rules_of(machines.machine_by_code(PRESS))

    changes.change_machine(PRESS, replace(rules, agent="agent-2"), actor="m", now=now + DAY)

    assert denied(now + DAY)[0].since == now + DAY
    assert machines.machine_by_code(PRESS).commission_why == Why.AGENT


def test_a_pi_that_is_paired_in_the_place_of_another_asks_for_a_new_record(press, now, by):
    commission(PRESS, now)
    code = pairing.make_code("agent-1", "A" * 16, **by)

    pairing.admit(code.text.replace("-", "")[:16], now=now + timedelta(minutes=5))

    assert denied(now + DAY) == (DeniedFact(DenialReason.NOT_COMMISSIONED, now + timedelta(minutes=5)),)
    assert tap(press, now + DAY, "p1") is True


def test_a_risk_that_is_raised_asks_for_a_record_and_one_that_is_lowered_for_none(lab, now):
    rules = changes.rules_of(machines.machine_by_code("p1"))

    changes.change_machine("p1", replace(rules, risk=RiskClass.MEDIUM), actor="m", now=now)
    assert denied(now, "p1") == (DeniedFact(DenialReason.NOT_COMMISSIONED, now),)

    commission("p1", now)
    assert denied(now, "p1") == ()

    changes.change_machine("p1", replace(rules, risk=RiskClass.HIGH), actor="m", now=now + DAY)
    assert denied(now, "p1")[0].since == now + DAY

    changes.change_machine("p1", rules, actor="m", now=now + 2 * DAY)
    assert denied(now, "p1") == ()
    assert machines.machine_by_code("p1").commission_since is None


def test_another_name_asks_for_no_new_record(press, now):
    commission(PRESS, now)
    rules = changes.rules_of(machines.machine_by_code(PRESS))

    changes.change_machine(PRESS, replace(rules, name="Press 2", risk=RiskClass.MEDIUM), actor="m", now=now + DAY)

    assert denied(now + DAY) == ()


def test_a_line_that_failed_keeps_the_machine_out_also_one_that_was_in_use(press, now, tmp_path, by):
    commission(PRESS, now)
    later: dict[str, Any] = {"actor": "account:1", "now": now + DAY}
    wrong = Sheet((now + DAY).date(), "A. Oberlin", "B", lines_of(welded=Result.FAILED))

    commissioning.record(PRESS, wrong, (), tmp_path, ZONE, **later)

    assert denied(now + DAY) == (DeniedFact(DenialReason.NOT_COMMISSIONED, now + DAY),)
    assert machines.machine_by_code(PRESS).commission_why == Why.FAILED
    assert trail("machine", PRESS)[0].after["failed"] == ["welded"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda sheet: replace(sheet, tests=sheet.tests[2:]), "lines of the sheet are empty"),
        (lambda sheet: replace(sheet, done_on=date(2026, 10, 16)), "still to come"),
        (lambda sheet: replace(sheet, tests=_unexplained()), "says why"),
    ],
)
def test_a_sheet_with_gaps_is_not_taken(press, now, by, tmp_path, change, sentence):
    sheet = Sheet(now.date(), "A. Oberlin", "B", lines_of())

    with pytest.raises(CareError, match=sentence):
        commissioning.record(PRESS, change(sheet), (), tmp_path, ZONE, **by)


def _unexplained():
    return tuple(replace(one, remark="") for one in lines_of(plug=Result.CROSSED_OUT))


def test_a_sheet_from_before_the_last_one_does_not_take_back_that_it_failed(press, now, tmp_path, by):
    wrong = Sheet(now.date(), "A. Oberlin", "B", lines_of(welded=Result.FAILED))
    commissioning.record(PRESS, wrong, (), tmp_path, ZONE, **by)

    with pytest.raises(CareError, match="later report"):
        commission(PRESS, now - DAY)

    assert DenialReason.NOT_COMMISSIONED in tap(press, now)


def test_a_sheet_from_before_the_change_is_none_about_it(press, now, tmp_path):
    commission(PRESS, now)
    declare_change(PRESS, Why.RELAY, "burnt", actor="m", now=now + 3 * DAY)
    old = Sheet((now + 2 * DAY).date(), "A. Oberlin", "B", lines_of())

    with pytest.raises(CareError, match="changed after that day"):
        commissioning.record(PRESS, old, (), tmp_path, ZONE, actor="m", now=now + 4 * DAY)


def test_a_change_that_was_declared_while_the_sheet_was_filled_in_is_not_passed_over(press, now, tmp_path, by):
    version = machines.machine_by_code(PRESS).version
    declare_change(PRESS, Why.RELAY, "burnt", actor="account:2", now=now)
    sheet = Sheet(now.date(), "A. Oberlin", "B", lines_of())

    with pytest.raises(Stale):
        commissioning.record(PRESS, sheet, (), tmp_path, ZONE, version, **by)
    assert denied(now) != ()


def test_photos_lie_beside_the_documents_by_their_own_bytes_and_nothing_else_does(press, now, by, tmp_path):
    sheet = Sheet(now.date(), "A. Oberlin", "B", lines_of())
    folder = tmp_path / "documents"
    png = b"\x89PNG\r\n\x1a\n" + (0).to_bytes(4) + b"IEND" + b"\xae\x42\x60\x82"

    with pytest.raises(CareError, match="no PDF, JPEG or PNG"):
        commissioning.record(PRESS, sheet, [Sent("a.png", png), Sent("b.pdf", b"<script>")], folder, ZONE, **by)
    assert not folder.exists()
    with pytest.raises(CareError, match="10 MB"):
        commissioning.record(PRESS, sheet, [Sent("a.pdf", b"%PDF-" + b"x" * 10_485_760)], folder, ZONE, **by)
    commissioning.record(PRESS, sheet, [Sent("../../etc/a.png", png), Sent("c.pdf", b"%PDF-")], folder, ZONE, **by)

    with reading() as session:
        papers = session.scalars(db.select(MachinePaper).order_by(MachinePaper.id)).all()
    assert [(paper.name, paper.kind) for paper in papers] == [("a.png", "png"), ("c.pdf", "pdf")]
    assert {path.name for path in folder.iterdir()} == {file_of(paper, folder).name for paper in papers}


# --- checks -------------------------------------------------------------------------------------------------------------


def test_an_overdue_legal_check_denies_the_press_and_nothing_else(press, now, by, tmp_path):
    """Scene 27 of the acceptance scenes, from the list to the answer of a box."""
    commission(PRESS, now)
    check = checks.add_check(PRESS, legal(date(2026, 10, 14)), ZONE, **by)
    midnight = datetime(2026, 10, 14, 22, tzinfo=UTC)

    assert tap(press, midnight - timedelta(minutes=1)) is True
    assert tap(press, midnight + timedelta(minutes=1)) == {DenialReason.CHECK_OVERDUE}
    assert tap(press, midnight + timedelta(minutes=1), "p1") is True

    later: dict[str, Any] = {"actor": "account:1", "now": midnight + DAY}
    checks.report(check.id, Found(date(2026, 10, 15), "Apave", CheckResult.PASSED), (), tmp_path, ZONE, **later)

    assert tap(press, midnight + DAY) is True
    assert checks.check_by_id(check.id).due_on == date(2027, 1, 15)


def test_a_box_that_heard_nothing_since_denies_from_the_same_midnight(press, now, by):
    """The list names the moment, so it holds offline too."""
    commission(PRESS, now)
    checks.add_check(PRESS, legal(date(2026, 10, 14)), ZONE, **by)
    sent = compile_all(now, None, ZONE, "k1")["agent-1"].access_list
    received = Stamp("boot", 1000, round(now.timestamp() * 1000), TimeQuality.SYNCED)

    def answer(minutes):
        moment = datetime(2026, 10, 14, 22, tzinfo=UTC) + timedelta(minutes=minutes)
        at = Stamp("boot", 2000, round(moment.timestamp() * 1000), TimeQuality.SYNCED)
        return decide(InForce(index(sent), received), press.fingerprint, PRESS, at, Local())

    assert isinstance(answer(-1), Grant)
    assert DenialReason.CHECK_OVERDUE in answer(1).reasons


@pytest.mark.parametrize("kind", [CheckKind.MAKER, CheckKind.OWN])
def test_what_the_maker_or_the_lab_asks_for_denies_nobody(press, now, by, kind):
    commission(PRESS, now)

    checks.add_check(PRESS, replace(legal(date(2026, 1, 1)), kind=kind), ZONE, **by)

    assert tap(press, now) is True


def test_a_legal_check_that_is_not_passed_denies_at_once_until_another_one_is(press, now, by, tmp_path):
    commission(PRESS, now)
    check = checks.add_check(PRESS, legal(date(2026, 12, 24)), ZONE, **by)
    failed = Found(now.date(), "Apave", CheckResult.FAILED, "guard missing")

    checks.report(check.id, failed, (), tmp_path, ZONE, **by)
    assert tap(press, now) == {DenialReason.CHECK_OVERDUE}

    checks.report(check.id, replace(failed, result=CheckResult.PASSED), (), tmp_path, ZONE, **by)
    assert tap(press, now) is True


def test_reserves_need_a_day_and_stand_until_they_are_lifted(press, now, by, tmp_path):
    check = checks.add_check(PRESS, legal(date(2026, 10, 14)), ZONE, **by)
    found = Found(now.date(), "Apave", CheckResult.RESERVES, "guard cracked")

    with pytest.raises(CareError, match="by when"):
        checks.report(check.id, found, (), tmp_path, ZONE, **by)
    checks.report(check.id, replace(found, reserves_until=date(2026, 11, 1)), (), tmp_path, ZONE, **by)
    assert checks.check_by_id(check.id).reserves_until == date(2026, 11, 1)

    checks.lift_reserves(check.id, "new guard", **by)
    row = checks.check_by_id(check.id)
    assert (row.reserves, row.reserves_until) == ("", None)
    assert db.session.scalars(db.select(CheckReport)).one().reserves == "guard cracked"  # the report keeps them


def test_every_report_is_kept_and_none_is_written_before_an_earlier_one(press, now, by, tmp_path):
    check = checks.add_check(PRESS, legal(date(2020, 1, 1)), ZONE, **by)
    days = [date(2020, 1, 1) + timedelta(days=90 * number) for number in range(12)]

    for day in days:
        checks.report(check.id, Found(day, "Apave", CheckResult.PASSED), (), tmp_path, ZONE, **by)
    with pytest.raises(CareError, match="later report"):
        checks.report(check.id, Found(days[3], "Apave", CheckResult.PASSED), (), tmp_path, ZONE, **by)

    assert db.session.query(CheckReport).count() == 12


def test_another_day_for_the_next_check_moves_the_moment_it_denies_from_and_another_name_does_not(press, now, by):
    commission(PRESS, now)
    check = checks.add_check(PRESS, legal(date(2026, 1, 1)), ZONE, **by)
    before = checks.check_by_id(check.id).overdue_at

    checks.change_check(check.id, replace(legal(date(2026, 1, 1)), name="Press"), ZONE, **by)
    assert checks.check_by_id(check.id).overdue_at == before

    checks.change_check(check.id, legal(date(2026, 12, 1)), ZONE, **by)
    assert tap(press, now) is True
    with pytest.raises(CareError, match="how often"):
        checks.change_check(check.id, replace(legal(date(2026, 12, 1)), every_months=0), ZONE, **by)


def test_another_day_for_the_next_check_lets_nobody_in_while_the_last_one_was_not_passed(press, now, by, tmp_path):
    commission(PRESS, now)
    check = checks.add_check(PRESS, legal(date(2026, 12, 24)), ZONE, **by)
    failed = Found(now.date(), "Apave", CheckResult.FAILED, "guard missing")
    checks.report(check.id, failed, (), tmp_path, ZONE, **by)

    checks.change_check(check.id, legal(date(2027, 1, 24)), ZONE, **by)
    assert tap(press, now) == {DenialReason.CHECK_OVERDUE}

    checks.report(check.id, replace(failed, result=CheckResult.PASSED), (), tmp_path, ZONE, **by)
    checks.change_check(check.id, legal(date(2027, 2, 24)), ZONE, **by)
    assert tap(press, now) is True


def test_a_check_that_is_no_longer_asked_for_denies_nobody_and_keeps_its_reports(press, now, by, tmp_path):
    commission(PRESS, now)
    check = checks.add_check(PRESS, legal(date(2026, 1, 1)), ZONE, **by)
    checks.report(check.id, Found(date(2026, 1, 1), "Apave", CheckResult.PASSED), (), tmp_path, ZONE, **by)

    checks.end_check(check.id, "sold its hydraulics", **by)

    assert tap(press, now) is True
    assert db.session.query(CheckReport).count() == 1
    with pytest.raises(CareError, match="no longer asked for"):
        checks.check_by_id(check.id)


# --- closures -----------------------------------------------------------------------------------------------------------


def test_a_closure_keeps_the_machines_of_its_category_closed_for_its_time(press, now, by):
    commission(PRESS, now)
    closures.close_lab(Closed("Cleaning", now + DAY, now + 2 * DAY, "press"), **by)

    during, after = now + DAY + timedelta(minutes=1), now + 2 * DAY
    assert tap(press, now) is True
    assert tap(press, during) == {DenialReason.OUTSIDE_HOURS}
    assert tap(press, during, "p1") is True
    assert tap(press, after) is True


def test_a_closure_of_all_machines_closes_all(press, now, by):
    commission(PRESS, now)
    closures.close_lab(Closed("Power cut", now + DAY, now + 2 * DAY), **by)

    for machine in (PRESS, "p1"):
        assert tap(press, now + DAY, machine) == {DenialReason.OUTSIDE_HOURS}


def test_the_holidays_of_a_year_are_added_once_and_only_those_to_come(lab, now, by):
    assert closures.close_on_holidays(2026, ZONE, **by) == 4
    assert closures.close_on_holidays(2026, ZONE, **by) == 0
    assert closures.close_on_holidays(2027, ZONE, **by) == 13

    facts = load_facts(now, "k1", {}).closures
    all_saints = ClosureFact(None, datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 1, 23, tzinfo=UTC))
    assert facts[0] == all_saints  # from midnight to midnight on the lab's clock
    assert len(facts) == 17


def test_a_holiday_that_was_removed_is_given_back_by_asking_again(lab, now, by):
    closures.close_on_holidays(2026, ZONE, **by)
    first = db.session.scalars(db.select(Closure).order_by(Closure.begins).limit(1)).one()

    closures.remove_closure(first.id, **by)

    assert closures.close_on_holidays(2026, ZONE, **by) == 1


def test_a_holiday_on_which_the_lab_is_closed_anyway_is_not_added(lab, now, by):
    christmas = datetime(2026, 12, 20, tzinfo=UTC)

    closures.close_lab(Closed("Christmas", christmas, christmas + 14 * DAY), **by)

    assert closures.close_on_holidays(2026, ZONE, **by) == 2


def test_what_is_over_stays_and_what_goes_on_only_ends(lab, now, by):
    row = closures.close_lab(Closed("Cleaning", now, now + DAY), **by)
    while_it_lasts = {"actor": "m", "now": now + DAY / 2}
    afterwards = {"actor": "m", "now": now + 2 * DAY}

    with pytest.raises(MachineError, match="let it end"):
        closures.remove_closure(row.id, **while_it_lasts)
    with pytest.raises(MachineError, match="only its name and its end"):
        closures.change_closure(row.id, Closed("Cleaning", now + DAY / 4, now + DAY), **while_it_lasts)
    closures.change_closure(row.id, Closed("Cleaning", now, now + 0.75 * DAY), **while_it_lasts)
    with pytest.raises(MachineError, match="stays as it was"):
        closures.change_closure(row.id, Closed("Cleaning", now, now + 3 * DAY), **afterwards)
    with pytest.raises(MachineError, match="in the past"):
        closures.close_lab(Closed("Late", now, now + DAY), **afterwards)
    with pytest.raises(MachineError, match="before it begins"):
        closures.close_lab(Closed("Odd", now + 5 * DAY, now + 4 * DAY), **afterwards)


def test_the_second_of_two_who_change_a_closure_is_told(lab, now, by):
    row = closures.close_lab(Closed("Cleaning", now + DAY, now + 2 * DAY), **by)
    closures.change_closure(row.id, Closed("Big cleaning", now + DAY, now + 2 * DAY), 1, **by)

    with pytest.raises(Stale):
        closures.change_closure(row.id, Closed("Party", now + DAY, now + 2 * DAY), 1, **by)
    with pytest.raises(Stale):
        closures.remove_closure(row.id, 1, **by)


# --- log only -----------------------------------------------------------------------------------------------------------


def test_log_only_holds_for_its_risk_class_until_its_end(press, now, by):
    log_only.begin(RiskClass.LOW, now + 30 * DAY, "first weeks", **by)

    until = {machine.code: machine.log_only_until for machine in load_facts(now, "k1", {}).machines}
    assert until == {"p1": now + 30 * DAY, PRESS: None}

    log_only.end(RiskClass.LOW, "enough", actor="m", now=now + DAY)
    assert log_only.in_force(now + DAY) == {}
    with pytest.raises(CareError, match="already"):
        log_only.end(RiskClass.LOW, "again", actor="m", now=now + DAY)


def test_log_only_lets_in_whom_a_qualification_would_refuse_but_not_at_a_machine_that_is_not_commissioned(
    press, now, by
):
    training.revoke(press.qualification, "unsafe", **by)
    assert tap(press, now, "p1") == {DenialReason.QUALIFICATION_REVOKED}

    for risk in RiskClass:
        log_only.begin(risk, now + DAY, "first weeks", **by)

    assert tap(press, now, "p1") is True
    assert DenialReason.NOT_COMMISSIONED in tap(press, now)


@pytest.mark.parametrize("days", [-1, 0, 61])
def test_log_only_ends_within_sixty_days(lab, now, by, days):
    with pytest.raises(CareError, match="sixty days"):
        log_only.begin(RiskClass.LOW, now + days * DAY, "why", **by)


# --- identity -----------------------------------------------------------------------------------------------------------


def test_minors_are_as_the_risk_class_says_unless_a_machine_says_otherwise(press, now):
    rules = changes.rules_of(machines.machine_by_code(PRESS))
    found = []

    for risk, minors in ((RiskClass.LOW, None), (RiskClass.MEDIUM, None), (RiskClass.HIGH, None)):
        changes.change_machine(PRESS, replace(rules, risk=risk, minors=minors), actor="m", now=now)
        found.append({one.code: one.minors for one in load_facts(now, "k1", {}).machines}[PRESS])
    changes.change_machine(PRESS, replace(rules, minors=Minors.FRAMED), actor="m", now=now)

    assert found == [Minors.YES, Minors.FRAMED, Minors.NO]
    assert {one.code: one.minors for one in load_facts(now, "k1", {}).machines}[PRESS] is Minors.FRAMED


def test_the_rules_about_two_people_come_back_as_they_were_set(lab, now):
    rules = changes.rules_of(machines.machine_by_code("p1"))
    policy = replace(rules.policy, second_s=30, again_s=1800, supervise_s=900)

    changes.change_machine("p1", replace(rules, policy=policy), actor="m", now=now)

    assert load_facts(now, "k1", {}).machines[0].policy == policy


def test_what_stands_on_the_type_plate_is_kept_and_papers_are_on_the_web(lab, now, by):
    plate = Identity("Prusa", "MK4", "4711", date(2025, 3, 1), "https://prusa.example/mk4", unattended=True)

    identify("p1", plate, **by)

    assert trail("machine", "p1")[0].after["serial"] == "4711"
    for address in ("javascript:alert(1)", "ftp://prusa.example", "manual.pdf"):
        with pytest.raises(MachineError, match="https://"):
            identify("p1", replace(plate, manual_url=address), **by)


def test_another_machine_takes_the_place_and_both_know_of_each_other(press, now, by):
    commission(PRESS, now)
    machines.set_opening_hours("press", [machines.Hours(0, time(8), time(20))], **by)

    new = replace_machine(PRESS, "press-2", "Press 2", Identity(serial="77"), "worn out", **by)

    rows = {row.code: row for row in db.session.scalars(db.select(Machine))}
    old = rows[PRESS]
    assert (old.ended_at, new.agent_id, new.category, new.risk) == (now, old.agent_id, "press", "high")
    assert [one and one.code for pair in map(neighbours, (old, new)) for one in pair] == [None, "press-2", PRESS, None]
    assert denied(now, "press-2") == (DeniedFact(DenialReason.NOT_COMMISSIONED, now),)  # it begins anew
    assert PRESS not in {machine.code for machine in load_facts(now, "k1", {}).machines}
    with pytest.raises(MachineError, match="no longer changed"):
        replace_machine(PRESS, "press-3", "Press 3", Identity(), "again", **by)


def test_rules_go_over_only_where_that_was_asked_for(press, now, by):
    rules = changes.rules_of(machines.machine_by_code(PRESS))
    own = replace(rules, policy=replace(rules.policy, max_s=7200), minors=Minors.FRAMED)
    changes.change_machine(PRESS, own, **by)

    kept = replace_machine(PRESS, "press-2", "Press 2", Identity(), "worn", **by)
    usual = replace_machine("press-2", "press-3", "Press 3", Identity(), "worn", keeps_rules=False, **by)

    assert (kept.max_s, kept.minors, usual.max_s, usual.minors) == (7200, "framed", None, None)


def test_every_moment_from_which_a_check_denies_turns_the_lists(press, now, by):
    from server.domain.facts import next_turn

    commission(PRESS, now)
    checks.add_check(PRESS, legal(date(2026, 10, 20)), ZONE, **by)
    closures.close_lab(Closed("Cleaning", now + DAY, now + 2 * DAY), **by)

    turns, moment = [], now
    while (moment := next_turn(load_facts(now, "k1", {}), moment)) is not None:
        turns.append(moment)
    assert datetime(2026, 10, 20, 22, tzinfo=UTC) in turns
    assert all(first < last for first, last in pairwise(turns))
