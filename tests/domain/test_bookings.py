"""When a machine may be kept, and what became of it: on plain values, on the days of the clock change too."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.domain.bookings import (
    BookingError,
    Limits,
    Outcome,
    Span,
    Use,
    outcome,
    quarter_of,
    refuse_closed,
    refuse_odd_span,
    refuse_over_limits,
    waits_until,
)
from server.domain.facts import ClosureFact, HoursFact

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 10, 14, 8, 7, 30, tzinfo=UTC)
AT_TWO = datetime(2026, 10, 14, 12, 0, tzinfo=UTC)
PATIENCE = timedelta(minutes=15)
LIMITS = Limits(timedelta(hours=12), timedelta(days=60), 5)


def span(begin: datetime = AT_TWO, hours: float = 2) -> Span:
    return Span(begin, begin + timedelta(hours=hours))


def test_one_may_end_as_the_next_begins() -> None:
    first, second = span(), span(AT_TWO + timedelta(hours=2))

    assert not first.meets(second)
    assert not second.meets(first)
    assert first.meets(span(AT_TWO + timedelta(hours=1.75)))


def test_the_quarter_that_goes_on_can_still_be_booked_and_the_one_before_cannot() -> None:
    refuse_odd_span(span(quarter_of(NOW)), NOW)

    with pytest.raises(BookingError, match="lies in the past"):
        refuse_odd_span(span(quarter_of(NOW) - PATIENCE), NOW)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (span(hours=0), "end before it begins"),
        (span(hours=-1), "end before it begins"),
        (span(AT_TWO + timedelta(minutes=10)), "quarter of an hour"),
        (span(hours=1.1), "quarter of an hour"),
    ],
)
def test_what_is_no_stretch_of_time_is_refused(wrong: Span, said: str) -> None:
    with pytest.raises(BookingError, match=said):
        refuse_odd_span(wrong, NOW)


@pytest.mark.parametrize(
    ("wanted", "already", "said"),
    [
        (span(hours=12.25), 0, "12 hours at most"),
        (span(quarter_of(NOW) + timedelta(days=60, minutes=15)), 0, "60 days ahead"),
        (span(), 5, "5 bookings are open already"),
    ],
)
def test_makers_are_bound_by_limits(wanted: Span, already: int, said: str) -> None:
    with pytest.raises(BookingError, match=said):
        refuse_over_limits(wanted, already, LIMITS, NOW)


def test_up_to_the_limits_nothing_is_refused() -> None:
    refuse_over_limits(span(quarter_of(NOW) + timedelta(days=60), hours=12), 4, LIMITS, NOW)


# --- closed -----------------------------------------------------------------------------------------------------------


def daily(opens: time, closes: time) -> list[HoursFact]:
    return [HoursFact("cnc", day, opens, closes) for day in range(7)]


def test_a_booking_lies_within_one_opening() -> None:
    hours = daily(time(8), time(12)) + daily(time(13), time(18))
    morning = datetime(2026, 10, 14, 6, 0, tzinfo=UTC)  # eight o'clock there

    refuse_closed(span(morning, 4), "cnc", hours, (), PARIS)
    refuse_closed(span(morning, 24), "printer", hours, (), PARIS)  # a category without hours is always open
    for outside in (span(morning - PATIENCE, 1), span(morning, 4.25), span(morning, 6)):
        with pytest.raises(BookingError, match="closed for a part"):
            refuse_closed(outside, "cnc", hours, (), PARIS)


def test_what_is_open_until_midnight_and_again_from_midnight_can_be_booked_overnight() -> None:
    evening = datetime(2026, 10, 14, 20, 0, tzinfo=UTC)

    refuse_closed(span(evening, 10), "cnc", daily(time(), time.max), (), PARIS)


@pytest.mark.parametrize(("category", "refused"), [(None, True), ("cnc", True), ("printer", False)])
def test_a_closure_of_the_lab_or_of_the_category_is_respected(category: str | None, refused: bool) -> None:
    closure = ClosureFact(category, AT_TWO + timedelta(hours=1), AT_TWO + timedelta(days=1))

    if refused:
        with pytest.raises(BookingError, match="is closed from"):
            refuse_closed(span(), "cnc", (), [closure], PARIS)
    else:
        refuse_closed(span(), "cnc", (), [closure], PARIS)
    refuse_closed(span(hours=1), "cnc", (), [closure], PARIS)  # until it begins


@pytest.mark.parametrize(
    ("day", "opens_utc", "hours"),
    [(25, datetime(2026, 10, 24, 22, tzinfo=UTC), 25), (29, datetime(2027, 3, 27, 23, tzinfo=UTC), 23)],
)
def test_the_day_of_the_clock_change_is_open_an_hour_more_or_less(day: int, opens_utc: datetime, hours: int) -> None:
    sundays = [HoursFact("cnc", 6, time(), time.max)]

    refuse_closed(span(opens_utc, hours), "cnc", sundays, (), PARIS)
    with pytest.raises(BookingError, match="closed for a part"):
        refuse_closed(span(opens_utc, hours + 0.25), "cnc", sundays, (), PARIS)


# --- what became of it ------------------------------------------------------------------------------------------------


def use(begin_after: timedelta, lasting: timedelta | None = timedelta(hours=1)) -> Use:
    began = AT_TWO + begin_after
    return Use(1, 7, began, None if lasting is None else began + lasting)


def judged(uses: list[Use], after: timedelta, out: bool = False) -> Outcome | None:
    return outcome(span(), waits_until(span(), NOW, PATIENCE), uses, out, AT_TWO + after)


@pytest.mark.parametrize(
    "came",
    [
        use(timedelta()),
        use(timedelta(minutes=14, seconds=59)),
        use(timedelta(minutes=-20), None),  # at it since before, and still
        use(timedelta(minutes=-20)),
    ],
)
def test_who_is_there_in_time_has_kept_the_booking(came: Use) -> None:
    assert judged([came], timedelta(minutes=1) if came.began < AT_TWO else timedelta(minutes=15)) is Outcome.KEPT


@pytest.mark.parametrize(
    "came",
    [
        [],
        [use(timedelta(minutes=15))],  # after it was released: like anybody else
        [use(timedelta(hours=-2))],  # over before it began
    ],
)
def test_who_is_not_there_in_time_has_missed_it(came: list[Use]) -> None:
    assert judged(came, timedelta(minutes=14, seconds=59)) is None
    assert judged(came, timedelta(minutes=15)) is Outcome.MISSED


def test_nobody_misses_a_booking_of_a_machine_that_could_not_be_used() -> None:
    assert judged([], timedelta(minutes=15), out=True) is Outcome.EXCUSED
    assert judged([use(timedelta())], timedelta(minutes=15), out=True) is Outcome.KEPT


def test_who_books_the_quarter_that_goes_on_is_given_the_whole_time_and_never_more_than_the_booking() -> None:
    made = AT_TWO + timedelta(minutes=10)

    assert waits_until(span(), made, PATIENCE) == AT_TWO + timedelta(minutes=25)
    assert waits_until(span(hours=0.25), made, PATIENCE) == AT_TWO + timedelta(minutes=15)
