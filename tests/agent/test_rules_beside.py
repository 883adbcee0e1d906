"""Another person beside a use: the trainer of a supervised start, the second of two persons, and both again and again."""

from dataclasses import replace

import pytest

from agent.access import Denied, Grant
from agent.machine import Beside, Latch, Machine
from agent.rules.beside import TRAINER_MS, left_s
from agent.session import next_deadline
from agent.stimuli import EndRecorded, Felt, Latching, Pressed, Record, Row, Sense, Wished
from tests.agent.fakes import stamp
from tests.agent.rules import ADA, BOB, ID, THRESHOLDS, Bench
from wire.messages import (
    AccessDenied,
    DenialReason,
    EndReason,
    Level,
    MachineState,
    OnMaximum,
    Policy,
    RiskClass,
    Service,
    Unattended,
)

LEO = replace(ADA, holder=3, name="Leo", lang="fr", level=Level.SUPERVISED)
TOM = replace(ADA, holder=4, name="Tom", level=Level.TRAINER)
KIM = replace(ADA, holder=5, name="Kim", level=Level.TRAINER)
BLOCKED = Denied(frozenset({DenialReason.TOKEN_BLOCKED}), 7, 4, "Tom", "en", level=Level.TRAINER)
TWO = {"second_s": 20}


def beside(bench: Bench) -> tuple[int, int | None, int | None] | None:
    """Holder, trainer and second person of what has just started."""
    started = bench.started
    return None if started is None else (started.holder, started.supervisor, started.companion)


# --- a supervised start -------------------------------------------------------------------------------------------------


def test_a_learners_badge_starts_nothing_until_a_trainers_badge_comes() -> None:
    bench = Bench().tap(0, LEO)
    assert bench.effects == []
    assert bench.machine.state is MachineState.IDLE

    bench.tap(29, TOM)

    assert beside(bench) == (3, 4, None)
    assert bench.switched == ["on"]
    assert bench.machine.session is not None
    assert bench.machine.session.token == "badge of Leo"


def test_the_button_still_comes_after_both_badges() -> None:
    bench = Bench().rules(press_s=10).tap(0, LEO).tap(5, TOM)
    assert bench.switched == []

    bench.does(Pressed(), 14)

    assert beside(bench) == (3, 4, None)


def test_the_trainers_badge_again_before_the_button_disturbs_nothing() -> None:
    bench = Bench().rules(press_s=10).tap(0, LEO).tap(5, TOM).tap(6, TOM).does(Pressed(), 14)

    assert beside(bench) == (3, 4, None)


def test_a_strangers_badge_before_the_button_begins_anew() -> None:
    stranger = Denied(frozenset({DenialReason.UNKNOWN_TOKEN}), 7)

    bench = Bench().rules(press_s=10).tap(0).tap(5, stranger)

    assert bench.denied == (DenialReason.UNKNOWN_TOKEN,)
    assert bench.does(Pressed(), 6).switched == []


@pytest.mark.parametrize(("grant", "trainer"), [(ADA, None), (LEO, TOM)])
def test_a_new_list_that_asks_for_two_persons_begins_the_start_anew(grant: Grant, trainer: Grant | None) -> None:
    wished = Wished(RiskClass.LOW, Service.IN, False, None, 0)
    bench = Bench().rules(press_s=30).tap(0, grant)
    if trainer is not None:
        bench.tap(1, trainer)
    now_two = replace(grant, policy=Policy(press_s=30, second_s=20))

    bench.does(replace(wished, answer=replace(grant, policy=Policy(press_s=30))), 2)
    assert bench.machine.state is MachineState.ARMED
    bench.does(replace(wished, answer=now_two), 3).does(Pressed(), 4)

    assert bench.switched == []
    assert bench.machine.session is None


def test_when_no_trainer_comes_the_learner_is_refused_and_told_so_once() -> None:
    bench = Bench().tap(0, LEO)

    bench.effects = []
    bench.at(TRAINER_MS / 1000)

    assert bench.denied == (DenialReason.SUPERVISED_ONLY,)
    assert [event.holder for event in bench.of(AccessDenied)] == [3]
    assert bench.machine.waiting is None
    assert bench.tap(TRAINER_MS / 1000 + 1, TOM).started is None


@pytest.mark.parametrize("other", [BOB, replace(LEO, holder=8, name="Lea"), BLOCKED])
def test_a_badge_that_does_not_do_ends_the_wait_and_starts_nothing_of_its_own(other: Grant | Denied) -> None:
    bench = Bench().tap(0, LEO).tap(5, other)

    assert bench.denied == (DenialReason.SUPERVISED_ONLY,)
    assert bench.switched == []
    assert bench.machine.session is None


