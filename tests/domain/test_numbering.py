"""Numbers follow each other without gaps, and dates never go back."""

from datetime import date

import pytest

from server.domain.numbering import DateGoesBack, Last, Number, faults, following, series_name

DAY = date(2026, 11, 3)


def test_a_series_is_one_seller_one_year_and_a_specimen_has_its_own() -> None:
    assert series_name("F", DAY, specimen=False) == "F-2026"
    assert series_name("F", DAY, specimen=True) == "DEMO-F-2026"
    assert series_name("F", date(2027, 1, 1), specimen=False) == "F-2027"


def test_a_number_is_written_with_four_digits_and_more_when_it_must() -> None:
    assert [str(Number("F-2026", n)) for n in (1, 417, 12345)] == ["F-2026-0001", "F-2026-0417", "F-2026-12345"]


def test_the_first_and_the_following_number() -> None:
    assert following("F-2026", Last(0, None), DAY) == Number("F-2026", 1)
    assert following("F-2026", Last(41, DAY), DAY) == Number("F-2026", 42)


def test_a_document_dated_before_the_last_of_its_series_is_refused() -> None:
    refused = following("F-2026", Last(41, date(2026, 11, 4)), DAY)

    assert refused == DateGoesBack("F-2026", date(2026, 11, 4), DAY)
    assert str(refused) == "the last document of series F-2026 is dated 2026-11-04; 2026-11-03 would go back"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([(1, DAY), (2, DAY), (3, date(2026, 12, 1))], []),
        ([(2, DAY)], ["series F-2026 jumps from 0 to 2"]),
        ([(3, DAY), (1, DAY)], ["series F-2026 jumps from 1 to 3"]),
        (
            [(1, DAY), (2, date(2026, 11, 1))],
            ["F-2026-0002 is dated 2026-11-01, before the one it follows (2026-11-03)"],
        ),
    ],
)
def test_gaps_and_dates_that_go_back_are_found(given: list[tuple[int, date]], found: list[str]) -> None:
    assert faults("F-2026", given) == found
