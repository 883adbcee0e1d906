"""Learn mode proposes thresholds that tell rest from work, and says so where power cannot; and alarms about odd power."""

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.learning import Refused, Why, propose
from agent.metering import Draw, Sample, Thresholds, power_without_session, session_without_power, watch
from tests.bench.meter import Profile, metered_s, profiles

LIMITS = Thresholds(100, 60)


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.name)
def test_learned_thresholds_measure_as_well_as_chosen_ones(profile: Profile) -> None:
    learned = propose(profile.watts(at_work=False), profile.watts(at_work=True))

    assert isinstance(learned, Thresholds)
    assert metered_s(profile, learned) == pytest.approx(profile.truth_s, abs=45)


def test_both_thresholds_lie_between_rest_and_work() -> None:
    learned = propose([30.0] * 60, [120.0] * 60)

    assert learned == Thresholds(run_w=90.0, idle_w=60.0)


def test_pauses_that_read_as_rest_are_left_to_patience() -> None:
    learned = propose([30.0] * 60, [30.0] * 20 + [120.0] * 60)

    assert learned == Thresholds(run_w=90.0, idle_w=60.0)


def test_a_chiller_that_draws_as_much_as_the_work_is_said_and_not_guessed() -> None:
    refused = propose([30.0] * 50 + [400.0] * 10, [420.0] * 60)

    assert refused == Refused(Why.OVERLAP, rest_w=400.0, work_w=420.0)


def test_two_watts_apart_is_noise() -> None:
    assert propose([1.0] * 60, [3.0] * 60) == Refused(Why.OVERLAP, 1.0, 3.0)


def test_a_short_recording_and_one_with_holes_are_refused() -> None:
    assert propose([1.0] * 59, [90.0] * 60) == Refused(Why.TOO_SHORT)
    assert propose([1.0] * 60, [90.0] * 59 + [float("nan")]) == Refused(Why.NO_NUMBERS)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 4000), min_size=60, max_size=90), st.lists(st.floats(0, 4000), min_size=60, max_size=90))
def test_what_is_proposed_reads_rest_as_idle_and_half_of_the_work_as_work(rest: list[float], work: list[float]) -> None:
    learned = propose(rest, work)

    if isinstance(learned, Thresholds):
        assert sum(watts <= learned.idle_w for watts in rest) >= len(rest) * 0.99
        assert sum(watts >= learned.run_w for watts in work) >= len(work) * 0.5
    else:
        assert learned.why is Why.OVERLAP


# --- power that should not be, or should ----------------------------------------------------------------------------------


def watched(
    watts: float, seconds: int, on: bool, draw: Draw | None = None, start: int = 0, standby_w: float = 0
) -> Draw:
    samples = [Sample((start + second) * 1000, watts) for second in range(seconds)]
    limits = replace(LIMITS, standby_w=standby_w)
    return reduce(lambda known, sample: watch(known, sample, on, limits), samples, draw or Draw())


def test_a_machine_that_works_for_ten_seconds_without_a_session_is_told() -> None:
    assert not power_without_session(watched(200, 10, on=False))
    assert power_without_session(watched(200, 11, on=False))
    assert not power_without_session(watched(50, 600, on=False))


def test_a_session_in_which_nothing_is_drawn_for_two_minutes_is_told() -> None:
    assert not session_without_power(watched(0.4, 120, on=True))
    assert session_without_power(watched(0.4, 121, on=True))
    assert not session_without_power(watched(8, 600, on=True))


def test_what_is_known_to_draw_at_standby_draws_nothing_well_above_one_watt() -> None:
    assert session_without_power(watched(8, 121, on=True, standby_w=60))
    assert not session_without_power(watched(40, 600, on=True, standby_w=60))


def test_each_is_told_of_its_own_state_only() -> None:
    assert not power_without_session(watched(200, 600, on=True))
    assert not session_without_power(watched(0, 600, on=False))
    assert not power_without_session(Draw())
    assert not session_without_power(Draw())


def test_giving_or_taking_the_permit_begins_anew() -> None:
    running_down = watched(200, 9, on=False, draw=watched(200, 60, on=True), start=60)

    assert not power_without_session(running_down)


def test_a_silence_begins_anew_and_by_itself_changes_nothing() -> None:
    told = watched(200, 11, on=False)

    assert power_without_session(told)
    assert not power_without_session(watched(200, 1, on=False, draw=told, start=30))


def test_it_is_over_with_the_first_sample_that_fits() -> None:
    assert not power_without_session(watched(5, 1, on=False, draw=watched(200, 60, on=False), start=60))