def test_a_learner_with_two_badges_is_no_trainer_of_their_own() -> None:
    """Holders are compared, not badges: even if the list should say trainer by mistake."""
    bench = Bench().tap(0, LEO).tap(5, replace(TOM, holder=LEO.holder), token="the same person's other badge")

    assert bench.denied == (DenialReason.SUPERVISED_ONLY,)


def test_the_learners_badge_again_waits_on() -> None:
    bench = Bench().tap(0, LEO).tap(3, LEO).tap(10, TOM)

    assert beside(bench) == (3, 4, None)


def test_a_trainer_whose_own_payer_is_closed_may_stand_beside_and_one_who_is_too_early_may_not() -> None:
    closed = Denied(frozenset({DenialReason.BUDGET_REACHED}), 7, 4, "Tom", "en", level=Level.TRAINER, good=True)
    early = replace(closed, reasons=frozenset({DenialReason.OUTSIDE_HOURS}))

    assert beside(Bench().tap(0, LEO).tap(5, closed)) == (3, 4, None)
    assert Bench().tap(0, LEO).tap(5, early).denied == (DenialReason.SUPERVISED_ONLY,)


def test_what_came_in_the_way_meanwhile_is_told_instead_of_a_start() -> None:
    bench = Bench().tap(0, LEO).does(Felt(Sense.ESTOP, True), 3).tap(5, TOM)

    assert bench.denied == (DenialReason.EMERGENCY_STOP,)
    assert bench.switched == []


@pytest.mark.parametrize("service", [Service.OUT, Service.MAINTENANCE])
def test_a_machine_that_goes_out_of_service_waits_for_nobody(service: Service) -> None:
    bench = Bench().tap(0, LEO).does(Wished(RiskClass.LOW, service, False, None, 0), 3).tap(5, TOM)

    assert bench.switched == []
    assert bench.machine.waiting is None


def test_where_staff_look_on_a_learner_starts_alone_and_it_is_told_before_the_start() -> None:
    told = frozenset({DenialReason.SUPERVISED_ONLY, DenialReason.OUTSIDE_HOURS})

    bench = Bench().tap(0, replace(LEO, told=told, key_id="k1"))

    record = next(effect for effect in bench.effects if isinstance(effect, Record))
    assert [event.KIND for event in record.events] == ["access_denied", "session_started"]
    (denied,) = bench.of(AccessDenied)
    assert (denied.enforced, denied.reasons, denied.key_id) == (
        False,
        (DenialReason.SUPERVISED_ONLY, DenialReason.OUTSIDE_HOURS),
        "k1",
    )


def test_a_learner_does_not_cut_a_cool_down_that_a_trainer_may_never_come_to() -> None:
    cooling = Bench().rules(cooldown_s=60).tap(0).tap(10).tap(11)
    assert cooling.machine.state is MachineState.COOLING

    cooling.tap(12, LEO)

    assert cooling.denied == (DenialReason.IN_USE,)
    assert cooling.machine.state is MachineState.COOLING


def test_nobody_is_taken_over_by_somebody_who_may_not_start_alone() -> None:
    idle = Bench(thresholds=THRESHOLDS).rules(takeover_s=60).tap(0).measures(8.0, 1, 200)

    idle.tap(200, LEO).tap(201, LEO)

    assert idle.machine.state is MachineState.RUNNING
    assert idle.denied == (DenialReason.IN_USE,)


# --- two persons --------------------------------------------------------------------------------------------------------


def test_two_persons_start_and_the_first_ones_payer_is_charged() -> None:
    bench = Bench().rules(**TWO).tap(0)
    assert bench.switched == []

    bench.tap(19, BOB)

    assert beside(bench) == (1, None, 2)


def test_two_tokens_of_one_holder_do_not_make_two_persons() -> None:
    bench = Bench().rules(**TWO).tap(0).tap(5, ADA, token="Ada's second badge")

    assert bench.denied == (DenialReason.SECOND_PERSON,)
    assert bench.switched == []
    assert beside(Bench().rules(**TWO).tap(0).tap(5, BOB)) is not None  # the control


def test_when_nobody_else_comes_in_time_it_is_told() -> None:
    bench = Bench().rules(**TWO).tap(0)
    bench.effects = []

    bench.at(20)

    assert bench.denied == (DenialReason.SECOND_PERSON,)


