"""Rules while a session runs: extension, take-over, the card that stays in, idle time, cool-down."""

from dataclasses import replace

import pytest

from agent.access import Denied
from agent.failures import Failure
from agent.machine import Ask
from agent.stimuli import (
    EndRecorded,
    Felt,
    Mended,
    NotRecorded,
    Pressed,
    Record,
    Release,
    Removed,
    Sense,
    Stimulus,
    Stopping,
    Wished,
)
from tests.agent.fakes import START_MS, stamp
from tests.agent.rules import BOB, ID, SECOND_ID, THRESHOLDS, Bench
from wire.messages import (
    LOW_RISK_ONLY,
    Bypass,
    DenialReason,
    EndReason,
    Fault,
    MachineState,
    OnLoss,
    OnMaximum,
    RiskClass,
    Service,
)

WORKING, STANDBY = 200.0, 8.0


# --- more time ----------------------------------------------------------------------------------------------------------


def test_near_the_longest_time_a_tap_adds_to_it_as_often_as_policy_says() -> None:
    bench = Bench().rules(max_s=3600, on_max=OnMaximum.CUT, extend_s=1800, extend_times=1)

    bench.tap(0).tap(3100)
    assert bench.machine.state is MachineState.RUNNING
    bench.at(5399)
    assert bench.machine.state is MachineState.RUNNING

    bench.at(5300).tap(5300).at(5400)

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.occupied_s) == (EndReason.MAX_DURATION, 5400)


def test_a_tap_long_before_the_longest_time_adds_nothing() -> None:
    bench = Bench().rules(max_s=3600, extend_s=1800, extend_times=1).tap(0).tap(60)

    assert bench.machine.session is not None
    assert bench.machine.session.policy.max_s == 3600


def test_a_tap_that_added_time_still_asks_and_the_next_one_ends() -> None:
    bench = Bench().rules(max_s=3600, extend_s=1800, extend_times=2).tap(0).tap(3100).tap(3102)

    assert bench.ended is not None
    assert bench.ended.reason is EndReason.HOLDER


# --- take-over ----------------------------------------------------------------------------------------------------------


def idle_bench(takeover_s: int | None = 600, **policy: int) -> Bench:
    """Ada worked from 10 to 100, and the machine has been idle since."""
    bench = Bench(thresholds=THRESHOLDS).rules(takeover_s=takeover_s, **policy).tap(0)
    return bench.measures(STANDBY, 1, 10).measures(WORKING, 10, 101).measures(STANDBY, 101, 800)


def test_another_qualified_holder_takes_over_an_idle_machine_with_two_taps() -> None:
    bench = idle_bench().tap(800, BOB, session=SECOND_ID)
    assert bench.machine.confirm is not None
    assert bench.machine.confirm.ask is Ask.TAKE_OVER
    assert bench.ended is None

    after = bench.tap(802, BOB, session=SECOND_ID)

    assert after.ended is not None
    assert after.ended.reason is EndReason.TAKEN_OVER
    assert after.ended.occupied_s == 101, "it ends at its last activity"
    assert after.started is not None
    assert after.started.holder == 2
    assert after.switched == ["off", "on"], "nothing is handed over turning"


def test_the_end_is_recorded_before_the_next_start_is() -> None:
    bench = idle_bench().tap(800, BOB, session=SECOND_ID).tap(802, BOB, session=SECOND_ID)

    kinds = [[type(event).__name__ for event in one.events] for one in bench.effects if isinstance(one, Record)]
    assert kinds == [["SessionEnded"], ["SessionStarted"]]


def test_a_take_over_whose_start_cannot_be_written_leaves_the_machine_off() -> None:
    bench = idle_bench().tap(800, BOB, session=SECOND_ID).tap(802, BOB, session=SECOND_ID).does(NotRecorded())

    assert bench.switched == ["off"]
    assert bench.machine.state is MachineState.IDLE


def test_a_machine_at_work_or_idle_for_too_short_or_not_measured_is_not_taken_over() -> None:
    working = Bench(thresholds=THRESHOLDS).rules(takeover_s=600).tap(0).measures(WORKING, 1, 700)
    short = Bench(thresholds=THRESHOLDS).rules(takeover_s=600).tap(0).measures(STANDBY, 1, 300)
    unmeasured = Bench().rules(takeover_s=600).tap(0).at(700)
    silent = Bench(thresholds=THRESHOLDS).rules(takeover_s=600).tap(0).measures(STANDBY, 1, 700).at(720)

    for bench in (working, short, unmeasured, silent):
        bench.tap(bench.seconds, BOB).tap(bench.seconds + 1, BOB)
        assert bench.denied == (DenialReason.IN_USE,)
        assert bench.machine.session is not None
        assert bench.machine.session.holder == 1


