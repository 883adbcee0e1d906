"""Running time from power: what counts, what is taken back, what is not known; for any row of samples, too."""

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.metering import (
    WRAP_MWH,
    Activity,
    Sample,
    Thresholds,
    idle_since_ms,
    interrupted,
    is_running,
    measured_s,
    running_s,
    take,
    wh,
)
from tests.bench.meter import Profile, metered_s, plain_s, profiles
from wire.codec import decode, encode

LIMITS = Thresholds(100, 60)
WORK, BETWEEN, REST = 200.0, 80.0, 10.0


def row(*stretches: tuple[int, float], start: int = 0) -> list[Sample]:
    """One sample a second: so many of so many watts."""
    watts = [value for count, value in stretches for _ in range(count)]
    return [Sample((start + second) * 1000, value) for second, value in enumerate(watts)]


def after(samples: list[Sample], activity: Activity | None = None, limits: Thresholds = LIMITS) -> Activity:
    return reduce(lambda known, sample: take(known, sample, limits), samples, activity or Activity())


def counting(*readings: float | None) -> Activity:
    return after([Sample(second * 1000, REST, value) for second, value in enumerate(readings)])


# --- running and idle -----------------------------------------------------------------------------------------------------


def test_work_counts_from_its_first_second_once_it_has_lasted_three() -> None:
    assert [running_s(after(row((count, WORK)))) for count in (1, 2, 3, 4, 5)] == [None, 0, 0, 3, 4]


def test_two_seconds_of_inrush_are_no_work() -> None:
    activity = after(row((10, REST), (2, WORK), (60, REST)))

    assert running_s(activity) == 0
    assert not is_running(activity, 71_000)


def test_a_pause_is_added_when_work_goes_on() -> None:
    samples = row((60, WORK), (80, REST), (10, WORK))

    assert running_s(after(samples[:140])) == 60
    assert running_s(after(samples)) == 149


def test_a_pause_that_was_the_end_is_never_counted() -> None:
    activity = after(row((60, WORK), (300, REST), (10, WORK)))

    assert running_s(activity) == 60 + 9


def test_it_stays_running_through_the_pause_and_no_longer() -> None:
    samples = row((60, WORK), (300, REST))

    assert is_running(after(samples[: 60 + 90]), 149_000) is True
    assert is_running(after(samples[: 60 + 91]), 150_000) is False


def test_between_the_thresholds_it_goes_on_as_it_was() -> None:
    assert running_s(after(row((60, WORK), (600, BETWEEN)))) == 659
    assert running_s(after(row((60, REST), (600, BETWEEN)))) == 0


def test_a_tube_that_pulses_is_at_work() -> None:
    pulses = [(1, WORK if second % 3 else BETWEEN) for second in range(60)]

    assert running_s(after(row(*pulses))) == 58


def test_a_spike_every_now_and_then_is_no_work_however_much_lies_between_them() -> None:
    assert running_s(after(row(*[(1, WORK), (9, BETWEEN)] * 60))) == 0


def test_idle_since_is_told_only_while_every_sample_says_so() -> None:
    activity = after(row((60, WORK), (30, REST)))

    assert idle_since_ms(activity, 89_000) == 60_000
    assert idle_since_ms(after(row((1, BETWEEN), start=90), activity), 90_000) is None


def test_a_machine_that_never_did_anything_is_idle_since_its_first_sample() -> None:
    activity = after(row((30, REST), start=5))

    assert idle_since_ms(activity, 34_000) == 5_000


# --- silence --------------------------------------------------------------------------------------------------------------


def test_nothing_measured_is_not_zero() -> None:
    assert running_s(Activity()) is None
    assert measured_s(Activity()) == 0
    assert is_running(Activity(), 0) is None
    assert wh(Activity()) is None


def test_a_silent_meter_says_neither_running_nor_idle() -> None:
    working, resting = after(row((60, WORK))), after(row((60, REST)))

    assert is_running(working, 69_000) is True
    assert is_running(working, 69_001) is None
    assert idle_since_ms(resting, 69_000) == 0
    assert idle_since_ms(resting, 69_001) is None


def test_a_gap_is_not_run_time_and_a_short_one_does_not_end_the_job() -> None:
    activity = after(row((60, WORK)) + row((60, WORK), start=80))

    assert running_s(activity) == measured_s(activity) == 59 + 59


def test_a_gap_longer_than_any_pause_ends_the_job() -> None:
    activity = after(row((60, WORK)) + row((60, BETWEEN), start=200))

    assert running_s(activity) == 59
    assert measured_s(activity) == 118


def test_idle_is_proven_anew_after_a_gap() -> None:
    activity = after(row((60, REST)) + row((5, REST), start=600))

    assert idle_since_ms(activity, 604_000) == 600_000


def test_a_pause_and_a_gap_together_are_as_long_as_the_clock_says() -> None:
    bridged = after(row((60, WORK), (30, REST)) + row((10, WORK), start=120))
    too_long = after(row((60, WORK), (60, REST)) + row((10, WORK), start=155))

    assert running_s(bridged) == 60 + 29 + 9
    assert running_s(too_long) == 60 + 9


def test_another_boot_begins_its_own_time() -> None:
    before = after(row((60, WORK), start=5000))

    assert running_s(after(row((10, WORK)), before)) == 59 + 9
    assert is_running(interrupted(before), 5_060_000) is None
    assert running_s(interrupted(before)) == 59


