"""Until when a machine's contact is bridged."""

from datetime import UTC, datetime, timedelta

import pytest

from server.domain.bypass import bypassed_until

NOW, SECOND = datetime(2026, 10, 14, 8, tzinfo=UTC), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("declared", "holds"), [(None, False), (NOW - SECOND, False), (NOW, False), (NOW + SECOND, True)]
)
def test_a_bypass_holds_until_its_end_and_no_longer(declared: datetime | None, holds: bool) -> None:
    assert bypassed_until(declared, NOW) == (declared if holds else None)
