"""The grid of a day and of a week: what stands in which cell, how wide, and the nights of the clock change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.bookings import Span
from server.domain.calendar import Cell, Hour, Kind, closed_quarters, columns, hours_shown, row, slots, week_of, whole

PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 10, 14)
BACK, FORTH = date(2026, 10, 25), date(2027, 3, 28)  # 25 and 23 hours
EIGHT = datetime(2026, 10, 14, 6, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return EIGHT + timedelta(hours=hours)


def cells(
    *taken: Span,
    shown: range = range(8, 12),
    day: date = DAY,
    now: datetime = LONG_AGO,
    open_at: list[Span] | None = None,
) -> list[tuple[str, int]]:
    return [(cell.kind.value, cell.quarters) for cell in grid(*taken, shown=shown, day=day, now=now, open_at=open_at)]


def grid(
    *taken: Span,
    shown: range = range(8, 12),
    day: date = DAY,
    now: datetime = LONG_AGO,
    open_at: list[Span] | None = None,
) -> tuple[Cell, ...]:
    quarters = slots(day, columns([day], shown, PARIS), PARIS)
    return row(quarters, taken, closed_quarters(quarters, open_at, ()), now)


def test_an_empty_morning_is_a_free_cell_an_hour() -> None:
    found = grid()

    assert [(cell.kind, cell.quarters) for cell in found] == [(Kind.FREE, 4)] * 4
    assert (found[0].begins, found[-1].ends) == (EIGHT, at(4))


def test_bookings_side_by_side_keep_their_own_cells_and_the_rest_of_an_hour_stays_free() -> None:
    assert cells(Span(at(0.75), at(2)), Span(at(2), at(2.25))) == [
        ("free", 3),
        ("taken", 5),
        ("taken", 1),
        ("free", 3),
        ("free", 4),
    ]


def test_an_outage_named_last_stands_before_the_booking_it_meets() -> None:
    found = grid(Span(at(0), at(4)), Span(at(1), at(2)))

    assert [(cell.taken, cell.quarters) for cell in found] == [(0, 4), (1, 4), (0, 8)]


def test_what_is_past_cannot_be_booked_but_the_quarter_that_goes_on_can() -> None:
    found = grid(now=at(1.4))

    assert [(cell.kind, cell.quarters) for cell in found][:2] == [(Kind.PAST, 5), (Kind.FREE, 3)]
    assert found[1].begins == at(1.25)


def test_closed_hours_are_one_cell() -> None:
    assert cells(open_at=[Span(at(0), at(1))]) == [("free", 4), ("closed", 12)]


def test_a_closure_shuts_what_is_always_open() -> None:
    quarters = slots(DAY, [Hour(8)], PARIS)

    assert closed_quarters(quarters, None, [Span(at(0.5), at(3))]) == [False, False, True, True]


def test_the_day_with_an_hour_twice_has_a_column_more_and_25_hours() -> None:
    shown = columns([BACK], range(24), PARIS)
    quarters = slots(BACK, shown, PARIS)

    assert len(shown) == 25
    assert shown[2:5] == [Hour(2), Hour(2, again=True), Hour(3)]
    assert len(set(quarters)) == 100
    assert quarters == sorted(quarters)  # type: ignore[type-var]


def test_a_booking_through_the_hour_that_comes_twice_is_as_wide_as_it_is_long() -> None:
    one_to_four = Span(datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC))

    assert cells(one_to_four, day=BACK, shown=range(5)) == [("free", 4), ("taken", 16), ("free", 4)]


def test_the_day_that_lacks_an_hour_has_no_cell_to_book_there() -> None:
    assert cells(day=FORTH, shown=range(1, 4)) == [("free", 4), ("none", 4), ("free", 4)]
    assert len([moment for moment in slots(FORTH, columns([FORTH], range(24), PARIS), PARIS) if moment]) == 92


def test_a_booking_goes_on_over_an_hour_that_is_left_out() -> None:
    through = Span(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC))

    assert cells(through, day=FORTH, shown=range(1, 4)) == [("free", 2), ("taken", 8), ("free", 2)]


def test_in_a_week_with_a_clock_change_the_other_days_have_nothing_in_the_column_more() -> None:
    shown = columns(week_of(BACK), range(1, 4), PARIS)

    assert len(shown) == 4
    assert slots(DAY, shown, PARIS)[8:12] == [None] * 4
    assert whole(week_of(BACK), PARIS).ends - whole(week_of(BACK), PARIS).begins == timedelta(days=7, hours=1)


def test_the_hours_shown_reach_as_far_as_what_begins_or_ends_that_day() -> None:
    overnight = Span(at(14), at(22.5))  # 22:00 to 06:30 of the next day

    assert hours_shown(DAY, [], PARIS) == range(7, 20)
    assert hours_shown(DAY, [overnight], PARIS) == range(7, 23)
    assert hours_shown(DAY + timedelta(days=1), [overnight], PARIS) == range(6, 20)
