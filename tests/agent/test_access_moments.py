"""Moments in a list: who pays at this hour, what keeps everybody away from a day on, bookings, classes, looking on, levels."""

from dataclasses import replace
from typing import Any

import pytest

from agent.access import ONLY_TOLD, Denied, Grant, Local, starts_beside
from tests.agent.fakes import BOB, HOUR, START_MS, a_list, a_machine, stamp
from tests.agent.test_access import ALONE, LOCAL, NOT_DECIDED_HERE, Case, answer, granted, machine, may_not, reasons
from wire.messages import (
    PAYER_REASONS,
    AccessList,
    Authorisation,
    Booked,
    Dated,
    DenialReason,
    Interval,
    Lesson,
    Level,
    OnMaximum,
    PayerCard,
    PayerRule,
    Policy,
    Refusal,
    TimeQuality,
)

SECOND_MS = 1000
ACME, SECOND, SCHOOL = PayerCard("acme", "Acme"), PayerCard("second", "Second"), PayerCard("school", "School")
AT_TEN = START_MS + 10 * SECOND_MS


def ruled(*rules: PayerRule, payers: tuple[PayerCard, ...] = (ACME, SECOND)) -> Case:
    """Ada's payers are acme and second, and these are her rules."""
    listed = a_list(payers=payers)
    ada, bob = listed.holders
    return Case(replace(listed, holders=(replace(ada, rules=rules), bob)))


def paying(case: Case) -> list[str]:
    return [payer.id for payer in granted(case).payers]


# --- who pays -----------------------------------------------------------------------------------------------------------


def test_the_first_rule_that_holds_now_and_here_says_who_pays_and_the_others_stay_to_choose() -> None:
    elsewhere = PayerRule("acme", ("p2",), 0, 2**52)
    from_ten = PayerRule("second", ("p1",), AT_TEN, AT_TEN + 5 * SECOND_MS)
    case = ruled(elsewhere, from_ten, PayerRule("acme", (), 0, 2**52))

    assert paying(case._replace(now=stamp(9.999))) == ["acme", "second"]
    assert paying(case._replace(now=stamp(10))) == ["second", "acme"]
    assert paying(case._replace(now=stamp(15))) == ["acme", "second"]


def test_a_rule_whose_payer_is_closed_denies_and_does_not_fall_back_on_the_usual_one() -> None:
    closed = replace(SECOND, closed=DenialReason.BUDGET_REACHED)

    given = answer(ruled(PayerRule("second", (), 0, 2**52), payers=(ACME, closed)))

    assert isinstance(given, Denied)
    assert given.reasons == {DenialReason.BUDGET_REACHED}
    assert given.otherwise is not None
    assert [payer.id for payer in given.otherwise.payers] == ["acme"]


def test_a_payer_pays_at_its_machines_and_in_its_hours() -> None:
    here, there = replace(ACME, machines=("p1",)), replace(ACME, machines=("p2",))
    morning = replace(ACME, open=(Interval(0, AT_TEN),))

    assert paying(Case(a_list(payers=(here, SECOND)))) == ["acme", "second"]
    assert reasons(Case(a_list(payers=(there, SECOND)))) == {DenialReason.PAYER_NOT_HERE}
    assert paying(Case(a_list(payers=(morning, SECOND)), now=stamp(9))) == ["acme", "second"]
    assert reasons(Case(a_list(payers=(morning, SECOND)), now=stamp(10))) == {DenialReason.PAYER_NOT_HERE}


def test_a_payer_that_does_not_pay_here_is_not_offered_at_the_button_either() -> None:
    payers = (replace(ACME, closed=DenialReason.BUDGET_REACHED), replace(SECOND, machines=("p2",)))

    given = answer(Case(a_list(payers=payers)))

    assert isinstance(given, Denied)
    assert given.otherwise is None


# --- from a day on ------------------------------------------------------------------------------------------------------


def test_a_dated_reason_keeps_everybody_away_from_its_moment_on() -> None:
    overdue = machine(denied=(Dated(DenialReason.CHECK_OVERDUE, AT_TEN),))

    assert isinstance(answer(overdue._replace(now=stamp(9.999))), Grant)
    for card in (overdue.card, BOB):
        assert reasons(overdue._replace(now=stamp(10), card=card)) == {DenialReason.CHECK_OVERDUE}


def test_a_reason_or_a_level_that_this_agent_does_not_know_permits_nothing_more() -> None:
    assert reasons(machine(denied=(Dated("full_moon", 0),))) == {"full_moon"}
    assert reasons(machine(may=(), may_not=(Refusal(1, ("half_moon",)),))) == {"half_moon"}
    assert reasons(Case(a_list(payers=(replace(ACME, closed="no_moon"), SECOND)))) == {"no_moon"}
    assert granted(machine(may=(Authorisation(1, "grand master"),))).asks_trainer


# --- bookings -----------------------------------------------------------------------------------------------------------


