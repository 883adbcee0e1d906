"""Rules between a badge and a running machine: the button, the payer, the master badge, reported problems."""

from dataclasses import replace

import pytest

from agent.access import Denied, Grant, MasterGrant
from agent.failures import Failure
from agent.machine import Latch, Loss, Memory
from agent.rules.pin import DIGIT_MS, WRONG_PINS
from agent.stimuli import (
    CheckPin,
    Draining,
    EndRecorded,
    Energise,
    Felt,
    Latching,
    LatchRecorded,
    Mended,
    PinChecked,
    Pressed,
    ProblemPressed,
    Record,
    Sense,
    Stimulus,
    Wished,
)
from tests.agent.fakes import START_MS, stamp
from tests.agent.rules import ACME, ADA, BOB, ID, PRIVATE, Bench
from wire.messages import (
    Bypass,
    DenialReason,
    EndReason,
    LatchCleared,
    ListExtended,
    MachineState,
    Policy,
    ProblemReported,
    RiskClass,
    Service,
)

LOST = "e1c60a5b-92d4-4c1f-b7a3-6f80d2c4159e"  # the session that a power loss ended
MASTER = Denied(frozenset({DenialReason.QUALIFICATION_MISSING}), 7, 9, "Eva", "en")
PASS = MasterGrant(9, "digest", Grant(9, "Eva", "en", (ACME,), 7, Policy(max_s=7200)), None)


# --- press to start -----------------------------------------------------------------------------------------------------


def test_where_a_press_is_asked_for_the_badge_alone_starts_nothing() -> None:
    bench = Bench().rules(press_s=10).tap(0)

    assert bench.machine.state is MachineState.ARMED
    assert bench.effects == []


def test_the_press_starts_and_the_record_comes_before_the_relay() -> None:
    bench = Bench().rules(press_s=10).tap(0).does(Pressed(), 9)

    record, energise = bench.effects
    assert isinstance(record, Record)
    assert record.first
    assert isinstance(energise, Energise)
    assert bench.machine.state is MachineState.RUNNING


def test_a_press_that_comes_too_late_starts_nothing() -> None:
    bench = Bench().rules(press_s=10).tap(0).does(Pressed(), 10.1)

    assert bench.machine.state is MachineState.IDLE
    assert bench.switched == []


def test_a_press_without_a_badge_starts_nothing() -> None:
    assert Bench().does(Pressed(), 1).effects == []


def test_what_came_in_the_way_after_the_badge_is_told_instead_of_a_start() -> None:
    bench = Bench().rules(press_s=10).tap(0).does(Felt(Sense.ESTOP, True), 1).does(Pressed(), 2)

    assert bench.denied == (DenialReason.EMERGENCY_STOP,)
    assert bench.switched == []
    assert bench.machine.state is MachineState.IDLE


@pytest.mark.parametrize("service", [Service.OUT, Service.MAINTENANCE, Service.OUT_AFTER_JOB])
def test_a_machine_taken_out_of_service_between_badge_and_press_does_not_start(service: Service) -> None:
    wished = Wished(RiskClass.LOW, service, False, None, 0)

    bench = Bench().rules(press_s=10).tap(0).does(wished, 1).does(Pressed(), 2)

    assert bench.switched == []
    assert bench.machine.session is None


def test_the_badge_again_before_the_press_steps_to_the_next_payer() -> None:
    bench = Bench().rules(press_s=10).tap(0).tap(2).does(Pressed(), 11)

    assert bench.started is not None
    assert (bench.started.payer, bench.started.payer_chosen) == ("ada", True)


def test_another_badge_before_the_press_begins_anew() -> None:
    bench = Bench().rules(press_s=10).tap(0).tap(2, BOB).does(Pressed(), 3)

    assert bench.started is not None
    assert bench.started.holder == 2


# --- who pays -----------------------------------------------------------------------------------------------------------


def test_in_the_first_minutes_the_button_steps_through_the_payers_and_the_end_says_who_pays() -> None:
    bench = Bench().rules(payer_s=300).tap(0).does(Pressed(), 60)
    assert [effect.row for effect in bench.effects if isinstance(effect, Record)] == ["put"]

    bench.tap(100).tap(101)

    assert bench.ended is not None
    assert (bench.ended.payer, bench.ended.payer_chosen) == ("ada", True)


def test_after_the_first_minutes_the_button_changes_nobody() -> None:
    bench = Bench().rules(payer_s=300).tap(0).does(Pressed(), 301)

    assert bench.effects == []
    assert bench.machine.session is not None
    assert bench.machine.session.payer == ACME


def test_a_closed_default_payer_denies_and_the_button_offers_the_next_one() -> None:
    closed = Denied(
        frozenset({DenialReason.BUDGET_REACHED}), 7, 1, "Ada", "en", otherwise=replace(ADA, payers=(PRIVATE,))
    )

    bench = Bench().tap(0, closed)
    assert bench.denied == (DenialReason.BUDGET_REACHED,)
    bench.tap(1, closed)
    assert bench.denied == (DenialReason.BUDGET_REACHED,), "without the button nobody is billed by fallback"
    bench.does(Pressed(), 2).tap(4, closed)

    assert bench.started is not None
    assert (bench.started.payer, bench.started.payer_chosen) == ("ada", True)


