"""What a restart finds: sessions that were cut, actuators that held all the while, and what must be remembered."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.hardware import Input, LeftLying, Moved, OutputTrouble, Removed
from agent.reports import Connected, Drain
from tests.agent.fakes import ADA, BOB, HOUR, START_MS, STRANGER, Box, a_list, a_machine, running, stamp
from wire.messages import (
    AccessDenied,
    AgentStarted,
    DenialReason,
    EndReason,
    Fault,
    Gap,
    MachineState,
    OnLoss,
    Policy,
    RiskClass,
    SessionAdopted,
    SessionEnded,
    SessionStarted,
    TimeQuality,
)


def holding(directory: Path, **policy: Any) -> Box:
    box = Box(directory, OnLoss.HOLD).connected()
    return box.give(a_list(a_machine("p1", policy=Policy(**policy)), a_machine("p2")))


def held_through(box: Box, seconds: float, boot: str = "boot-2", *, held: bool = True) -> Box:
    """The agent was gone until then, and the actuator says whether it kept its contact."""
    box.held = held
    box.restart(seconds, boot)
    return box


def test_an_actuator_that_proves_that_it_held_goes_on_with_the_same_session(tmp_path: Path) -> None:
    box = holding(tmp_path).tap(ADA).at(100)

    held_through(box, 160)

    (adopted,) = box.of(SessionAdopted)
    (started,) = box.of(SessionStarted)
    assert (adopted.session, adopted.gap_s) == (started.session, 70), "since the last checkpoint, at 90 s"
    assert box.of(SessionEnded) == []
    assert box.status.machines[0].state is MachineState.RUNNING
    assert "p1 off" not in box.diary
    box.close()


def test_the_gap_is_counted_in_the_session_and_marked(tmp_path: Path) -> None:
    box = held_through(holding(tmp_path).tap(ADA).at(100), 160)

    box.at(101).tap(ADA).at(103).tap(ADA)  # this boot began one second before 160

    (end,) = box.of(SessionEnded)
    assert (end.reason, end.occupied_s, end.gap_s) == (EndReason.HOLDER, 160 + 102, 70)
    box.close()


def test_within_one_boot_the_gap_is_exact_whatever_the_clock_says(tmp_path: Path) -> None:
    box = holding(tmp_path).tap(ADA).at(100)
    box.held = True
    box.state.close()
    box.clock.stamp = replace(stamp(160), wall_ms=START_MS + 9_999_000)
    box.start()

    assert [one.gap_s for one in box.of(SessionAdopted)] == [70]
    box.close()


def test_an_adopted_session_still_ends_at_its_longest_time(tmp_path: Path) -> None:
    box = holding(tmp_path, max_s=300).tap(ADA).at(100)

    held_through(box, 160).at(200)

    assert box.of(SessionEnded) == []
    assert box.panel.shown["p1"].hint == "Finish soon"
    box.close()


def test_a_session_that_is_adopted_twice_counts_both_gaps(tmp_path: Path) -> None:
    box = held_through(holding(tmp_path).tap(ADA).at(100), 160)
    box.state.close()
    held_through(box, 260, "boot-3")

    assert [one.gap_s for one in box.of(SessionAdopted)] == [70, 100]
    box.close()


def test_an_actuator_that_let_go_ends_it_at_the_last_checkpoint(tmp_path: Path) -> None:
    box = held_through(holding(tmp_path).tap(ADA).at(100), 160, held=False)

    (end,) = box.of(SessionEnded)
    assert (end.reason, end.occupied_s, end.gap_s) == (EndReason.POWER_LOSS, 90, 0)
    box.close()


def test_a_plain_relay_never_goes_on_whatever_it_says(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list()).tap(ADA).at(100)

    held_through(box, 160)

    assert [one.reason for one in box.of(SessionEnded)] == [EndReason.POWER_LOSS]
    box.close()


def test_what_nobody_uses_is_released_at_the_start(tmp_path: Path) -> None:
    """A plug may be on that no session knows of: somebody pressed its own button while we were away."""
    box = holding(tmp_path)

    held_through(box, 100)

    assert box.relays["p1"].released
    box.close()


def test_a_stop_in_order_leaves_a_holding_actuator_on_and_any_other_off(tmp_path: Path) -> None:
    hold, plain = holding(tmp_path / "hold"), Box(tmp_path / "plain").connected().give(a_list())

    for box in (hold, plain):
        box.tap(ADA).at(100).stop()

    assert (hold.relays["p1"].on, plain.relays["p1"].on) == (True, False)
    assert hold.of(SessionEnded) == []
    assert [one.reason for one in plain.of(SessionEnded)] == [EndReason.SHUTDOWN]
    hold.close()
    plain.close()


def test_a_cool_down_that_was_cut_ends_as_the_holder_ended_it(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(cooldown_s=120))))
    box.tap(ADA).at(100).tap(ADA).at(102).tap(ADA).at(150)

    box.restart(500)

    (end,) = box.of(SessionEnded)
    assert (end.reason, end.occupied_s, end.cooldown_s, end.powered_s) == (EndReason.HOLDER, 102, 48, 150)
    box.close()


def test_the_next_start_of_the_same_holder_continues_what_a_power_loss_ended(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(continue_s=3600))))
    box.tap(ADA).at(100)
    (first,) = box.of(SessionStarted)

    box.restart(500).tap(ADA)

    assert [one.continues for one in box.of(SessionStarted)] == [None, first.session]
    box.close()


def test_a_session_cut_before_its_first_checkpoint_pays_nothing_and_so_is_not_continued(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(continue_s=3600))))
    box.tap(ADA).at(20)

    box.restart(500).tap(ADA)

    assert [one.occupied_s for one in box.of(SessionEnded)] == [0]
    assert [one.continues for one in box.of(SessionStarted)] == [None, None]
    box.close()


def test_two_cuts_in_a_row_still_continue_the_session_that_paid(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(continue_s=3600))))
    box.tap(ADA).at(100)
    (first,) = box.of(SessionStarted)

    box.restart(500).tap(ADA).at(20)
    box.restart(900, "boot-3").tap(ADA)

    assert [one.continues for one in box.of(SessionStarted)] == [None, first.session, first.session]
    box.close()


def test_somebody_elses_start_continues_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(continue_s=3600))))
    box.tap(ADA).at(100)

    box.restart(500).tap(BOB)

    assert [one.continues for one in box.of(SessionStarted)] == [None, None]
    box.close()


def test_a_reported_problem_is_latched_over_a_restart(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list()).tell(Moved("p1", Input.PROBLEM, True))

    box.restart(500).tap(ADA)

    assert not box.relays["p1"].on
    assert box.status.machines[0].problem
    box.close()


def test_the_last_proof_of_an_open_contact_is_kept_over_a_restart(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list()).tap(ADA).tell(Moved("p1", Input.CONTACT, True)).at(100)
    box.tap(ADA).at(102).tap(ADA).tell(Moved("p1", Input.CONTACT, False))

    box.restart(500)

    assert box.status.machines[0].proven_open_ms == START_MS + 102_000
    box.close()


def test_an_agent_that_drains_ends_with_its_last_session(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list()).tap(ADA).at(100).tell(Drain())
    assert not box.stopped
    box.tap(BOB, "p2")
    assert not box.relays["p2"].on

    after = box.at(110).tap(ADA).at(111).tap(ADA)

    assert after.stopped
    assert [one.reason for one in after.of(SessionEnded)] == [EndReason.HOLDER]
    after.close()


def test_an_output_that_does_not_obey_from_its_own_thread_ends_the_session(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list()).tap(ADA).at(100).tell(OutputTrouble("p1", "the plug is gone"))

    assert [one.reason for one in box.of(SessionEnded)] == [EndReason.OUTPUT_FAILED]
    assert [one.code for one in box.of(Fault)] == ["output_failed"]
    box.close()


def test_an_agent_that_starts_says_so_before_it_says_what_it_found(tmp_path: Path) -> None:
    box = held_through(holding(tmp_path).tap(ADA).at(100), 160)

    kinds = [type(event) for event in box.events]
    assert kinds.index(SessionAdopted) > max(n for n, kind in enumerate(kinds) if kind is AgentStarted)
    box.close()


def test_an_actuator_that_holds_keeps_nothing_on_above_low_risk(tmp_path: Path) -> None:
    box = Box(tmp_path, OnLoss.HOLD).connected().give(a_list(a_machine("p1"))).tap(ADA).at(100)
    box.give(a_list(a_machine("p1", risk=RiskClass.HIGH), revision=2))
    assert box.relays["p1"].on, "what runs goes on"

    held_through(box, 160)

    assert [one.reason for one in box.of(SessionEnded)] == [EndReason.POWER_LOSS]
    assert box.relays["p1"].released
    box.close()


def test_where_the_card_stays_in_an_adopted_session_waits_for_its_card(tmp_path: Path) -> None:
    gone, back, there, other = (holding(tmp_path / name, removal_s=10) for name in ("gone", "back", "there", "other"))
    for box in (gone, back, there, other):
        held_through(box.tap(ADA).at(100), 160)

    back.at(2).tap(ADA)
    there.at(2).tell(LeftLying("p1", ADA))
    other.at(2).tell(LeftLying("p1", BOB))
    for box in (gone, back, there, other):
        box.at(60)

    for box in (gone, other):
        assert [one.reason for one in box.of(SessionEnded)] == [EndReason.CARD_REMOVED]
    for box in (back, there):
        assert box.of(SessionEnded) == []
    there.tell(Removed("p1")).at(80)
    assert [one.reason for one in there.of(SessionEnded)] == [EndReason.CARD_REMOVED]
    for box in (gone, back, there, other):
        box.close()


def test_a_card_that_lies_where_it_should_while_its_reader_starts_again_is_no_tap(tmp_path: Path) -> None:
    box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=Policy(removal_s=10)))).tap(ADA).at(100)

    box.tell(LeftLying("p1", BOB)).at(105).tell(LeftLying("p1", ADA)).at(200)
    assert box.relays["p1"].on
    box.tell(LeftLying("p1", BOB)).at(220)

    assert [one.reason for one in box.of(SessionEnded)] == [EndReason.CARD_REMOVED]
    box.close()


@pytest.mark.parametrize("policy", [Policy(), Policy(removal_s=10), Policy(press_s=30), Policy(second_s=30)])
def test_a_card_that_lay_on_the_reader_when_the_mains_came_back_starts_nothing(tmp_path: Path, policy: Policy) -> None:
    a_box = Box(tmp_path).connected().give(a_list(a_machine("p1", policy=policy))).tap(ADA).at(100).restart(500)

    box = a_box.connected().give(a_list(a_machine("p1", policy=policy), revision=2)).tell(LeftLying("p1", ADA)).at(60)

    assert not box.relays["p1"].on
    assert box.status.machines[0].state is MachineState.IDLE
    started = len(box.of(SessionStarted))
    box.tell(Removed("p1")).tap(ADA)
    if policy in (Policy(), Policy(removal_s=10)):
        assert len(box.of(SessionStarted)) == started + 1, "held there anew it is a tap like any other"
    box.close()


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