def test_whoever_may_not_start_it_may_not_take_it_over() -> None:
    nobody = Denied(frozenset({DenialReason.QUALIFICATION_MISSING}), 7, 2, "Bob", "de")

    bench = idle_bench().tap(800, nobody).tap(801, nobody)

    assert bench.denied == (DenialReason.QUALIFICATION_MISSING, DenialReason.IN_USE)


def test_a_machine_that_staff_took_out_after_this_job_is_not_taken_over() -> None:
    out = Wished(RiskClass.LOW, Service.OUT_AFTER_JOB, False, None, 0)

    bench = idle_bench().does(out).tap(800, BOB).tap(801, BOB)

    assert bench.started is None
    assert bench.machine.state is MachineState.OUT_OF_SERVICE


# --- the card stays in --------------------------------------------------------------------------------------------------


def test_where_the_card_stays_in_its_removal_ends_after_the_grace() -> None:
    bench = Bench().rules(removal_s=10).tap(0).does(Removed(), 60).at(69.9)
    assert bench.machine.state is MachineState.RUNNING

    bench.at(70)

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.occupied_s) == (EndReason.CARD_REMOVED, 70)


def test_the_card_put_back_in_time_goes_on() -> None:
    bench = Bench().rules(removal_s=10).tap(0).does(Removed(), 60).tap(69).at(3600)

    assert bench.machine.state is MachineState.RUNNING


def test_the_card_put_back_twice_never_counts_as_two_taps_that_end() -> None:
    bench = Bench().rules(removal_s=10).tap(0)
    for second in (20, 22, 24):
        bench.does(Removed(), second).tap(second + 1)

    assert bench.machine.state is MachineState.RUNNING


def test_another_card_in_its_place_is_as_good_as_none() -> None:
    bench = Bench().rules(removal_s=10).tap(0).tap(20, BOB).at(29.9)
    assert bench.machine.state is MachineState.RUNNING

    bench.at(30)

    assert bench.ended is not None
    assert bench.ended.reason is EndReason.CARD_REMOVED


def test_another_card_beside_it_ends_nothing_while_its_own_is_read_again() -> None:
    bench = Bench().rules(removal_s=10).tap(0).tap(20, BOB).tap(25).at(3600)

    assert bench.machine.state is MachineState.RUNNING


def test_a_card_taken_away_before_the_button_has_only_the_grace() -> None:
    bench = Bench().rules(removal_s=10, press_s=30).tap(0).does(Removed(), 5).does(Pressed(), 8).at(18)

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.occupied_s) == (EndReason.CARD_REMOVED, 10)


def test_what_lay_there_before_does_not_hide_a_removal() -> None:
    bench = Bench().rules(removal_s=10).tap(0, BOB).does(Removed(), 20).at(30).does(EndRecorded(), 30)
    bench.tap(40).does(Removed(), 60).at(70)

    assert bench.ended is not None
    assert bench.ended.holder == 1


def test_removal_means_nothing_where_the_card_need_not_stay() -> None:
    assert Bench().tap(0).does(Removed(), 1).at(3600).machine.state is MachineState.RUNNING


# --- idle ---------------------------------------------------------------------------------------------------------------


def test_an_idle_machine_ends_where_policy_asks_it_and_the_meter_reads_idle() -> None:
    bench = (
        Bench(thresholds=THRESHOLDS).rules(idle_end_s=300).tap(0).measures(WORKING, 1, 60).measures(STANDBY, 60, 361)
    )

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.occupied_s) == (EndReason.IDLE, 360)
    assert bench.ended.running_s == 59
    assert bench.ended.measured_s == 359


def test_a_silent_meter_ends_nothing() -> None:
    bench = Bench(thresholds=THRESHOLDS).rules(idle_end_s=300).tap(0).measures(STANDBY, 1, 200).at(3600)

    assert bench.machine.state is MachineState.RUNNING


def test_without_a_meter_running_time_is_not_measured_and_never_zero() -> None:
    bench = Bench().rules(idle_end_s=300).tap(0).tap(3600).tap(3601)

    assert bench.ended is not None
    assert (bench.ended.running_s, bench.ended.wh, bench.ended.measured_s) == (None, None, None)


