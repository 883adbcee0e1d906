"""The whole box but its pins, wires and clocks: from a tap to a relay and a row on disk, and back after the power went."""

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from agent import lists
from agent.hardware import Input, Moved
from agent.reports import Connected, Disconnected, ReceiptArrived
from tests.agent.fakes import ADA, BOB, HOUR, KEY, START_MS, STRANGER, Box, a_list, a_machine, running, token
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Checkpoint,
    DenialReason,
    EndReason,
    Fault,
    Gap,
    MachineState,
    OnMaximum,
    Policy,
    Revocation,
    RevocationsInForce,
    Service,
    SessionEnded,
    SessionStarted,
    TokenRekeyed,
    WireError,
    WrappedKey,
    encode,
)
from wire.tokens import fingerprint, wrap

# --- start and end ------------------------------------------------------------------------------------------------------


def test_the_evidence_is_on_disk_before_the_relay_closes(box: Box) -> None:
    box.diary.clear()

    running(box)

    assert box.diary[:2] == ["commit", "p1 on"]


def test_the_start_and_its_running_row_are_one_commit(box: Box) -> None:
    box.diary.clear()

    running(box)

    assert box.diary.count("commit") == 1
    assert [session.id for session in box.state.running()] == [box.of(SessionStarted)[0].session]


def test_the_relay_opens_before_the_end_is_recorded(box: Box) -> None:
    running(box)
    box.at(100).tap(ADA).at(103)
    box.diary.clear()

    box.tap(ADA)

    assert box.diary[:2] == ["p1 off", "commit"]


def test_a_session_is_recorded_with_its_seconds_its_taps_and_who_pays(box: Box) -> None:
    session = running(box)

    box.at(50).tap(BOB).at(100).tap(ADA).at(103.5).tap(ADA)

    (end,) = box.of(SessionEnded)
    assert (end.session, end.holder, end.payer, end.reason) == (session, 1, "acme", EndReason.HOLDER)
    assert (end.occupied_s, end.powered_s, end.taps) == (93, 93, 3)
    assert (end.started.wall_ms, end.ended.wall_ms) == (START_MS + 10_000, START_MS + 103_500)
    assert box.state.running() == []


def test_one_tap_alone_ends_nothing(box: Box) -> None:
    running(box)

    box.at(100).tap(ADA).at(106).tap(ADA).at(112)

    assert box.relays["p1"].on
    assert box.shows.startswith("In use")


def test_another_holder_is_refused_and_counted(box: Box) -> None:
    running(box)

    box.at(20).tap(BOB).at(21).tap(BOB)

    denials = box.of(AccessDenied)
    assert box.relays["p1"].on
    assert [(one.holder, one.token, one.reasons) for one in denials] == [(2, token(BOB), (DenialReason.IN_USE,))] * 2
    assert box.state.running()[0].taps == 2


def test_an_unknown_badge_is_refused_with_its_fingerprint_and_a_way_on(box: Box) -> None:
    box.tap(STRANGER)

    (denied,) = box.of(AccessDenied)
    assert (denied.token, denied.holder) == (token(STRANGER), None)
    assert box.shows == "Refused | Unknown badge | Ask at the desk"
    assert not box.relays["p1"].on


def test_a_refusal_is_shown_for_four_seconds(box: Box) -> None:
    box.tap(STRANGER)

    assert box.at(3.9).shows.startswith("Refused")
    assert box.at(4).shows.startswith("Printer p1 | Free")


def test_a_card_id_is_nowhere_on_disk_and_nowhere_in_a_status(box: Box) -> None:
    running(box)
    box.tap(STRANGER, "p2")

    disk = b"".join(path.read_bytes() for path in box.directory.iterdir())
    said = " ".join(map(str, box.line.statuses))

    for card_id in (ADA, STRANGER):
        number = card_id.removeprefix("em4100:")
        assert number.encode() not in disk
        assert number not in said


def test_machines_of_one_agent_do_not_disturb_each_other(box: Box) -> None:
    running(box)

    box.at(20).tap(BOB, "p2").at(30).tap(BOB, "p2").at(31).tap(BOB, "p2")

    assert box.relays["p1"].on
    assert not box.relays["p2"].on


# --- time ---------------------------------------------------------------------------------------------------------------


def test_the_maximum_warns_and_the_job_goes_on(box: Box) -> None:
    box.give(a_list(a_machine(policy=Policy(max_s=HOUR)), revision=2))
    running(box, 0)

    box.at(HOUR + 40)

    assert box.relays["p1"].on
    assert "Time limit reached" in box.shows


def test_the_maximum_cuts_where_policy_says_so_to_the_second(box: Box) -> None:
    box.give(a_list(a_machine(policy=Policy(max_s=HOUR, on_max=OnMaximum.CUT)), revision=2))
    running(box, 0)

    box.at(HOUR + 40)

    (end,) = box.of(SessionEnded)
    assert (end.reason, end.occupied_s) == (EndReason.MAX_DURATION, HOUR)
    assert not box.relays["p1"].on


