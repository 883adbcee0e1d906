"""What a box does when something fails: reader, disk, panel, output, our own code; power stays where the matrix says so."""

from typing import Any

import pytest

from agent import driver
from agent.hardware import FrameRefused, ReaderDown, ReaderUp
from agent.reports import Disconnected, LinkTrouble
from tests.agent.fakes import ADA, BOB, HOUR, STRANGER, Box, a_list, a_machine, running
from wire.messages import (
    AccessDenied,
    DenialReason,
    EndReason,
    Fault,
    MachineState,
    SessionEnded,
    SessionStarted,
    TimeQuality,
)


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
    after = box.give(a_list(a_machine(clear_latch_upto=number), revision=3))

    assert after.status.machines[0].state is MachineState.IDLE
    assert after.state.latches() == {}


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

    after = box.disk_full(False).at(120)

    (end,) = after.of(SessionEnded)
    assert (end.occupied_s, end.ended.quality) == (103, TimeQuality.ESTIMATED)
    assert after.status.machines[0].state is MachineState.IDLE
    assert after.status.machines[0].faults == ()
    after.tap(ADA)
    assert after.relays["p1"].on


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
    after = box.at(62).tap(ADA)

    assert not after.relays["p1"].on
    assert after.status.machines[0].state is MachineState.OUT_OF_SERVICE
    assert "effect_failed" in [fault.code for fault in after.of(Fault)]


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