# --- cool-down ----------------------------------------------------------------------------------------------------------


def test_a_cool_down_keeps_the_power_and_its_seconds_stand_apart() -> None:
    bench = Bench().rules(cooldown_s=120).tap(0).tap(600).tap(602)
    assert bench.machine.state is MachineState.COOLING
    assert Release() not in bench.effects

    bench.at(722)

    assert bench.switched == ["off"]
    assert bench.ended is not None
    event = bench.ended
    assert (event.reason, event.occupied_s, event.cooldown_s, event.powered_s) == (EndReason.HOLDER, 602, 120, 722)
    assert event.ended.mono_ms == 602_000


@pytest.mark.parametrize("reason", [EndReason.STAFF, EndReason.EMERGENCY_STOP, EndReason.SHUTDOWN])
def test_some_ends_take_the_power_at_once_whatever_is_still_hot(reason: EndReason) -> None:
    bench = Bench().rules(cooldown_s=120).tap(0)
    stimuli: dict[EndReason, Stimulus] = {
        EndReason.STAFF: Wished(RiskClass.LOW, Service.IN, False, ID, 0),
        EndReason.EMERGENCY_STOP: Felt(Sense.ESTOP, True),
        EndReason.SHUTDOWN: Stopping(),
    }

    bench.does(stimuli[reason], 60).at(63)

    assert bench.switched == ["off"]
    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.cooldown_s) == (reason, 0)


def test_staff_can_end_a_cool_down_and_it_stays_the_holders_end() -> None:
    bench = (
        Bench()
        .rules(cooldown_s=120)
        .tap(0)
        .tap(600)
        .tap(602)
        .does(Wished(RiskClass.LOW, Service.IN, False, ID, 0), 640)
    )

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.occupied_s, bench.ended.cooldown_s) == (EndReason.HOLDER, 602, 38)


def test_the_next_holder_need_not_wait_for_the_cool_down() -> None:
    bench = Bench().rules(cooldown_s=120).tap(0).tap(600).tap(602).tap(640, BOB, session=SECOND_ID)

    assert bench.switched == ["off", "on"]
    assert bench.ended is not None
    assert (bench.ended.holder, bench.ended.cooldown_s) == (1, 38)
    assert bench.started is not None
    assert bench.started.holder == 2


def test_a_refused_badge_leaves_the_cool_down_alone() -> None:
    nobody = Denied(frozenset({DenialReason.UNKNOWN_TOKEN}), 7)

    bench = Bench().rules(cooldown_s=120).tap(0).tap(600).tap(602).tap(640, nobody)

    assert bench.machine.state is MachineState.COOLING


# --- wires --------------------------------------------------------------------------------------------------------------


def on_at(seconds: float, **machine: object) -> Bench:
    """In use since 0, the contact closed since a moment later."""
    return Bench(**machine).tap(0).does(Felt(Sense.CONTACT, True), 0.1).at(seconds)


@pytest.mark.parametrize(
    ("moved", "reason"),
    [(Felt(Sense.CONTACT, False), EndReason.NO_POWER), (Felt(Sense.ESTOP, True), EndReason.EMERGENCY_STOP)],
)
def test_a_wire_that_says_no_power_for_two_seconds_ends_the_session(moved: Felt, reason: EndReason) -> None:
    bench = on_at(60).does(moved, 60).at(61.9)
    assert bench.ended is None

    after = bench.at(62)

    assert after.ended is not None
    assert after.ended.reason is reason
    assert after.switched == ["off"]


def test_where_the_machine_has_a_start_of_its_own_an_open_contact_ends_nothing() -> None:
    bench = Bench(own_start=True).tap(0).does(Felt(Sense.CONTACT, False), 0.1).at(600)
    assert bench.machine.state is MachineState.RUNNING

    bench.does(Felt(Sense.CONTACT, True), 600).does(Felt(Sense.CONTACT, False), 1200).at(3600)

    assert bench.machine.state is MachineState.RUNNING
    assert bench.machine.failures == frozenset()


def test_there_too_a_contact_that_stays_closed_after_the_end_may_be_live() -> None:
    bench = Bench(own_start=True).tap(0).does(Felt(Sense.CONTACT, True), 10)

    bench.tap(60).tap(61).does(EndRecorded(), 61).at(62)

    assert Failure.CONTACT_CLOSED in bench.machine.failures


