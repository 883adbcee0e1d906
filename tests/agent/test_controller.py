"""The whole box but its pins, wires and clocks: from a tap to a relay and a row on disk, and back after the power went."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import driver, lists
from agent.hardware import FrameRefused, Input, Moved, ReaderDown, ReaderUp
from agent.reports import Connected, Disconnected, LinkTrouble, ReceiptArrived
from tests.agent.fakes import ADA, BOB, HOUR, KEY, START_MS, STRANGER, Box, a_list, a_machine, stamp, token
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Checkpoint,
    DenialReason,
    EndReason,
    Fault,
    Gap,
    MachineState,
    OnLoss,
    OnMaximum,
    Policy,
    Revocation,
    RevocationsInForce,
    RiskClass,
    Service,
    SessionEnded,
    SessionStarted,
    TimeQuality,
    TokenRekeyed,
    WireError,
    WrappedKey,
    encode,
)
from wire.tokens import fingerprint, wrap


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """Connected, with a list that lets Ada and Bob use both printers."""
    box = Box(tmp_path)
    yield box.tell(Connected()).give(a_list())
    box.close()


def running(box: Box, seconds: float = 10) -> str:
    """Ada starts p1. Returns the session's id."""
    box.at(seconds).tap(ADA)
    assert box.relays["p1"].on
    return str(box.of(SessionStarted)[-1].session)


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


# --- after a restart ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_loss", OnLoss)
def test_after_a_restart_nothing_runs_by_itself_and_the_session_ends_at_its_checkpoint(
    tmp_path: Path, on_loss: OnLoss
) -> None:
    box = Box(tmp_path, on_loss).tell(Connected()).give(a_list())
    session = running(box, 0)
    box.at(100).tap(BOB).at(119)

    box.restart(500)

    (end,) = box.of(SessionEnded)
    assert (end.session, end.reason, end.occupied_s, end.taps) == (session, EndReason.POWER_LOSS, 90, 1)
    assert end.ended == stamp(90)
    assert not box.relays["p1"].on
    assert box.state.running() == []
    box.close()


def test_after_a_restart_the_last_list_is_enforced_without_any_network(box: Box) -> None:
    box.restart(500)

    box.tap(ADA)

    assert box.relays["p1"].on
    assert box.report().revision == 1


def test_a_boot_without_a_clock_starts_printers_and_refuses_the_mill(box: Box) -> None:
    box.give(a_list(a_machine("p1"), a_machine("p2", risk=RiskClass.HIGH), revision=2))
    box.at(1000).tap(STRANGER)
    box.restart(-9 * HOUR, quality=TimeQuality.ESTIMATED)

    box.tap(ADA, "p1").tap(BOB, "p2")

    assert box.relays["p1"].on
    assert box.of(AccessDenied)[-1].reasons == (DenialReason.CLOCK_NOT_SET,)
    assert box.of(SessionStarted)[0].started.wall_ms >= START_MS + 1_000_000


def test_each_start_of_the_agent_is_an_event(box: Box) -> None:
    box.restart(500)

    assert [event.at.boot for event in box.of(AgentStarted)] == ["boot-1", "boot-2"]


def test_a_stop_in_order_releases_records_that_second_and_says_offline(box: Box) -> None:
    running(box, 0)

    box.at(75).stop()

    (end,) = box.of(SessionEnded)
    assert (end.reason, end.occupied_s) == (EndReason.SHUTDOWN, 75)
    assert not box.relays["p1"].on
    assert not box.status.online


def test_a_corrupt_state_file_is_reported_as_a_gap_and_the_box_goes_on(box: Box) -> None:
    running(box)
    outbox = box.state.position.outbox
    box.state.close()
    box.state.path.write_bytes(b"not a database" * 1000)

    box.start()

    (gap,) = box.of(Gap)
    assert gap.reason
    assert box.state.position.outbox != outbox
    assert box.events[0] == gap
    box.give(a_list()).tap(ADA)
    assert box.relays["p1"].on


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
    box.at(30).tap(ADA).at(31).tap(ADA).at(40).tap(ADA)

    assert not box.relays["p1"].on
    assert DenialReason.OUT_OF_SERVICE in box.of(AccessDenied)[-1].reasons
    assert box.status.machines[0].state is MachineState.OUT_OF_SERVICE


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


