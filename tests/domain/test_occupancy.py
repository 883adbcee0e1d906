"""How much a machine was used: each second counts in the week and in the hour in which it happened."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.occupancy import HOUR_S, by_hour, weeks

PARIS = ZoneInfo("Europe/Paris")


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


def test_a_night_over_monday_counts_in_both_weeks_and_empty_weeks_are_there() -> None:
    spans = [(at(11, 22), at(12, 3)), (at(14, 9), at(14, 9, 30)), (at(1, 8, month=7), at(1, 9, month=7))]

    found = weeks(spans, date(2026, 10, 14), 3, PARIS)

    assert [(week.monday.isoformat(), week.seconds / HOUR_S) for week in found] == [
        ("2026-09-28", 0),
        ("2026-10-05", 2),
        ("2026-10-12", 3.5),
    ]


def test_an_hour_is_full_when_it_was_used_in_every_week() -> None:
    """Wednesdays from 9:30 to 11:00 in two weeks, and once more only until 10:00, of four weeks."""
    spans = [(at(7, 9, 30), at(7, 11)), (at(14, 9, 30), at(14, 11)), (at(21, 9, 30), at(21, 10))]

    share = by_hour(spans, 4, PARIS)

    assert {(day, hour): share[day][hour] for day in range(7) for hour in range(24) if share[day][hour]} == {
        (2, 9): 38,
        (2, 10): 50,
    }
    assert by_hour([(at(7, 9), at(7, 10))] * 3, 1, PARIS)[2][9] == 100  # never more than all of it
    assert by_hour([], 0, PARIS) == ((0,) * 24,) * 7


def test_the_night_on_which_the_clock_goes_back_has_five_and_twenty_hours() -> None:
    saturday, monday = at(24, 0), at(26, 0)

    share = by_hour([(saturday, monday)], 1, PARIS)

    assert sum(week.seconds for week in weeks([(saturday, monday)], date(2026, 10, 26), 2, PARIS)) == 49 * HOUR_S
    assert set(share[5] + share[6]) == {100}


def test_hours_are_those_of_the_labs_clock_wherever_it_stands() -> None:
    start = datetime(2026, 10, 14, 3, 30, tzinfo=UTC)  # 9:00 in Kolkata

    share = by_hour([(start, start + timedelta(hours=1))], 1, ZoneInfo("Asia/Kolkata"))

    assert share[2][8:11] == (0, 100, 0)