def test_the_checkpoint_is_a_row_and_in_the_status_and_not_an_event(box: Box) -> None:
    running(box, 0)
    events = len(box.events)

    box.at(95)

    assert box.state.running()[0].checkpoint_s == 90
    assert box.status.machines[0].checkpoint_s == 90
    assert len(box.events) == events


def test_each_hour_one_event_tells_the_seconds_of_all_that_runs(box: Box) -> None:
    running(box, 0)
    box.at(1800).tap(BOB, "p2")

    box.at(2 * HOUR + 5)

    told = [[(one.machine, one.occupied_s) for one in event.running] for event in box.of(Checkpoint)]
    assert told == [[("p1", 3600), ("p2", 1800)], [("p1", 7200), ("p2", 5400)]]


def test_an_idle_agent_writes_no_checkpoints(box: Box) -> None:
    box.at(5 * HOUR)

    assert box.of(Checkpoint) == []


def test_a_clock_that_is_set_back_while_running_does_not_go_below_what_is_on_disk(box: Box) -> None:
    running(box, 100)
    box.clock.stamp = replace(box.clock.stamp, mono_ms=110_000, wall_ms=START_MS - HOUR * 1000)

    box.tap(BOB)

    assert box.of(AccessDenied)[0].at.wall_ms == START_MS + 100_000


def test_the_journal_is_folded_in_when_nobody_has_held_a_badge_for_a_moment(box: Box) -> None:
    for second in range(60):
        box.at(second).tap(STRANGER)
    untidy_while_people_tap = box.state.untidy

    box.at(62)

    assert untidy_while_people_tap
    assert not box.state.untidy


# --- lists --------------------------------------------------------------------------------------------------------------


def test_a_list_that_is_not_newer_changes_nothing(box: Box) -> None:
    box.give(a_list(revision=5))

    box.give(a_list(a_machine(service=Service.OUT), revision=5)).give(
        a_list(a_machine(service=Service.OUT), revision=4)
    )

    assert box.report().revision == 5
    assert box.status.machines[0].state is MachineState.IDLE


@pytest.mark.parametrize(
    ("listed", "code"),
    [(a_list(agent="agent-2", revision=9), "list_foreign"), (a_list(key_id="k2", revision=9), "list_wrong_key")],
)
def test_a_list_that_is_not_ours_is_ignored_and_told(box: Box, listed: object, code: str) -> None:
    box.give(listed)  # type: ignore[arg-type]

    assert box.report().revision == 1
    assert [fault.code for fault in box.of(Fault)] == [code]


def test_a_list_never_touches_what_runs_and_denies_the_next_start(box: Box) -> None:
    running(box)

    box.at(20).give(a_list(a_machine(service=Service.OUT, may=()), revision=2))
    assert box.relays["p1"].on
    after = box.at(30).tap(ADA).at(31).tap(ADA).at(40).tap(ADA)

    assert not after.relays["p1"].on
    assert DenialReason.OUT_OF_SERVICE in after.of(AccessDenied)[-1].reasons
    assert after.status.machines[0].state is MachineState.OUT_OF_SERVICE


def test_staff_ends_a_session_by_its_name(box: Box) -> None:
    session = running(box, 0)

    box.at(60).give(a_list(a_machine(end_session=session), revision=2))

    (end,) = box.of(SessionEnded)
    assert (end.reason, end.occupied_s) == (EndReason.STAFF, 60)
    assert not box.relays["p1"].on


def test_no_list_ever_closes_a_relay(box: Box) -> None:
    running(box)
    box.at(30).tap(ADA).at(31).tap(ADA)
    box.diary.clear()

    for revision, service in enumerate(Service, 2):
        box.give(a_list(a_machine(service=service), revision=revision))
    box.tell(Disconnected()).tell(Connected())

    assert not [entry for entry in box.diary if entry.endswith("on")]


def test_an_unknown_rule_takes_the_machine_out_of_service(box: Box) -> None:
    box.give(a_list(a_machine(requires=("confirmed_end", "two_people")), revision=2))

    box.tap(ADA)

    assert box.of(AccessDenied)[0].reasons == (DenialReason.AGENT_UPDATE_NEEDED,)
    assert box.status.machines[0].state is MachineState.OUT_OF_SERVICE


def test_each_revocation_is_reported_once_also_over_a_restart(box: Box) -> None:
    lost, stolen = Revocation("token", "a", 1), Revocation("membership", "b", 2)
    box.give(a_list(revoked=(lost,), revision=2)).give(a_list(revoked=(lost, stolen), revision=3))
    box.restart(100)

    box.give(a_list(revoked=(lost, stolen), revision=4))

    told = [(event.revision, event.revoked) for event in box.of(RevocationsInForce)]
    assert told == [(2, (lost,)), (3, (stolen,))]


