"""A trainer's badge at a machine at rest: start, start a learner, sign learners off."""

from dataclasses import replace

import pytest

from agent.access import Denied, Grant
from agent.machine import NoticeKind
from agent.stimuli import Pressed, ProblemPressed, Wished
from tests.agent.rules import ADA, BOB, Bench
from tests.agent.test_rules_beside import A_CLASS, LEO, TOM, TWO, beside
from wire.messages import AccessDenied, DenialReason, Level, MachineState, RiskClass, Service, SignOff

EVA = Denied(frozenset({DenialReason.QUALIFICATION_MISSING}), 7, 9, "Eva", "en", good=True)
LOST = Denied(frozenset({DenialReason.TOKEN_BLOCKED, DenialReason.QUALIFICATION_MISSING}), 7, 9, "Eva", "en")
STRANGER = Denied(frozenset({DenialReason.UNKNOWN_TOKEN, DenialReason.OUT_OF_SERVICE}), 7)
OUT_TOM = Denied(frozenset({DenialReason.OUT_OF_SERVICE}), 7, 4, "Tom", "fr", level=Level.TRAINER, good=True)


def out(service: Service = Service.OUT) -> Wished:
    return Wished(RiskClass.LOW, service, False, None, 0)


def signing(**machine: bool) -> Bench:
    return Bench(**machine).tap(0, TOM).does(Pressed(), 5)


def signed(bench: Bench) -> list[tuple[int, int]]:
    return [(event.trainer, event.learner) for event in bench.of(SignOff)]


# --- what a trainer's badge can do --------------------------------------------------------------------------------------


def test_a_trainers_badge_starts_when_it_comes_again_and_not_before() -> None:
    bench = Bench().tap(0, TOM)
    assert bench.effects == []

    assert beside(bench.tap(9, TOM)) == (4, None, None)


def test_a_trainer_who_waits_too_long_begins_anew() -> None:
    bench = Bench().tap(0, TOM).tap(11, TOM)

    assert bench.started is None
    assert beside(bench.tap(12, TOM)) == (4, None, None)


def test_the_badge_again_arms_where_a_press_is_asked_for() -> None:
    bench = Bench().rules(press_s=10).tap(0, TOM).tap(2, TOM)
    assert bench.machine.state is MachineState.ARMED

    assert beside(bench.does(Pressed(), 5)) == (4, None, None)


def test_a_learners_badge_after_the_trainers_starts_with_the_trainer_beside() -> None:
    bench = Bench().tap(0, TOM).tap(5, LEO)

    assert beside(bench) == (3, 4, None)
    assert beside(Bench().rules(**TWO).tap(0, TOM).tap(5, LEO)) == (3, 4, 4)


def test_a_trainer_is_no_supervisor_of_their_own_other_badge() -> None:
    bench = Bench().tap(0, TOM).tap(5, replace(LEO, holder=TOM.holder), token="the trainer's other badge")

    assert bench.started is None


def test_anybody_who_may_start_alone_does_so_after_a_trainer_too() -> None:
    assert beside(Bench().tap(0, TOM).tap(5, BOB)) == (2, None, None)


def test_a_trainer_alone_is_one_person_where_two_are_asked_for() -> None:
    bench = Bench().rules(**TWO).tap(0, TOM).tap(2, TOM)
    assert bench.switched == []

    assert beside(bench.tap(5, ADA)) == (4, None, 1)


def test_a_class_is_opened_without_any_choice() -> None:
    assert Bench().tap(0, A_CLASS).started is not None


# --- signing off --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learner", [EVA, LEO, BOB])
def test_trainer_button_learner_is_a_sign_off_and_starts_nothing(learner: Grant | Denied) -> None:
    bench = signing().tap(10, learner)

    assert signed(bench) == [(4, learner.holder or 0)]
    assert bench.switched == []
    assert bench.of(AccessDenied) == []


