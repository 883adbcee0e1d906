"""Hours at other prices: a night is said in one piece and kept as two."""

from datetime import time

from server.domain.nights import ALL_DAYS, END_OF_DAY, MIDNIGHT, Hours, bands_of, hours_of
from server.domain.tariffs import Band

EVENING, MORNING = time(20), time(8)


def test_a_night_is_the_evening_and_the_morning_after():
    friday = Hours((4,), EVENING, MORNING, 600)

    assert bands_of([friday]) == (Band((4,), EVENING, END_OF_DAY, 600), Band((5,), MIDNIGHT, MORNING, 600))
    assert hours_of(bands_of([friday])) == (friday,)


def test_the_night_of_sunday_ends_on_monday():
    weekend = Hours((5, 6), EVENING, MORNING, 600)

    assert bands_of([weekend])[1].weekdays == (0, 6)
    assert hours_of(bands_of([weekend])) == (weekend,)


def test_hours_of_one_day_and_whole_days_stay_what_they_are():
    said = (
        Hours((0, 1, 2, 3, 4), time(12), time(14), 500),
        Hours(ALL_DAYS, EVENING, END_OF_DAY, 600),
        Hours((6,), MIDNIGHT, END_OF_DAY, 0),
    )

    assert [len(bands_of([one])) for one in said] == [1, 1, 1]
    assert hours_of(bands_of(said)) == said


def test_until_midnight_is_the_end_of_the_day():
    assert bands_of([Hours(ALL_DAYS, EVENING, MIDNIGHT, 600)]) == (Band(ALL_DAYS, EVENING, END_OF_DAY, 600),)


def test_an_evening_and_a_morning_that_differ_are_no_night():
    evening = Band(ALL_DAYS, EVENING, END_OF_DAY, 600)

    for morning in (
        Band(ALL_DAYS, MIDNIGHT, MORNING, 500),
        Band((0,), MIDNIGHT, MORNING, 600),
        Band(ALL_DAYS, time(1), MORNING, 600),
        Band(ALL_DAYS, MIDNIGHT, time(21), 600),
    ):
        assert len(hours_of([evening, morning])) == 2