def test_an_expired_list_denies_new_starts_and_the_panel_says_so(box: Box) -> None:
    until_ms = START_MS + 600_000
    box.give(a_list(*(a_machine(name, valid_until_ms=until_ms) for name in ("p1", "p2")), revision=2))
    running(box)

    box.at(601).tap(BOB, "p2")

    assert box.relays["p1"].on
    assert box.of(AccessDenied)[-1].reasons == (DenialReason.LIST_EXPIRED,)
    box.at(610)
    assert "No network" in box.panel.shown["p2"].lines


def test_the_garbage_collector_leaves_a_list_alone_and_goes_on_with_the_rest() -> None:
    before = gc.get_freeze_count()

    lists.read(encode(a_list()))
    with pytest.raises(WireError):
        lists.read(b"[]")

    assert gc.get_freeze_count() > before
    assert gc.isenabled()
    gc.unfreeze()


# --- receipts -----------------------------------------------------------------------------------------------------------


def test_a_receipt_is_remembered_and_a_lower_one_as_well(box: Box) -> None:
    box.tap(STRANGER).tap(STRANGER)
    assert box.report().unreceipted == 3

    box.receipt(3)
    assert box.report().unreceipted == 0
    box.receipt(1)

    assert box.report().unreceipted == 2
    assert len(box.events) == 3


def test_a_receipt_for_other_outboxes_only_means_that_the_server_has_nothing_of_ours(box: Box) -> None:
    box.receipt(1)

    box.tell(ReceiptArrived({"another": 99}))

    assert box.report().unreceipted == 1


def test_a_server_that_knows_more_than_the_card_gets_a_new_outbox_and_all_that_is_new(box: Box) -> None:
    box.receipt(1).tap(STRANGER)
    old = box.state.position.outbox

    box.receipt(500)

    assert box.state.position.outbox != old
    assert [type(event) for event in box.events] == [AccessDenied, Gap]
    assert box.of(Gap)[0].lost_outbox == old
    assert box.report().unreceipted == 2


# --- site keys ----------------------------------------------------------------------------------------------------------


def test_a_badge_that_the_list_knows_by_an_older_key_starts_first_and_tells_its_new_name_then(tmp_path: Path) -> None:
    newer = bytes(range(16, 48))
    box = Box(tmp_path).connected()
    box.give(a_list(keys=(WrappedKey("k2", "k1", wrap(newer, "k2", KEY)),))).tap(ADA)

    kinds = [type(event) for event in box.events]
    (renamed,) = box.of(TokenRekeyed)
    assert box.relays["p1"].on
    assert kinds.index(SessionStarted) < kinds.index(TokenRekeyed)
    assert (renamed.old, renamed.new, renamed.key_id) == (token(ADA), fingerprint(ADA, newer), "k2")
    box.close()


def test_a_badge_that_nobody_knows_is_told_by_the_newest_key(tmp_path: Path) -> None:
    newer = bytes(range(16, 48))
    box = Box(tmp_path).connected()
    box.give(a_list(keys=(WrappedKey("k2", "k1", wrap(newer, "k2", KEY)),))).tap(STRANGER)

    assert [(one.token, one.key_id) for one in box.of(AccessDenied)] == [(fingerprint(STRANGER, newer), "k2")]
    assert box.of(TokenRekeyed) == []
    box.close()


# --- several things at once ---------------------------------------------------------------------------------------------


def test_a_take_over_whose_release_fails_starts_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(cooldown_s=600))))
    box.tap(ADA).at(100).tap(ADA).at(102).tap(ADA)
    box.relays["p1"].broken = True

    box.at(110).tap(BOB)

    assert [one.holder for one in box.of(SessionStarted)] == [1]
    assert [(one.holder, one.reason) for one in box.of(SessionEnded)] == [(1, EndReason.HOLDER)]
    assert box.state.running() == []
    assert box.status.machines[0].latched
    box.close()


def test_two_receipts_that_both_ask_for_a_new_outbox_renew_it_once(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list())
    for second in range(0, 100, 10):
        box.at(second).tap(STRANGER)
    last_n = box.state.position.last_n
    box.receipt(4).disk_full().receipt(last_n + 5).receipt(last_n + 6)

    box.disk_full(False).at(200)

    kept = [type(event) for event in box.events]
    assert kept.count(AccessDenied) == last_n - 4 - (1 if AgentStarted in kept else 0)
    assert len(box.of(Gap)) == 1
    box.close()


def test_a_blocked_badge_of_staff_clears_nothing(tmp_path: Path) -> None:
    lab = a_list(a_machine("p1", staff=(1,)))
    blocked = replace(lab, holders=(replace(lab.holders[0], denied=DenialReason.TOKEN_BLOCKED), *lab.holders[1:]))

    good, bad = Box(tmp_path / "good"), Box(tmp_path / "bad")
    for box, given in ((good, lab), (bad, blocked)):
        box.connected().give(given).tell(Moved("p1", Input.PROBLEM, True)).at(10).tap(ADA).at(12).tap(ADA)

    assert [one.problem for one in (good.status.machines[0], bad.status.machines[0])] == [False, True]
    good.close()
    bad.close()