def booked(holder: int | None = 2, begins_s: int = 10, ends_s: int = 20, **policy: Any) -> Case:
    booking = Booked(START_MS + begins_s * SECOND_MS, START_MS + ends_s * SECOND_MS, holder)
    return machine(booked=(booking,), policy=Policy(**policy))


@pytest.mark.parametrize("holder", [2, None])
def test_within_somebody_elses_booking_or_an_outage_nobody_else_starts_and_its_end_is_told(holder: int | None) -> None:
    case = booked(holder)

    assert isinstance(answer(case._replace(now=stamp(9.9))), Grant)
    given = answer(case._replace(now=stamp(10)))
    assert isinstance(given, Denied)
    assert (given.reasons, given.until_ms) == (frozenset({DenialReason.BOOKED}), START_MS + 20_000)
    assert isinstance(answer(case._replace(now=stamp(20))), Grant)


def test_ones_own_booking_stands_in_nobodys_way_and_an_outage_in_it_does() -> None:
    own = Booked(START_MS, START_MS + 60_000, 1)

    assert granted(machine(booked=(own,))).booked_s is None
    assert reasons(machine(booked=(own, Booked(START_MS, START_MS + 60_000, None)))) == {DenialReason.BOOKED}


def test_a_start_before_a_booking_is_warned_when_it_begins_and_nothing_adds_to_it() -> None:
    grant = granted(booked(begins_s=3601, max_s=7200, extend_s=600, extend_times=3))

    assert (grant.booked_s, grant.policy.max_s, grant.policy.on_max) == (3600, 3600, OnMaximum.WARN)
    assert grant.policy.extend_times == 0
    assert granted(booked(begins_s=3601)).policy.max_s == 3600
    assert granted(booked(begins_s=3601, on_max=OnMaximum.CUT)).policy.on_max is OnMaximum.WARN


def test_a_shorter_longest_time_stays_and_is_extended_up_to_the_booking_only() -> None:
    policy = granted(booked(begins_s=3601, max_s=1800, extend_s=800, extend_times=5)).policy

    assert (policy.max_s, policy.extend_times) == (1800, 2)


def test_a_booking_takes_nothing_from_a_longest_time_that_cuts() -> None:
    policy = granted(booked(begins_s=3601, max_s=7200, on_max=OnMaximum.CUT)).policy

    assert (policy.max_s, policy.on_max) == (7200, OnMaximum.CUT)


# --- classes ------------------------------------------------------------------------------------------------------------


def a_class(level: Level = Level.TRAINER, payers: tuple[PayerCard, ...] = (ACME, SCHOOL), **policy: Any) -> Case:
    lesson = Lesson("class-1", 1, "school", START_MS + 60 * SECOND_MS, START_MS + 2 * HOUR * SECOND_MS)
    may = (Authorisation(1, level), Authorisation(2, Level.TRAINER))
    entry = a_machine("p1", may=may, lessons=(lesson,), policy=Policy(**policy))
    return Case(a_list(entry, payers=payers), now=stamp(600))


def test_within_a_class_of_theirs_the_trainers_badge_opens_for_its_organiser_until_its_hour() -> None:
    grant = granted(a_class(max_s=60, press_s=10, removal_s=5, idle_end_s=300, takeover_s=300, payer_s=300))

    assert (grant.lesson, [payer.id for payer in grant.payers]) == ("class-1", ["school"])
    assert (grant.policy.max_s, grant.policy.on_max) == (2 * HOUR - 600, OnMaximum.CUT)
    assert (grant.policy.removal_s, grant.policy.idle_end_s, grant.policy.takeover_s) == (None, None, None)
    assert grant.policy.press_s == 10


def test_before_and_after_the_class_and_for_another_trainer_the_badge_does_what_it_always_does() -> None:
    for case in (
        a_class()._replace(now=stamp(59)),
        a_class()._replace(now=stamp(2 * HOUR)),
        a_class()._replace(card=BOB),
    ):
        grant = granted(case)

        assert (grant.lesson, grant.payers[0].id) == (None, "acme")


def test_who_has_not_the_level_of_a_trainer_here_opens_no_class() -> None:
    assert granted(a_class(Level.ALONE)).lesson is None


def test_a_class_whose_organiser_is_closed_is_not_opened_on_the_trainers_own_account() -> None:
    case = a_class(payers=(ACME, replace(SCHOOL, closed=DenialReason.TENANT_SUSPENDED)))

    given = answer(case)

    assert isinstance(given, Denied)
    assert (given.reasons, given.otherwise) == (frozenset({DenialReason.TENANT_SUSPENDED}), None)


# --- looking on ---------------------------------------------------------------------------------------------------------


def looked_on(case: Case) -> Case:
    """The same, where staff only look on."""
    assert case.listed is not None
    entries = tuple(replace(one, log_only_until_ms=START_MS + HOUR * SECOND_MS) for one in case.listed.machines)
    return case._replace(listed=replace(case.listed, machines=entries))


