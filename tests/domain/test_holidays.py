"""The public holidays of Alsace: Easter against known years, and the two days that the rest of France does not have."""

from datetime import date

import pytest

from server.domain.holidays import Holiday, easter_sunday, holidays_of

# As published by the Bureau des longitudes and the church calendars; the earliest and the latest of three centuries too.
EASTERS = ["1818-03-22", "1943-04-25", "1961-04-02", "2000-04-23", "2008-03-23", "2016-03-27", "2024-03-31"]
EASTERS += ["2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25", "2100-03-28", "2285-03-22"]


@pytest.mark.parametrize("known", EASTERS)
def test_easter_is_when_the_calendars_say(known):
    assert easter_sunday(int(known[:4])) == date.fromisoformat(known)


def test_easter_is_always_a_sunday_between_the_22nd_of_march_and_the_25th_of_april():
    found = [easter_sunday(year) for year in range(1900, 2300)]

    assert {day.weekday() for day in found} == {6}
    assert all((3, 22) <= (day.month, day.day) <= (4, 25) for day in found)


def test_a_year_has_thirteen_and_good_friday_and_the_26th_of_december_are_among_them():
    days = {holiday: day for day, holiday in holidays_of(2026)}

    assert len(days) == 13
    assert (days[Holiday.GOOD_FRIDAY], days[Holiday.ST_STEPHEN]) == (date(2026, 4, 3), date(2026, 12, 26))
    assert (days[Holiday.ASCENSION], days[Holiday.WHIT_MONDAY]) == (date(2026, 5, 14), date(2026, 5, 25))
    assert [day for day, _ in holidays_of(2026)] == sorted(days.values())


def test_two_holidays_may_fall_on_one_day():
    assert [holiday for day, holiday in holidays_of(2008) if day == date(2008, 5, 1)] == [
        Holiday.ASCENSION,
        Holiday.LABOUR_DAY,
    ]
