"""The table of one machine, and the failure matrix row by row."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from agent.access import Grant, Payer
from agent.failures import MATRIX, Column, Failure, NextStart, Power, column_of
from agent.machine import NEVER, Latch, Machine
from agent.records import lost, unproven
from agent.session import TRANSITIONS, next_checkpoint, next_deadline, step
from agent.stimuli import (
    EndRecorded,
    Energise,
    Failed,
    Latching,
    LatchRecorded,
    Mended,
    NotRecorded,
    Record,
    Release,
    Row,
    Stimulus,
    Stopping,
    Tapped,
    Ticked,
    Wished,
)
from tests.agent.fakes import START_MS, stamp
from wire.messages import (
    AccessDenied,
    DenialReason,
    EndReason,
    Fault,
    MachineState,
    OnLoss,
    OnMaximum,
    Policy,
    RiskClass,
    Service,
    SessionEnded,
    SessionStarted,
    Stamp,
    TimeQuality,
)

ID = "00000000-0000-4000-8000-000000000001"
GRANT = Grant(1, "Ada", "en", (Payer("acme", "Acme", 900),), 7, Policy())
BUSY = Grant(2, "Bob", "de", (Payer("acme", "Acme", 900),), 7, Policy())
OWN, OTHER = Tapped("own", BUSY, ID), Tapped("other", BUSY, ID)
RISKS = {
    Column.LOW_HOLD: RiskClass.LOW,
    Column.LOW_PLAIN: RiskClass.LOW,
    Column.MEDIUM: RiskClass.MEDIUM,
    Column.HIGH: RiskClass.HIGH,
}


def wish(**changes: Any) -> Wished:
    return replace(Wished(RiskClass.LOW, Service.IN, False, None, 0), **changes)


def idle(column: Column = Column.LOW_PLAIN) -> Machine:
    on_loss = OnLoss.HOLD if column is Column.LOW_HOLD else OnLoss.OFF
    return Machine("p1", on_loss, RISKS[column])


def running(column: Column = Column.LOW_PLAIN, started: Stamp | None = None, **policy: Any) -> Machine:
    grant = replace(GRANT, policy=Policy(**policy))
    return step(idle(column), Tapped("own", grant, ID), started or stamp(0))[0]


def after(machine: Machine, *steps: tuple[Stimulus, float]) -> tuple[Machine, tuple[Any, ...]]:
    """The machine, and the effects of the last step."""
    effects: tuple[Any, ...] = ()
    for stimulus, seconds in steps:
        machine, effects = step(machine, stimulus, stamp(seconds))
    return machine, effects


def ended(effects: tuple[Any, ...]) -> SessionEnded | None:
    events = [event for effect in effects if isinstance(effect, Record) for event in effect.events]
    return next((event for event in events if isinstance(event, SessionEnded)), None)


def denies_by_fault(machine: Machine) -> bool:
    return DenialReason.FAULT in machine.hindrances(stamp(0))


def test_the_table_has_a_cell_for_every_state_and_stimulus() -> None:
    assert set(TRANSITIONS) == {(state, kind) for state in MachineState for kind in get_args(Stimulus)}


def test_the_record_of_a_start_comes_before_the_relay() -> None:
    machine, (record, energise) = step(idle(), Tapped("own", GRANT, ID), stamp(5))

    assert machine.state is MachineState.RUNNING
    assert machine.since_ms == START_MS + 5000
    assert isinstance(record, Record)
    assert record.first
    assert record.row is Row.PUT
    assert isinstance(record.events[0], SessionStarted)
    assert isinstance(energise, Energise)


def test_at_the_end_the_relay_comes_before_the_record() -> None:
    machine, (release, record) = after(running(), (OWN, 60), (OWN, 64))

    assert machine.state is MachineState.ENDING
    assert isinstance(release, Release)
    assert record.row is Row.DROP


def test_the_first_tap_shows_the_time_and_ends_nothing() -> None:
    machine, effects = after(running(), (OWN, 60))

    assert machine.state is MachineState.RUNNING
    assert machine.confirm is not None
    assert ended(effects) is None


def test_the_second_tap_of_the_same_badge_ends_with_whole_seconds_and_all_taps() -> None:
    _, effects = after(running(), (OWN, 60), (OWN, 64.9))

    event = ended(effects)

    assert event is not None
    assert (event.reason, event.occupied_s, event.powered_s, event.taps) == (EndReason.HOLDER, 64, 64, 2)
    assert (event.running_s, event.wh) == (None, None)


def test_a_second_tap_that_comes_too_late_is_a_first_tap_again() -> None:
    machine, effects = after(running(confirm_s=5), (OWN, 60), (Ticked(), 65), (OWN, 66))

    assert ended(effects) is None
    assert machine.confirm is not None


def test_another_holder_never_ends_it_and_is_told_that_it_is_in_use() -> None:
    machine, (record,) = after(running(), (OTHER, 60), (OTHER, 61))

    assert machine.state is MachineState.RUNNING
    assert isinstance(record.events[0], AccessDenied)
    assert record.events[0].reasons == (DenialReason.IN_USE,)
    assert record.session.taps == 2


def test_somebody_between_the_two_taps_does_not_disturb_them() -> None:
    _, effects = after(running(), (OWN, 60), (OTHER, 61), (OWN, 62))

    event = ended(effects)

    assert event is not None
    assert event.taps == 3


def test_a_holder_with_two_badges_must_confirm_with_the_same_one() -> None:
    second = Tapped("second badge", replace(BUSY, holder=1), ID)

    machine, effects = after(running(), (OWN, 60), (second, 61))
    assert ended(effects) is None
    _, effects = after(machine, (second, 62))
    assert ended(effects) is not None


def test_no_state_starts_that_is_in_use_ending_or_out_of_service_whatever_the_answer() -> None:
    for state in set(MachineState) - {MachineState.IDLE, MachineState.ARMED, MachineState.COOLING}:
        machine = replace(running(), state=state)

        _, effects = step(machine, Tapped("own", GRANT, ID), stamp(60))

        assert not any(isinstance(effect, Energise) for effect in effects), state


def test_a_start_that_cannot_be_written_never_energises_and_goes_back_to_idle() -> None:
    machine, effects = step(running(), NotRecorded(), stamp(0))

    assert machine.state is MachineState.IDLE
    assert machine.session is None
    assert effects == (Release(),)


# --- the maximum, checkpoints -------------------------------------------------------------------------------------------


def test_at_its_maximum_a_session_is_warned_and_goes_on() -> None:
    machine = running(max_s=3600)
    assert next_deadline(replace(machine, notice=None)) == 3_600_000

    machine, effects = after(machine, (Ticked(), 3600))

    assert machine.state is MachineState.RUNNING
    assert machine.past_maximum
    assert ended(effects) is None
    assert next_deadline(machine) is None


def test_where_policy_says_cut_the_maximum_ends_it() -> None:
    _, effects = after(running(max_s=3600, on_max=OnMaximum.CUT), (Ticked(), 3600))

    event = ended(effects)

    assert event is not None
    assert (event.reason, event.occupied_s) == (EndReason.MAX_DURATION, 3600)


def test_a_checkpoint_written_late_still_says_a_multiple_of_thirty_seconds() -> None:
    machine = running()
    assert next_checkpoint(machine) == 30_000

    machine, (record,) = after(machine, (Ticked(), 100))

    assert record.session.checkpoint_s == 90
    assert next_checkpoint(machine) == 120_000


def test_a_session_found_after_a_restart_ends_at_its_last_checkpoint() -> None:
    machine, _ = after(running(), (OTHER, 80), (Ticked(), 100))
    assert machine.session is not None

    event = lost(machine.session, Column.LOW_PLAIN, stamp(5000, "boot-2"))

    assert (event.reason, event.occupied_s, event.taps) == (EndReason.POWER_LOSS, 90, 1)
    assert event.ended == stamp(90)


def test_the_end_of_a_lost_session_is_never_in_the_future() -> None:
    machine, _ = after(running(), (Ticked(), 100))
    assert machine.session is not None
    set_back = stamp(50, "boot-2")

    event = lost(machine.session, Column.LOW_PLAIN, set_back)

    assert event.ended.wall_ms == set_back.wall_ms


def test_a_start_at_a_guessed_time_is_computed_back_from_a_clock_that_was_set_since() -> None:
    wrong = Stamp("boot-1", 0, START_MS - 7_200_000, TimeQuality.ESTIMATED)

    _, effects = after(running(started=wrong), (OWN, 60), (OWN, 61))

    event = ended(effects)
    assert event is not None
    assert event.started == stamp(0, quality=TimeQuality.ANCHORED)
    assert event.occupied_s == 61


# --- staff's wishes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wished", [wish(service=Service.OUT), wish(service=Service.MAINTENANCE), wish(update_needed=True)]
)
def test_a_list_never_touches_a_running_machine_but_its_next_start(wished: Wished) -> None:
    machine, effects = after(running(), (wished, 60))
    assert (machine.state, effects) == (MachineState.RUNNING, ())

    machine, _ = after(machine, (OWN, 70), (OWN, 71), (EndRecorded(), 71))

    assert machine.state in (MachineState.OUT_OF_SERVICE, MachineState.MAINTENANCE)


def test_staff_can_end_one_session_and_only_that_one() -> None:
    machine, effects = after(running(), (wish(end_session="another session"), 60))
    assert effects == ()

    _, effects = after(machine, (wish(end_session=ID), 61))

    event = ended(effects)
    assert event is not None
    assert (event.reason, event.occupied_s) == (EndReason.STAFF, 61)


def test_a_machine_comes_back_into_service_by_a_wish_and_stays_off() -> None:
    machine, _ = after(idle(), (wish(service=Service.OUT), 1))
    assert machine.state is MachineState.OUT_OF_SERVICE

    machine, effects = after(machine, (wish(), 2))

    assert machine.state is MachineState.IDLE
    assert effects == ()


def test_a_latch_is_cleared_only_by_a_wish_that_is_newer_and_reaches_it() -> None:
    machine, _ = after(idle(), (wish(clear_latch_upto=50), 0), (Failed(Failure.EFFECT_FAILED, ""), 1))
    machine, _ = after(machine, (LatchRecorded(3), 1))
    assert machine.latch == Latch(3, wish=50)

    machine, _ = after(machine, (wish(clear_latch_upto=50), 2), (wish(clear_latch_upto=2), 2))
    assert machine.state is MachineState.OUT_OF_SERVICE
    machine, effects = after(machine, (wish(clear_latch_upto=51), 3))

    assert machine.state is MachineState.IDLE
    assert machine.failures == frozenset()
    assert effects == (Record(latch=Latching.CLEARED),)


def test_a_latch_that_is_not_on_disk_yet_cannot_have_been_cleared() -> None:
    machine, _ = after(idle(), (Failed(Failure.EFFECT_FAILED, ""), 1), (wish(clear_latch_upto=2**52), 2))

    assert machine.latch == Latch(NEVER, wish=0)


def test_a_stop_in_order_releases_and_records_that_second() -> None:
    _, effects = after(running(), (Stopping(), 75.5))

    event = ended(effects)
    assert isinstance(effects[0], Release)
    assert event is not None
    assert (event.reason, event.occupied_s) == (EndReason.SHUTDOWN, 75)


# --- the failure matrix -------------------------------------------------------------------------------------------------

WHAT_REMOVES_POWER = {
    Failure.OUTPUT_FAILED,
    Failure.CONTACT_OPEN,
    Failure.LOOP_HUNG,
    Failure.KILLED,
    Failure.MAINS_BACK,
}
CELLS = [(failure, column) for failure in Failure for column in Column]


def test_the_matrix_answers_every_failure_for_every_kind_of_machine() -> None:
    assert set(MATRIX) == set(Failure)
    assert all(set(row) == set(Column) for row in MATRIX.values())


def test_only_loss_of_the_output_or_of_the_power_itself_removes_power() -> None:
    released = {failure for failure, column in CELLS if MATRIX[failure][column].power is Power.RELEASED}

    assert released == WHAT_REMOVES_POWER
    assert MATRIX[Failure.KILLED][Column.LOW_HOLD].power is Power.STAYS


@pytest.mark.parametrize(("failure", "column"), CELLS)
def test_a_running_machine_does_in_each_failure_what_the_matrix_says(failure: Failure, column: Column) -> None:
    answer = MATRIX[failure][column]

    machine, effects = after(running(column), (Failed(failure, "detail"), 60))

    event = ended(effects)
    assert (Release() in effects) == (answer.power is Power.RELEASED)
    assert (event.reason if event else None) == (answer.end if answer.power is Power.RELEASED else None)
    faults = [
        one for effect in effects if isinstance(effect, Record) for one in effect.events if isinstance(one, Fault)
    ]
    assert [one.code for one in faults] == ([failure] if answer.alarm else [])
    assert denies_by_fault(machine) == (answer.next_start is NextStart.DENIED)
    assert (machine.latch is not None) == (answer.next_start is NextStart.LATCHED)


@pytest.mark.parametrize(("failure", "column"), CELLS)
def test_a_machine_at_rest_stays_off_in_each_failure_and_the_next_start_is_as_the_matrix_says(
    failure: Failure, column: Column
) -> None:
    machine, effects = after(idle(column), (Failed(failure, "detail"), 60))

    assert not any(isinstance(effect, Release | Energise) for effect in effects)
    latched = MATRIX[failure][column].next_start is NextStart.LATCHED
    assert machine.state is (MachineState.OUT_OF_SERVICE if latched else MachineState.IDLE)


def test_a_failure_that_lasts_is_told_once_and_is_over_when_it_is_mended() -> None:
    failed = Failed(Failure.READER_DEAD, "unplugged")
    machine, effects = after(idle(), (failed, 1), (failed, 2))
    assert effects == ()

    machine, _ = after(machine, (Mended(Failure.READER_DEAD), 3))

    assert not denies_by_fault(machine)


def test_a_lost_output_latches_in_the_same_record_that_ends_the_session() -> None:
    machine, (release, record) = after(running(), (Failed(Failure.OUTPUT_FAILED, "pin"), 60))

    assert isinstance(release, Release)
    assert [type(event) for event in record.events] == [SessionEnded, Fault]
    assert (record.row, record.latch) == (Row.DROP, Latching.SET)
    assert after(machine, (EndRecorded(), 60))[0].state is MachineState.OUT_OF_SERVICE


def test_an_end_that_rests_on_memory_says_so() -> None:
    unwritable = Failed(Failure.STATE_UNWRITABLE, "disk full")

    _, effects = after(running(), (unwritable, 60), (OWN, 70), (OWN, 71))

    event = ended(effects)
    assert event is not None
    assert event.ended.quality is TimeQuality.ESTIMATED
    assert unproven(replace(event, ended=stamp(71))) == event


def test_the_column_follows_the_risk_before_the_actuator() -> None:
    assert column_of(RiskClass.LOW, OnLoss.HOLD) is Column.LOW_HOLD
    assert column_of(RiskClass.LOW, OnLoss.OFF) is Column.LOW_PLAIN
    assert {column_of(RiskClass.MEDIUM, loss) for loss in OnLoss} == {Column.MEDIUM}
    assert {column_of(RiskClass.HIGH, loss) for loss in OnLoss} == {Column.HIGH}