@pytest.mark.parametrize("watts", [float("nan"), float("inf")])
def test_a_reading_that_is_no_number_is_silence(watts: float) -> None:
    before = after(row((60, WORK)))

    assert take(before, Sample(60_000, watts, 5.0), LIMITS) == before
    assert take(before, Sample(60_000, WORK, watts), LIMITS).counter_mwh is None


# --- energy ---------------------------------------------------------------------------------------------------------------


def test_energy_is_what_the_counter_grew() -> None:
    assert wh(counting(1000.0, 1000.4, 1002.6)) == 3
    assert wh(counting(1000.0)) == 0
    assert wh(counting(None, None)) is None


def test_energy_of_a_gap_is_known_because_the_counter_went_on() -> None:
    activity = after([Sample(0, REST, 100.0), Sample(3_600_000, REST, 350.0)])

    assert wh(activity) == 250
    assert running_s(activity) is None


def test_a_counter_that_began_anew_after_its_largest_number_goes_on() -> None:
    assert wh(counting(9_999_980.0, 5.0)) == 15


def test_a_reset_or_another_meter_costs_its_own_step_and_nothing_else() -> None:
    assert wh(counting(5000.0, 5002.0, 0.0, 1.0)) == 3
    assert wh(counting(5000.0, 5002.0, 123_456.0, 123_457.0)) == 3


# --- for any row of samples -----------------------------------------------------------------------------------------------

_SPANS = st.sampled_from([0, 1, 250, 1000, 1000, 1000, 2000, 5000, 10_000, 10_001, 60_000, 95_000])
_WATTS = st.sampled_from([0.0, REST, 60.0, BETWEEN, 100.0, WORK, -3.0])
_COUNTERS = st.one_of(st.none(), st.floats(0, WRAP_MWH / 1000))


@st.composite
def _samples(draw: st.DrawFn) -> list[Sample]:
    steps = draw(st.lists(st.tuples(_SPANS, st.integers(1, 12), _WATTS, _COUNTERS), max_size=10))
    now_ms, made = 0, []
    for span, count, watts, counter in steps:
        for _ in range(count if span <= 10_000 else 1):
            now_ms += span
            made.append(Sample(now_ms, watts, counter))
    return made


@given(_samples())
def test_never_more_running_than_measured_nor_more_measured_than_passed(samples: list[Sample]) -> None:
    activity = after(samples)

    passed = samples[-1].mono_ms - samples[0].mono_ms if samples else 0
    assert 0 <= activity.run_ms + activity.pause_ms + (activity.rise_ms or 0) <= activity.measured_ms <= passed


@given(_samples())
def test_nothing_that_was_told_is_ever_taken_back(samples: list[Sample]) -> None:
    known = Activity()
    for sample in samples:
        later = take(known, sample, LIMITS)
        assert later.run_ms >= known.run_ms
        assert later.measured_ms >= known.measured_ms
        assert (later.used_mwh or 0) >= (known.used_mwh or 0)
        known = later


@given(_samples(), st.integers(0, 60))
def test_cutting_a_gap_out_of_the_middle_never_adds_time(samples: list[Sample], at: int) -> None:
    torn = samples[:at] + [replace(one, mono_ms=one.mono_ms + 100_000) for one in samples[at:]]

    assert after(torn).run_ms <= after(samples).run_ms


@given(_samples())
def test_more_power_is_never_less_running(samples: list[Sample]) -> None:
    assert after([replace(one, watts=one.watts + 50) for one in samples]).run_ms >= after(samples).run_ms


@given(_samples())
def test_what_is_known_survives_the_state_file(samples: list[Sample]) -> None:
    activity = after(samples)

    assert decode(Activity, encode(activity), 10_000) == activity


@given(_samples(), st.integers(0, 300_000))
def test_idle_and_running_are_told_of_a_live_meter_only(samples: list[Sample], later_ms: int) -> None:
    activity = after(samples)
    now_ms = (activity.last_ms or 0) + later_ms

    silent = activity.last_ms is None or later_ms > 10_000
    assert (is_running(activity, now_ms) is None) is silent
    if silent:
        assert idle_since_ms(activity, now_ms) is None


@pytest.mark.parametrize(("run_w", "idle_w"), [(10, 20), (10, -1), (float("nan"), 1), (float("inf"), 1)])
def test_thresholds_that_cannot_work_are_refused(run_w: float, idle_w: float) -> None:
    with pytest.raises(ValueError, match="idle_w"):
        Thresholds(run_w, idle_w)


@pytest.mark.parametrize("standby_w", [-1, 61, float("nan")])
def test_a_standby_that_reads_as_work_is_refused(standby_w: float) -> None:
    with pytest.raises(ValueError, match="standby_w"):
        Thresholds(100, 60, standby_w=standby_w)


# --- against the truth ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", profiles(), ids=lambda profile: profile.name)
def test_a_machines_own_thresholds_come_within_one_bridged_pause_of_the_truth(profile: Profile) -> None:
    assert metered_s(profile, profile.thresholds) == pytest.approx(profile.truth_s, abs=45)


def test_the_plain_threshold_bills_ten_minutes_of_an_hours_print_and_patience_nearly_all() -> None:
    heated_bed = profiles()[0]

    assert heated_bed.truth_s == 3600
    assert plain_s(heated_bed, 100) == 600
    assert 3540 <= metered_s(heated_bed, Thresholds(100, 60)) <= 3600
    assert 3595 <= metered_s(heated_bed, Thresholds(30, 20)) <= 3600