def test_another_payer_is_offered_to_the_badge_it_was_shown_to_and_only_for_a_while() -> None:
    ada = Denied(frozenset({DenialReason.BUDGET_REACHED}), 7, 1, "Ada", "en", otherwise=replace(ADA, payers=(PRIVATE,)))
    bob = Denied(frozenset({DenialReason.BUDGET_REACHED}), 7, 2, "Bob", "de", otherwise=replace(BOB, payers=(PRIVATE,)))

    assert Bench().tap(0, ada).does(Pressed(), 1).tap(2, bob).started is None
    assert Bench().tap(0, ada).does(Pressed(), 1).tap(17, ada).started is None


# --- continuation -------------------------------------------------------------------------------------------------------


def test_a_start_soon_after_a_power_loss_continues_that_session_for_the_same_holder() -> None:
    memory = Memory(loss=Loss(LOST, 1, START_MS))

    again = Bench(memory=memory).rules(continue_s=3600).tap(3600)
    other = Bench(memory=memory).rules(continue_s=3600).tap(3600, BOB)
    late = Bench(memory=memory).rules(continue_s=3600).tap(3601)

    assert [bench.started.continues for bench in (again, other, late) if bench.started] == [LOST, None, None]
    again.tap(3700).tap(3701)
    assert again.machine.memory.loss is None, "once"


def test_the_end_of_a_continuation_says_what_it_continues() -> None:
    bench = Bench(memory=Memory(loss=Loss(LOST, 1, START_MS))).rules(continue_s=3600).tap(60).tap(90).tap(92)

    assert bench.ended is not None
    assert bench.ended.continues == LOST


# --- reported problems --------------------------------------------------------------------------------------------------


def test_a_reported_problem_never_stops_a_running_job_and_blocks_the_next_start() -> None:
    bench = Bench().tap(0).does(ProblemPressed(), 60)
    (reported,) = bench.of(ProblemReported)
    assert (reported.session, reported.holder) == (ID, 1)
    assert bench.switched == []
    assert bench.machine.state is MachineState.RUNNING

    after = bench.tap(100).tap(101).does(EndRecorded(), 101).machine

    assert after.state is MachineState.OUT_OF_SERVICE
    assert after.hindrances(stamp(102)) == {DenialReason.PROBLEM_REPORTED}


def test_a_problem_is_reported_once_however_often_the_button_is_pressed() -> None:
    bench = Bench().does(ProblemPressed(), 1).does(ProblemPressed(), 2)

    assert bench.of(ProblemReported) == []
    assert bench.machine.notice is not None


def test_a_numbered_wish_clears_a_reported_problem() -> None:
    bench = Bench().does(ProblemPressed(), 1).does(LatchRecorded(3), 1)

    bench.does(Wished(RiskClass.LOW, Service.IN, False, None, 3), 2)

    assert bench.machine.state is MachineState.IDLE


def test_a_staff_badge_twice_clears_a_reported_problem_and_starts_nothing() -> None:
    bench = Bench().does(ProblemPressed(), 0).tap(10, staff=True)
    assert bench.effects == []

    bench.tap(12, staff=True)

    assert [one.holder for one in bench.of(LatchCleared)] == [1]
    assert [effect.latch for effect in bench.effects if isinstance(effect, Record)] == [Latching.CLEARED]
    assert bench.switched == []
    assert bench.machine.state is MachineState.IDLE


def test_a_staff_badge_clears_no_latch_of_a_fault() -> None:
    bench = Bench(latch=Latch(3, 0), state=MachineState.OUT_OF_SERVICE).tap(10, staff=True).tap(12, staff=True)

    assert bench.of(LatchCleared) == []
    assert bench.machine.latch is not None


def test_a_badge_that_is_not_staffs_clears_nothing() -> None:
    bench = Bench().does(ProblemPressed(), 0).tap(10).tap(12)

    assert bench.machine.latch is not None
    assert bench.denied


# --- bypass, draining ---------------------------------------------------------------------------------------------------


def test_a_declared_bypass_denies_starts_until_its_end_and_is_no_fault() -> None:
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0, bypass=Bypass("Eva", START_MS + 60_000))

    bench = Bench().does(wished, 0).does(Felt(Sense.CONTACT, True), 1).at(30)

    assert bench.machine.hindrances(stamp(59)) == {DenialReason.BYPASSED}
    assert bench.machine.failures == frozenset()
    assert bench.machine.hindrances(stamp(60)) == frozenset()


def test_an_update_lets_what_runs_go_on_and_starts_nothing_more() -> None:
    bench = Bench().tap(0).does(Draining(), 10)
    assert bench.machine.state is MachineState.RUNNING

    after = bench.tap(20).tap(21).does(EndRecorded(), 21).tap(30)

    assert after.started is None
    assert after.machine.state is MachineState.OUT_OF_SERVICE