@pytest.mark.parametrize("other", [LEO, BLOCKED, Denied(frozenset({DenialReason.UNKNOWN_TOKEN}), 7)])
def test_who_may_not_use_it_alone_is_no_second_person(other: Grant | Denied) -> None:
    assert Bench().rules(**TWO).tap(0).tap(5, other).denied == (DenialReason.SECOND_PERSON,)


def test_beside_a_learner_the_trainer_is_the_second_person_too() -> None:
    assert beside(Bench().rules(**TWO).tap(0, LEO).tap(5, TOM)) == (3, 4, 4)


def test_a_machine_taken_over_waits_for_its_second_person_without_power() -> None:
    bench = Bench(thresholds=THRESHOLDS).rules(takeover_s=60, **TWO).tap(0).tap(1, BOB).measures(8.0, 2, 200)

    bench.tap(200, KIM).tap(201, KIM)

    assert bench.ended is not None
    assert bench.switched == ["off"]
    assert beside(bench.tap(205, TOM)) == (5, None, 4)


# --- and again ----------------------------------------------------------------------------------------------------------


def supervised(**policy: int) -> Bench:
    return Bench().rules(**policy).tap(0, LEO).tap(1, TOM)


def lapses(bench: Bench) -> list[Unattended]:
    return bench.of(Unattended)


def test_a_lapse_is_told_once_keeps_the_next_start_and_never_releases() -> None:
    bench = supervised(supervise_s=600)
    bench.effects = []

    bench.at(601)

    assert [(event.session, event.holder) for event in lapses(bench)] == [(ID, 3)]
    assert bench.machine.powered
    assert bench.switched == []
    assert bench.machine.latch is not None
    assert bench.machine.latch.problem, "a staff badge clears it"
    bench.at(4000)
    assert len(lapses(bench)) == 1
    bench.tap(4001, LEO).tap(4002, LEO).does(EndRecorded(), 4002)
    assert bench.machine.state is MachineState.OUT_OF_SERVICE


def test_a_lapse_is_kept_in_the_same_record_as_the_session() -> None:
    bench = supervised(supervise_s=600).at(600)
    bench.effects = []

    bench.at(601)

    (record,) = [effect for effect in bench.effects if isinstance(effect, Record) and effect.events]
    assert (record.row, record.latch) == (Row.PUT, Latching.SET)
    assert record.session is not None
    assert record.session.unattended


def test_a_staff_badge_clears_what_a_lapse_has_latched() -> None:
    bench = supervised(supervise_s=600).at(700).tap(701, LEO).tap(702, LEO).does(EndRecorded(), 702)

    bench.tap(710, BOB, staff=True).tap(711, BOB, staff=True)

    assert bench.machine.state is MachineState.IDLE


def test_any_trainer_but_the_learner_renews_and_the_time_runs_anew() -> None:
    bench = supervised(supervise_s=600).tap(500, KIM)
    assert bench.denied == ()
    bench.effects = []

    bench.at(1099)

    assert lapses(bench) == []
    assert lapses(bench.at(1100))


@pytest.mark.parametrize("other", [BOB, BLOCKED, replace(TOM, holder=LEO.holder)])
def test_who_is_no_other_trainer_renews_nothing(other: Grant | Denied) -> None:
    bench = supervised(supervise_s=600).tap(500, other, token="some badge")
    bench.effects = []

    assert lapses(bench.at(601))


def test_after_a_lapse_a_badge_starts_the_time_anew_and_what_is_latched_stays() -> None:
    locked = Denied(frozenset({DenialReason.PROBLEM_REPORTED}), 7, 4, "Tom", "en", level=Level.TRAINER, good=True)
    bench = supervised(supervise_s=600).at(700).tap(800, locked)
    assert bench.machine.latch is not None
    bench.effects = []

    bench.at(1399)

    assert lapses(bench) == []
    assert lapses(bench.at(1400))


def test_a_lapse_leaves_a_fault_that_has_latched_already() -> None:
    bench = supervised(supervise_s=600)
    bench.machine = replace(bench.machine, latch=Latch(5, 0))
    bench.effects = []

    bench.at(601)

    assert lapses(bench)
    assert bench.machine.latch == Latch(5, 0)