@pytest.mark.parametrize("sense", [Sense.CONTACT, Sense.ESTOP])
def test_a_wire_that_only_flickers_ends_nothing(sense: Sense) -> None:
    told = sense is Sense.ESTOP
    bench = on_at(60).does(Felt(sense, told), 60).does(Felt(sense, not told), 61.5).at(3600)

    assert bench.machine.state is MachineState.RUNNING


@pytest.mark.parametrize("moved", [Felt(Sense.CONTACT, False), Felt(Sense.ESTOP, True)])
def test_a_meter_that_reads_running_contradicts_a_wire(moved: Felt) -> None:
    bench = on_at(1, thresholds=THRESHOLDS).measures(WORKING, 2, 60).does(moved, 60).measures(WORKING, 61, 200)
    assert bench.machine.state is MachineState.RUNNING

    bench.at(215)  # the meter has gone silent, and contradicts nothing any more

    assert bench.ended is not None


@pytest.mark.parametrize("moved", [Felt(Sense.CONTACT, False), Felt(Sense.ESTOP, True)])
def test_a_contradiction_is_told_once(moved: Felt) -> None:
    bench = on_at(1, thresholds=THRESHOLDS).measures(WORKING, 2, 60).does(moved, 60)
    told = []
    for second in range(61, 120):
        told += bench.measures(WORKING, second, second + 1).of(Fault)

    assert [one.code for one in told] == ["wire_contradicted"]


@pytest.mark.parametrize("moved", [Felt(Sense.CONTACT, False), Felt(Sense.ESTOP, True)])
def test_a_stop_that_was_really_pressed_shows_at_the_meter_and_ends_after_two_seconds(moved: Felt) -> None:
    bench = on_at(1, thresholds=THRESHOLDS).measures(WORKING, 2, 60).does(moved, 60).measures(0.0, 61, 63)

    assert bench.ended is not None
    assert bench.ended.ended.mono_ms == 62_000


def test_a_stop_that_is_let_go_never_starts_anything_by_itself() -> None:
    bench = on_at(60).does(Felt(Sense.ESTOP, True), 60).at(62).does(EndRecorded(), 62)
    bench.does(Felt(Sense.CONTACT, False), 62.1)

    bench.does(Felt(Sense.ESTOP, False), 70).at(3600)

    assert bench.machine.state is MachineState.IDLE
    assert bench.switched == []


@pytest.mark.parametrize(("risk", "latched"), [(RiskClass.LOW, True), (RiskClass.MEDIUM, True), (RiskClass.HIGH, True)])
def test_a_contact_that_stays_closed_may_be_live_and_locks(risk: RiskClass, latched: bool) -> None:
    bench = on_at(60)
    bench.machine = replace(bench.machine, risk=risk)

    bench.tap(60).tap(61).does(EndRecorded(), 61).at(62)

    assert Failure.CONTACT_CLOSED in bench.machine.failures
    assert bench.machine.latch is not None


def test_on_a_holding_actuator_a_closed_contact_denies_until_it_opens() -> None:
    bench = on_at(60)
    bench.machine = replace(bench.machine, on_loss=OnLoss.HOLD)

    bench.tap(60).tap(61).does(EndRecorded(), 61).at(62)
    assert bench.machine.hindrances(stamp(62)) == {DenialReason.FAULT}
    bench.does(Felt(Sense.CONTACT, False), 63)

    assert bench.machine.hindrances(stamp(63)) == frozenset()


def test_the_contact_seen_to_open_on_our_release_is_a_proof_and_is_kept() -> None:
    bench = on_at(60).tap(60).tap(61).does(EndRecorded(), 61).does(Felt(Sense.CONTACT, False), 61.2)

    (record,) = bench.effects
    assert isinstance(record, Record)
    assert record.memory is not None
    assert record.memory.proven_open_ms == bench.machine.memory.proven_open_ms is not None


def test_a_contact_that_opens_by_itself_in_use_proves_nothing() -> None:
    assert on_at(60).does(Felt(Sense.CONTACT, False), 60).machine.memory.proven_open_ms is None


def test_a_contact_that_opens_long_after_our_release_proves_nothing_about_our_relay() -> None:
    """It was welded, and somebody used the main switch."""
    bench = on_at(60).tap(60).tap(61).does(EndRecorded(), 61).at(62)
    assert bench.machine.failures == {Failure.CONTACT_CLOSED}

    bench.does(Felt(Sense.CONTACT, False), 600)

    assert bench.machine.failures == frozenset()
    assert bench.machine.memory.proven_open_ms is None