# --- failures -----------------------------------------------------------------------------------------------------------


def test_a_pin_that_fails_at_the_start_leaves_it_released_and_locked(box: Box) -> None:
    box.relays["p1"].broken = True

    box.tap(ADA)

    (end,) = box.of(SessionEnded)
    assert end.reason is EndReason.OUTPUT_FAILED
    assert box.relays["p1"].closed
    assert box.status.machines[0].latched
    box.at(10).tap(ADA)
    assert DenialReason.LATCHED in box.of(AccessDenied)[-1].reasons


def test_a_pin_that_fails_at_the_end_is_given_up_and_the_end_is_recorded(box: Box) -> None:
    running(box)
    box.relays["p1"].broken = True

    box.at(30).tap(ADA).at(31).tap(ADA)

    assert not box.relays["p1"].on
    assert box.of(SessionEnded)[0].reason is EndReason.HOLDER
    assert [fault.code for fault in box.of(Fault)] == ["output_failed"]
    assert box.status.machines[0].state is MachineState.OUT_OF_SERVICE


def test_a_latch_survives_a_restart_and_is_cleared_by_staff(box: Box) -> None:
    box.relays["p1"].broken = True
    box.tap(ADA)
    (fault,) = box.of(Fault)
    number = box.events.index(fault) + 1
    box.restart(100)
    assert box.status.machines[0].state is MachineState.OUT_OF_SERVICE

    box.give(a_list(a_machine(clear_latch_upto=number - 1), revision=2))
    assert box.status.machines[0].latched
    box.give(a_list(a_machine(clear_latch_upto=number), revision=3))

    assert box.status.machines[0].state is MachineState.IDLE
    assert box.state.latches() == {}


def test_what_cannot_be_written_does_not_start(box: Box) -> None:
    box.disk_full().tap(ADA)

    assert not box.relays["p1"].on
    assert box.shows == "Refused | Box out of order | No start now | Tell the workshop"
    assert box.of(SessionStarted) == []


def test_a_full_disk_stops_nothing_and_the_end_is_written_later_marked_estimated(box: Box) -> None:
    running(box, 0)
    box.disk_full().at(100).tap(ADA).at(103).tap(ADA)
    assert not box.relays["p1"].on
    assert box.of(SessionEnded) == []
    assert box.status.machines[0].state is MachineState.ENDING

    box.disk_full(False).at(120)

    (end,) = box.of(SessionEnded)
    assert (end.occupied_s, end.ended.quality) == (103, TimeQuality.ESTIMATED)
    assert box.status.machines[0].state is MachineState.IDLE
    assert box.status.machines[0].faults == ()
    box.tap(ADA)
    assert box.relays["p1"].on


def test_a_disk_that_was_full_for_a_moment_lets_machines_start_again(box: Box) -> None:
    box.disk_full().tap(ADA).disk_full(False)

    box.at(10).tap(ADA)

    assert box.relays["p1"].on


def test_a_reader_that_dies_does_not_stop_a_running_print(box: Box) -> None:
    running(box)

    box.at(20).tell(ReaderDown("p1", "unplugged")).tell(ReaderDown("p1", "unplugged")).at(200)

    assert box.relays["p1"].on
    assert [(fault.machine, fault.code) for fault in box.of(Fault)] == [("p1", "reader_dead")]
    assert box.status.machines[0].faults == ("reader_dead",)
    assert box.tell(ReaderUp("p1")).status.machines[0].faults == ()


def test_a_reader_that_comes_and_goes_is_told_now_and_then_with_a_count(box: Box) -> None:
    for second in range(1, 700, 10):
        box.at(second).tell(ReaderDown("p1", "loose")).tell(ReaderUp("p1"))

    assert [fault.count for fault in box.of(Fault)] == [1, 60]


def test_frames_that_are_none_are_counted_and_do_nothing(box: Box) -> None:
    for second in range(3):
        box.at(second).tell(FrameRefused("p1", "wrong checksum"))

    (fault,) = box.of(Fault)
    assert (fault.machine, fault.code, fault.detail) == ("p1", "frame_refused", "wrong checksum")


