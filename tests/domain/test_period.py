"""A month on the lab's clock, in UTC: short, long, and across the clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.period import day_of, day_start, month_of, period_of

PARIS = ZoneInfo("Europe/Paris")


def test_october_is_an_hour_longer_than_its_days() -> None:
    october = period_of("2026-10", PARIS)

    assert october.start == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert october.end == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert october.end - october.start == timedelta(days=31, hours=1)


def test_march_is_an_hour_shorter_than_its_days() -> None:
    march = period_of("2026-03", PARIS)

    assert march.end - march.start == timedelta(days=31, hours=-1)


def test_a_session_belongs_to_the_month_in_which_it_ends() -> None:
    october = period_of("2026-10", PARIS)

    assert october.holds(datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC))
    assert not october.holds(datetime(2026, 10, 31, 23, 0, tzinfo=UTC)), "midnight in the lab is November"
    assert october.holds(datetime(2026, 9, 30, 22, 0, tzinfo=UTC))
    assert not october.holds(datetime(2026, 9, 30, 21, 59, 59, tzinfo=UTC))


def test_a_month_can_be_closed_six_hours_after_its_end() -> None:
    assert period_of("2026-10", PARIS).closable_from == datetime(2026, 11, 1, 5, tzinfo=UTC)


def test_december_is_followed_by_january() -> None:
    december = period_of("2026-12", PARIS)

    assert (december.first_day, december.last_day) == (date(2026, 12, 1), date(2026, 12, 31))
    assert december.end == day_start(date(2027, 1, 1), PARIS)


@pytest.mark.parametrize("word", ["2026-13", "october", "2026-1", "2026-10-01", ""])
def test_what_is_no_month_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        period_of(word, PARIS)


def test_the_day_is_the_labs_and_not_that_of_greenwich() -> None:
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)

    assert day_of(late, PARIS) == date(2026, 11, 1)
    assert month_of(late, PARIS) == "2026-11"


@given(st.integers(0, 20 * 366 * 24 * 3600))
def test_every_moment_lies_in_the_period_of_its_name_and_in_no_other(seconds: int) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    month = period_of(month_of(moment, PARIS), PARIS)

    assert month.holds(moment)
    assert not month.holds(month.end)
    assert not month.holds(month.start - timedelta(microseconds=1))


@pytest.mark.parametrize("month", ["0001-01", "9999-12", "2026-13", "month"])
def test_what_is_no_month_that_can_be_computed_with_is_none(month: str) -> None:
    with pytest.raises(ValueError, match=r"month|isoformat|0001|9999"):
        period_of(month, PARIS)