# --- the master badge ---------------------------------------------------------------------------------------------------


def pressed(bench: Bench, digits: str, seconds: float) -> Bench:
    for digit in digits:
        for _ in range(int(digit)):
            bench.does(Pressed(), seconds)
            seconds += 0.3
        seconds += DIGIT_MS / 1000 + 0.1
        bench.effects = []
        bench.at(seconds)
    return bench


def asked(bench: Bench) -> list[str]:
    return [effect.entry.digits for effect in bench.effects if isinstance(effect, CheckPin)]


def test_a_master_badge_asks_for_its_pin_which_is_tapped_on_the_button() -> None:
    bench = Bench().tap(0, MASTER, master=PASS)
    assert bench.machine.pin is not None
    assert bench.effects == []

    assert asked(pressed(bench, "3141", 1)) == ["3141"]


def test_with_the_right_pin_it_starts_for_two_hours_at_most_and_says_so() -> None:
    bench = pressed(Bench().tap(0, MASTER, master=PASS), "3141", 1).does(PinChecked(True), 20)

    assert bench.started is not None
    assert bench.started.master
    assert bench.started.holder == 9
    assert bench.machine.session is not None
    assert bench.machine.session.policy.max_s == 7200


def test_a_stop_pressed_while_the_pin_is_tapped_is_told_instead_of_a_start() -> None:
    bench = pressed(Bench().tap(0, MASTER, master=PASS).does(Felt(Sense.ESTOP, True), 0.5), "3141", 1)

    bench.does(PinChecked(True), 20)

    assert bench.denied == (DenialReason.EMERGENCY_STOP,)
    assert bench.switched == []


def test_a_wrong_pin_is_recorded_and_three_of_them_close_the_badge() -> None:
    bench = Bench()
    for second in range(0, WRONG_PINS * 100, 100):
        pressed(bench.tap(second, MASTER, master=PASS), "1111", second + 1).does(PinChecked(False), second + 20)
        assert bench.denied == (DenialReason.PIN_WRONG,)

    bench.tap(1000, MASTER, master=PASS)

    assert bench.machine.pin is None
    assert bench.denied == (DenialReason.QUALIFICATION_MISSING,)


def test_the_right_pin_gives_the_tries_back() -> None:
    bench = pressed(Bench().tap(0, MASTER, master=PASS), "1111", 1).does(PinChecked(False), 20)

    pressed(bench.tap(100, MASTER, master=PASS), "3141", 101).does(PinChecked(True), 120)

    assert bench.switched == ["on"]
    assert bench.machine.memory.wrong_pins == 0


@pytest.mark.parametrize(
    "back", [Wished(RiskClass.LOW, Service.IN, False, None, 0), Mended(Failure.PEER_AWAY)], ids=["list", "connection"]
)
def test_with_the_server_back_while_the_pin_is_tapped_nothing_starts(back: Stimulus) -> None:
    """The badge may have been reported as lost meanwhile."""
    bench = pressed(Bench().tap(0, MASTER, master=PASS), "314", 1).does(back, 12)

    assert bench.machine.pin is None
    assert bench.does(PinChecked(True), 13).switched == []


def test_a_list_that_comes_gives_the_tries_back_and_one_that_lay_on_the_disk_does_not() -> None:
    bench = Bench()
    for second in range(0, WRONG_PINS * 100, 100):
        pressed(bench.tap(second, MASTER, master=PASS), "1111", second + 1).does(PinChecked(False), second + 20)
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0)

    bench.does(replace(wished, fresh=False), 900).tap(1000, MASTER, master=PASS)
    assert bench.machine.pin is None

    (record,) = bench.does(wished, 1100).effects
    assert isinstance(record, Record)
    assert record.memory == bench.machine.memory
    assert bench.tap(1200, MASTER, master=PASS).machine.pin is not None


def test_a_pin_that_is_left_half_tapped_is_forgotten() -> None:
    bench = pressed(Bench().tap(0, MASTER, master=PASS), "31", 1).at(60)

    assert bench.machine.pin is None
    assert bench.does(PinChecked(True), 61).effects == []


def test_first_of_all_it_lets_the_expired_list_hold_for_everybody() -> None:
    extending = replace(PASS, extend_until_ms=START_MS + 12 * 3_600_000)

    bench = pressed(Bench().tap(0, MASTER, master=extending), "3141", 1).does(PinChecked(True), 20)

    (extended,) = bench.of(ListExtended)
    assert (extended.holder, extended.revision, extended.until_ms) == (9, 7, START_MS + 12 * 3_600_000)
    assert bench.switched == []
    assert bench.machine.memory.extended_revision == 7


def test_a_master_session_ends_as_any_other_does() -> None:
    bench = pressed(Bench().tap(0, MASTER, master=PASS), "3141", 1).does(PinChecked(True), 20)

    bench.tap(60, MASTER, token="badge of Eva").tap(61, MASTER, token="badge of Eva")

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.master) == (EndReason.HOLDER, True)