DECIDED = [
    reason for reason in DenialReason if reason not in NOT_DECIDED_HERE and reason is not DenialReason.LIST_MISSING
]


@pytest.mark.parametrize("reason", DECIDED)
def test_where_staff_look_on_reasons_of_people_and_hours_are_told_and_all_others_deny(reason: DenialReason) -> None:
    given = answer(looked_on(ALONE[reason]))

    if reason in ONLY_TOLD:
        assert isinstance(given, Grant)
        assert given.told == {reason}
    else:
        assert isinstance(given, Denied)
        assert given.reasons == {reason}


def test_what_is_wrong_with_a_badge_a_payer_or_a_machine_is_never_only_told() -> None:
    protects = {
        DenialReason.MAINTENANCE,
        DenialReason.OUT_OF_SERVICE,
        DenialReason.CHECK_OVERDUE,
        *LOCAL,
        *PAYER_REASONS,
    }

    assert not ONLY_TOLD & protects
    assert not ONLY_TOLD & {DenialReason.TOKEN_BLOCKED, DenialReason.UNKNOWN_TOKEN, DenialReason.SECOND_PERSON}
    assert DenialReason.FRAME_REQUIRED not in ONLY_TOLD, "the law asks for that, whatever a lab tries out"


def test_beside_a_reason_that_denies_those_that_are_only_told_are_named_too() -> None:
    case = looked_on(may_not(DenialReason.QUALIFICATION_EXPIRED))._replace(local=Local(frozenset({DenialReason.FAULT})))

    assert reasons(case) == {DenialReason.QUALIFICATION_EXPIRED, DenialReason.FAULT}


def test_a_supervised_person_starts_alone_where_staff_look_on_and_it_is_told() -> None:
    grant = granted(looked_on(machine(may=(Authorisation(1, Level.SUPERVISED),))))

    assert (grant.told, grant.asks_trainer) == (frozenset({DenialReason.SUPERVISED_ONLY}), False)


def test_with_another_payer_chosen_what_is_only_told_is_still_told() -> None:
    closed = replace(ACME, closed=DenialReason.BUDGET_REACHED)
    case = looked_on(machine(may=(Authorisation(1, Level.SUPERVISED),), open=()))
    assert case.listed is not None

    given = answer(case._replace(listed=replace(case.listed, payers=(closed, SECOND))))

    assert isinstance(given, Denied)
    assert given.otherwise is not None
    assert given.otherwise.told == {DenialReason.SUPERVISED_ONLY, DenialReason.OUTSIDE_HOURS}
    assert not given.otherwise.asks_trainer


def test_looking_on_ends_at_its_moment_and_does_not_begin_by_a_clock_that_was_never_set() -> None:
    case = looked_on(machine(may=()))

    assert isinstance(answer(case), Grant)
    assert reasons(case._replace(now=stamp(HOUR))) == {DenialReason.QUALIFICATION_MISSING}
    assert reasons(case._replace(now=stamp(1, quality=TimeQuality.ESTIMATED))) == {DenialReason.QUALIFICATION_MISSING}


# --- who may stand beside -----------------------------------------------------------------------------------------------


def beside(case: Case) -> Level | None:
    return starts_beside(answer(case))


def listed_for_bob(**changes: Any) -> AccessList:
    return a_list(a_machine("p1", may=(Authorisation(2, Level.TRAINER),), **changes))


def test_who_stands_beside_needs_no_payer_and_no_booking_of_their_own() -> None:
    closed = replace(listed_for_bob(), payers=(replace(ACME, closed=DenialReason.BUDGET_REACHED),))
    taken = listed_for_bob(booked=(Booked(START_MS, START_MS + 60_000, 1),))

    assert beside(Case(closed, BOB)) is Level.TRAINER
    assert beside(Case(taken, BOB)) is Level.TRAINER


def test_a_blocked_badge_a_lapsed_right_or_a_closed_machine_lets_nobody_stand_beside_a_start() -> None:
    listed = listed_for_bob()
    blocked = replace(listed, holders=tuple(replace(one, denied=DenialReason.TOKEN_BLOCKED) for one in listed.holders))
    refused = listed_for_bob(may_not=(Refusal(2, (DenialReason.SHEET_NOT_ACCEPTED,)),), log_only_until_ms=2**52)
    lapsed = a_list(a_machine("p1", may=(Authorisation(2, Level.TRAINER, START_MS),)))

    assert beside(Case(blocked, BOB)) is None
    assert beside(Case(lapsed, BOB)) is None
    assert beside(Case(refused, BOB)) is None, "not even where that is only told"
    assert beside(Case(listed_for_bob(open=()), BOB)) is None
    assert beside(Case(listed, BOB, local=Local(frozenset({DenialReason.EMERGENCY_STOP})))) is None
    assert beside(Case(listed, BOB)) is Level.TRAINER