def test_several_learners_come_one_after_the_other_and_each_badge_moves_the_end() -> None:
    bench = signing()
    for second, learner in ((30, EVA), (55, LEO), (80, BOB)):
        assert signed(bench.tap(second, learner)) == [(4, learner.holder)]

    assert signed(bench.tap(111, ADA)) == []
    assert beside(bench) == (1, None, None), "the time was over, and she starts"


def test_a_badge_that_comes_twice_is_noted_once() -> None:
    bench = signing().tap(10, EVA).tap(12, EVA)

    assert signed(bench) == []
    assert bench.machine.notice is not None
    assert bench.machine.notice.kind is NoticeKind.SIGNED


def test_the_trainers_own_badge_ends_it() -> None:
    bench = signing().tap(10, TOM)
    assert bench.machine.menu is None

    assert signed(bench.tap(11, EVA)) == []


def test_nobody_signs_themselves_off_by_any_badge() -> None:
    bench = signing().tap(10, TOM, token="the trainer's other badge")

    assert signed(bench) == []
    assert bench.machine.notice is not None
    assert bench.machine.notice.kind is NoticeKind.SIGNED_SELF
    assert signed(bench.tap(11, EVA)) == [(4, 9)], "and it goes on"


@pytest.mark.parametrize(
    ("answer", "reason"), [(STRANGER, DenialReason.UNKNOWN_TOKEN), (LOST, DenialReason.TOKEN_BLOCKED)]
)
def test_a_badge_that_is_unknown_or_no_good_is_refused_for_that_alone(answer: Denied, reason: DenialReason) -> None:
    bench = signing().tap(10, answer)

    assert signed(bench) == []
    assert bench.denied == (reason,)


def test_out_of_service_a_trainer_is_refused_and_may_sign_off_all_the_same() -> None:
    bench = Bench().does(out(), 0).tap(1, OUT_TOM)
    assert bench.denied == (DenialReason.OUT_OF_SERVICE,)

    bench.does(Pressed(), 3).tap(5, EVA)

    assert signed(bench) == [(4, 9)]
    assert bench.machine.state is MachineState.OUT_OF_SERVICE


def test_a_list_that_comes_meanwhile_ends_no_signing_off_but_maintenance_does() -> None:
    bench = Bench().does(out(), 0).tap(1, OUT_TOM).does(Pressed(), 3).does(out(), 4)
    assert signed(bench.tap(5, EVA)) == [(4, 9)]

    bench.does(out(Service.MAINTENANCE), 6)

    assert signed(bench.tap(7, LEO)) == []


def test_a_machine_that_goes_out_of_service_takes_the_start_out_of_a_trainers_choice() -> None:
    bench = Bench().tap(0, TOM).does(ProblemPressed(), 1).tap(2, TOM)

    assert bench.switched == []
    assert bench.machine.state is MachineState.OUT_OF_SERVICE


def test_a_choice_from_before_starts_nothing_when_the_machine_is_back_in_service() -> None:
    bench = Bench().tap(0, TOM).does(out(), 1).does(out(Service.IN), 2).tap(3, TOM)

    assert bench.switched == []
    assert beside(bench.tap(4, TOM)) == (4, None, None)


def test_under_maintenance_nobody_signs_off() -> None:
    in_maintenance = replace(OUT_TOM, reasons=frozenset({DenialReason.MAINTENANCE}))
    bench = Bench().does(out(Service.MAINTENANCE), 0).tap(1, in_maintenance)
    assert bench.machine.menu is None

    assert signed(bench.does(Pressed(), 3).tap(5, EVA)) == []


def test_a_box_without_a_button_has_no_signing_off() -> None:
    closed = replace(OUT_TOM, reasons=frozenset({DenialReason.OUTSIDE_HOURS}))

    assert Bench(has_button=False).tap(0, closed).machine.menu is None
    assert Bench().tap(0, closed).machine.menu is not None  # the control


def test_a_trainer_whose_badge_is_blocked_has_no_choice() -> None:
    blocked = replace(OUT_TOM, reasons=frozenset({DenialReason.TOKEN_BLOCKED}), good=False)

    assert Bench().tap(0, blocked).machine.menu is None