def test_a_status_that_cannot_be_told_stops_nothing_and_sets_every_machine_aside(box: Box) -> None:
    box.tap(ADA).at(100)
    box.line.broken = True

    box.tap(BOB, "p2").at(110)

    assert (box.relays["p1"].on, box.relays["p2"].on) == (True, True)
    assert {(fault.machine, fault.code) for fault in box.of(Fault)} == {
        ("p1", "effect_failed"),
        ("p2", "effect_failed"),
    }
    box.line.broken = False
    box.tap(ADA).at(112).tap(ADA)
    assert not box.relays["p1"].on
    box.tap(ADA)
    assert not box.relays["p1"].on, "set aside until staff have looked"


def test_an_error_of_ours_that_keeps_everything_from_being_written_releases_nothing(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise TypeError("we are wrong")

    box.tap(ADA).at(100)
    monkeypatch.setattr("agent.driver._write", broken)

    box.tap(BOB).at(200)

    assert box.relays["p1"].on
    assert box.status.machines[0].latched
    box.tap(ADA).at(201).tap(ADA)
    assert not box.relays["p1"].on, "an end releases first"


def test_an_end_that_an_error_of_ours_kept_from_the_disk_is_written_half_a_second_later_and_says_so(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [TypeError("we are wrong")]
    write = driver._write

    def wrong_once(*arguments: Any) -> list[int]:
        if errors:
            raise errors.pop()
        return write(*arguments)

    box.tap(ADA).at(100).tap(ADA).at(101)
    monkeypatch.setattr(driver, "_write", wrong_once)

    box.tap(ADA)

    assert not box.relays["p1"].on
    assert box.of(SessionEnded) == []
    (ended,) = box.at(102).of(SessionEnded)
    assert (ended.reason, ended.occupied_s, ended.ended.quality) == (EndReason.HOLDER, 101, TimeQuality.ESTIMATED)
    assert box.status.machines[0].state is MachineState.OUT_OF_SERVICE
    assert [fault.code for fault in box.of(Fault)] == ["effect_failed"]


def test_a_broker_that_goes_away_stops_nothing_and_denies_nothing(box: Box) -> None:
    running(box)

    box.at(20).tell(Disconnected()).at(2 * HOUR).tap(BOB, "p2")

    assert box.relays["p1"].on
    assert box.relays["p2"].on
    assert box.of(Fault) == []


def test_an_unreadable_list_is_told_and_the_old_one_stays(box: Box) -> None:
    box.tell(LinkTrouble("list_unreadable", "machines[0].risk: missing"))

    assert [(fault.machine, fault.code) for fault in box.of(Fault)] == [(None, "list_unreadable")]
    assert box.report().revision == 1


def test_an_error_of_ours_in_telling_never_drops_a_running_machine_but_locks_its_next_start(box: Box) -> None:
    running(box)
    box.panel.broken = True

    box.at(60).tap(ADA)
    assert box.relays["p1"].on
    box.at(62).tap(ADA)

    assert not box.relays["p1"].on
    assert box.status.machines[0].state is MachineState.OUT_OF_SERVICE
    assert "effect_failed" in [fault.code for fault in box.of(Fault)]


def test_an_error_of_ours_in_handling_a_report_never_drops_a_running_machine(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(box)
    monkeypatch.setattr("agent.controller.tapped", lambda *given: 1 / 0)

    box.at(20).tap(BOB).at(100)

    assert box.relays["p1"].on
    assert box.status.machines[0].latched


def test_when_the_loop_itself_dies_every_relay_is_released(box: Box) -> None:
    running(box)

    with pytest.raises(Exception):  # noqa: B017, PT011 — an empty queue stands for whatever ends the loop
        box.controller.run()

    assert not box.relays["p1"].on


def test_a_status_is_told_only_when_something_in_it_has_changed(box: Box) -> None:
    told = len(box.line.statuses)
    box.tap(STRANGER).at(5).tap(STRANGER).at(20)
    assert len(box.line.statuses) == told

    running(box, 30)

    assert len(box.line.statuses) == told + 1
    assert box.status.machines[0].session == box.of(SessionStarted)[0].session


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
