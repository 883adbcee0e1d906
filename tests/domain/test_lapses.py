"""When a skill lapses that is given now: the end of a day of the year is there in every year."""

from datetime import UTC, datetime

import pytest

from server.domain.lapses import Lapsing, lapse_of


@pytest.mark.parametrize(
    ("ends_on", "given", "ends"),
    [
        ("08-31", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 8, 31, 22, tzinfo=UTC)),
        ("08-31", datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 8, 31, 22, tzinfo=UTC)),
        ("12-31", datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2026, 12, 31, 22, tzinfo=UTC)),
        ("02-28", datetime(2028, 3, 15, tzinfo=UTC), datetime(2029, 2, 28, 22, tzinfo=UTC)),
        ("02-28", datetime(2027, 3, 15, tzinfo=UTC), datetime(2028, 2, 28, 22, tzinfo=UTC)),
    ],
)
def test_a_day_of_the_year_ends_next_time_it_comes(ends_on: str, given: datetime, ends: datetime) -> None:
    assert lapse_of(Lapsing(ends_on=ends_on), given) == ends