@pytest.mark.parametrize("declared_s", [0, 100])
def test_a_key_that_is_turned_back_gives_the_contactor_its_time_to_fall_and_proves_nothing(declared_s: int) -> None:
    wished = Wished(RiskClass.MEDIUM, Service.IN, False, None, 0, bypass=Bypass("Eva", START_MS + declared_s * 1000))
    bench = Bench().does(wished, 0).does(Felt(Sense.KEY, True), 1).does(Felt(Sense.CONTACT, True), 1.1)
    bench.does(Felt(Sense.KEY, False), 3600).at(3600.4)
    welded = replace(bench.machine)

    bench.does(Felt(Sense.CONTACT, False), 3600.4)
    assert (bench.machine.failures, bench.machine.latch) == (frozenset(), None)
    assert bench.machine.memory.proven_open_ms is None
    bench.machine = welded
    assert bench.at(3600.5).machine.failures == {Failure.CONTACT_CLOSED}, "one that does not fall is still found"


def test_a_key_that_nobody_declared_alarms_and_denies_and_is_no_closed_contact() -> None:
    bench = Bench().does(Felt(Sense.KEY, True), 1).does(Felt(Sense.CONTACT, True), 1.1).at(60)

    assert bench.machine.failures == {Failure.KEY_UNDECLARED}
    assert bench.tap(61, Denied(bench.machine.hindrances(stamp(61)))).denied == (
        DenialReason.BYPASSED,
        DenialReason.FAULT,
    )


def test_a_bypass_that_is_over_lets_a_closed_contact_be_seen_without_any_list() -> None:
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0, bypass=Bypass("Eva", START_MS + 100_000))
    bench = Bench().does(wished, 0).does(Felt(Sense.CONTACT, True), 10).at(99)
    assert bench.machine.failures == frozenset()

    bench.at(100)

    assert bench.machine.failures == {Failure.CONTACT_CLOSED}


def test_a_key_that_stays_turned_after_the_declared_end_is_told() -> None:
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0, bypass=Bypass("Eva", START_MS + 100_000))
    bench = Bench().does(wished, 0).does(Felt(Sense.KEY, True), 10).at(99)
    assert bench.machine.failures == frozenset()

    assert bench.at(100).machine.failures == {Failure.KEY_UNDECLARED}


def test_a_key_that_is_declared_afterwards_is_no_fault_any_more() -> None:
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0, bypass=Bypass("Eva", START_MS + 100_000))
    bench = Bench().does(Felt(Sense.KEY, True), 1)
    assert bench.machine.failures == {Failure.KEY_UNDECLARED}

    assert bench.does(wished, 2).machine.failures == frozenset()


def test_an_actuator_that_holds_by_itself_gates_nothing_above_low_risk() -> None:
    bench = Bench()
    bench.machine = replace(bench.machine, on_loss=OnLoss.HOLD)

    bench.does(Wished(RiskClass.HIGH, Service.IN, False, None, 0), 1)

    assert bench.machine.lacks == (LOW_RISK_ONLY,)
    assert bench.machine.state is MachineState.OUT_OF_SERVICE


def test_a_meter_that_only_counts_is_mended_too() -> None:
    bench = Bench()
    bench.machine = replace(bench.machine, failures=frozenset({Failure.METER_SILENT}))

    assert bench.measures(STANDBY, 1, 2).machine.failures == frozenset()


def test_power_without_a_session_and_a_session_without_power_raise_an_alarm() -> None:
    drawing = Bench(thresholds=THRESHOLDS).measures(WORKING, 1, 20)
    dead = Bench(thresholds=THRESHOLDS).tap(0).measures(0.0, 1, 130)

    assert drawing.machine.failures == {Failure.POWER_WITHOUT_SESSION}
    assert dead.machine.failures == {Failure.SESSION_WITHOUT_POWER}
    assert drawing.measures(STANDBY, 20, 22).machine.failures == frozenset()
    assert dead.measures(WORKING, 130, 132).machine.failures == frozenset()
    assert dead.machine.state is MachineState.RUNNING


def test_a_meter_that_speaks_again_is_mended() -> None:
    bench = Bench(thresholds=THRESHOLDS).does(Mended(Failure.METER_SILENT), 0)
    bench.machine = replace(bench.machine, failures=frozenset({Failure.METER_SILENT}))

    assert bench.measures(STANDBY, 1, 2).machine.failures == frozenset()
