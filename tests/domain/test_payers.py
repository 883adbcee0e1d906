"""For what a payer pays: machines by name or category, hours kept and read again, and the earliest of several ends."""

from datetime import UTC, datetime, time

import pytest

from server.domain.facts import WeekFact
from server.domain.payers import first, kept, meant, read, weeks

PRINTERS = {"printer": ["p1", "p2"], "mill": ["c1"]}


def test_nothing_named_means_every_machine() -> None:
    assert meant([], [], PRINTERS) is None


def test_a_category_means_the_machines_it_has_today() -> None:
    assert meant(["l1"], ["printer"], PRINTERS) == frozenset({"l1", "p1", "p2"})


def test_a_category_without_machines_means_none_and_not_all() -> None:
    assert meant([], ["lathe"], PRINTERS) == frozenset()


def test_hours_come_back_as_they_were_and_midnight_is_the_end_of_the_day() -> None:
    hours = ((0, time(8), time(12)), (6, time(18, 30), time.max))

    assert kept(hours) == [[0, "08:00", "12:00"], [6, "18:30", "24:00"]]
    assert read(kept(hours)) == hours


def test_hours_are_given_a_day_at_a_time_and_none_means_always() -> None:
    assert weeks([(2, time(8), time(9))]) == (WeekFact(frozenset({2}), time(8), time(9)),)
    assert weeks([]) is None


@pytest.mark.parametrize(("ends", "wanted"), [((None, None), None), ((2, None), 2), ((None, 3), 3), ((5, 4), 4)])
def test_the_earliest_end_counts(ends: tuple[int | None, ...], wanted: int | None) -> None:
    def at(hour: int | None) -> datetime | None:
        return None if hour is None else datetime(2026, 10, 14, hour, tzinfo=UTC)

    assert first(*map(at, ends)) == at(wanted)