def test_a_second_person_renews_and_never_ends_it() -> None:
    bench = Bench().rules(again_s=600, **TWO).tap(0).tap(1, BOB)

    bench.tap(500, BOB).tap(501, BOB).tap(502, BOB)

    assert bench.denied == ()
    assert bench.machine.state is MachineState.RUNNING
    assert left_s(bench.machine.session, stamp(502)) == 600  # type: ignore[arg-type]


def test_a_second_person_takes_nobody_over() -> None:
    bench = Bench(thresholds=THRESHOLDS).rules(takeover_s=60, **TWO).tap(0).tap(1, BOB).measures(8.0, 2, 200)

    bench.tap(200, BOB).tap(201, BOB)

    assert bench.machine.state is MachineState.RUNNING


def test_the_sessions_own_other_badge_does_not_renew() -> None:
    bench = Bench().rules(again_s=600, **TWO).tap(0).tap(1, BOB).tap(500, ADA, token="Ada's second badge")
    bench.effects = []

    assert lapses(bench.at(601))


def test_without_an_interval_nobody_is_missed_and_the_trainers_badge_is_no_refusal() -> None:
    bench = supervised().tap(5000, TOM)

    assert bench.denied == ()
    assert next_deadline(bench.machine) is None


def test_nobody_is_missed_where_nobody_was_asked_for() -> None:
    bench = Bench().rules(again_s=60, supervise_s=60).tap(0)
    bench.effects = []

    assert lapses(bench.at(600)) == []


def test_the_shorter_interval_counts_where_two_are_asked_for_and_only_a_trainer_renews() -> None:
    bench = Bench().rules(supervise_s=600, again_s=300, **TWO).tap(0, LEO).tap(0, TOM).tap(100, BOB)
    bench.effects = []

    assert lapses(bench.at(300))


def test_the_first_of_two_does_not_cut_a_cool_down_that_a_second_may_never_come_to() -> None:
    cooling = Bench().rules(cooldown_s=60, **TWO).tap(0).tap(1, BOB).tap(10).tap(11)
    assert cooling.machine.state is MachineState.COOLING

    cooling.tap(12, BOB)

    assert cooling.denied == (DenialReason.IN_USE,)
    assert cooling.machine.state is MachineState.COOLING


def test_nobody_is_missed_in_a_cool_down() -> None:
    bench = supervised(supervise_s=100, cooldown_s=600).tap(50, LEO).tap(51, LEO)
    assert bench.machine.state is MachineState.COOLING
    bench.effects = []

    assert lapses(bench.at(400)) == []


def test_who_stood_beside_is_in_the_record_of_the_end() -> None:
    bench = Bench().rules(**TWO).tap(0, LEO).tap(1, TOM).tap(60, LEO).tap(61, LEO)

    assert bench.ended is not None
    assert (bench.ended.holder, bench.ended.supervisor, bench.ended.companion) == (3, 4, 4)


# --- a class ------------------------------------------------------------------------------------------------------------

A_CLASS = replace(TOM, lesson="class-1", policy=Policy(max_s=3600, on_max=OnMaximum.CUT))


def test_a_class_opens_at_the_first_tap_and_ends_at_its_hour() -> None:
    bench = Bench().tap(0, A_CLASS)
    assert bench.started is not None
    assert bench.started.lesson == "class-1"
    bench.effects = []

    bench.at(3600)

    assert bench.ended is not None
    assert (bench.ended.reason, bench.ended.occupied_s, bench.ended.lesson) == (EndReason.CLASS_OVER, 3600, "class-1")


def test_the_trainers_second_tap_ends_a_class_and_learners_do_not() -> None:
    bench = Bench().tap(0, A_CLASS).tap(60, LEO).tap(61, LEO)
    assert bench.machine.state is MachineState.RUNNING

    bench.tap(70, A_CLASS).tap(71, A_CLASS)

    assert bench.ended is not None
    assert bench.ended.reason is EndReason.HOLDER


# --- what the panel needs -----------------------------------------------------------------------------------------------


def test_the_wait_is_drawn_again_each_second_and_a_use_only_when_somebody_is_missed_soon() -> None:
    waiting = Bench().tap(0, LEO)
    assert waiting.machine.waiting is not None
    assert waiting.machine.waiting.whom is Beside.TRAINER
    assert waiting.machine.look_ms == 1000
    assert waiting.at(5).machine.look_ms == 6000

    bench = supervised(supervise_s=600).at(10)

    assert bench.machine.look_ms == 541_000, "a minute before"
    assert bench.at(550).machine.look_ms == 551_000
    assert bench.at(700).machine.look_ms is None
    assert Machine("p1").look_ms is None
