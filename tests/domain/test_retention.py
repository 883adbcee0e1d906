"""How long what is kept about people: by calendar, within bounds, and whose sessions get one number together."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from server.domain.retention import (
    PROPOSED,
    Kept,
    RetentionError,
    Trace,
    by_person_and_period,
    checked,
    first_day_kept,
    over_before,
    whole_groups,
)

ZONE = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("kept", "first_kept"),
    [
        (Kept.REFUSALS, date(2026, 2, 28)),  # three months before the last of May
        (Kept.LOGINS, date(2025, 11, 30)),
        (Kept.TRAINING, date(2021, 5, 31)),
        (Kept.LEDGER, date(2016, 1, 1)),  # counted from the end of its year
        (Kept.BACKUPS, date(2026, 4, 16)),
    ],
)
def test_a_class_is_over_by_the_calendar(kept: Kept, first_kept: date) -> None:
    assert first_day_kept(PROPOSED[kept], date(2026, 5, 31)) == first_kept


def test_a_day_is_kept_whole_on_the_labs_clock() -> None:
    now = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)  # the fourth in Mulhouse

    assert over_before(PROPOSED[Kept.REFUSALS], now, ZONE) == datetime(2026, 8, 3, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize("rule", PROPOSED.values(), ids=PROPOSED)
def test_every_proposal_lies_within_its_bounds(rule: object) -> None:
    one = PROPOSED[rule.kept]  # type: ignore[attr-defined]

    assert one.lowest <= one.keep <= one.highest


def test_a_time_outside_of_its_bounds_is_refused_and_the_sentence_names_them() -> None:
    assert checked(Kept.REFUSALS, 6).keep == 6
    with pytest.raises(RetentionError, match="Between 1 and 12"):
        checked(Kept.REFUSALS, 13)
    with pytest.raises(RetentionError, match="the law or the boxes"):
        checked(Kept.LEDGER, 5)


def test_sessions_of_one_person_in_one_period_get_one_number_together() -> None:
    october, november = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    traces = [Trace("a", 7, october), Trace("b", 7, october), Trace("c", 7, november), Trace("d", 8, october)]

    assert by_person_and_period(traces, ZONE) == [(7, ["a", "b"]), (7, ["c"]), (8, ["d"])]


def test_a_group_that_may_go_on_behind_what_was_read_waits_for_the_next_time() -> None:
    october = datetime(2026, 10, 5, tzinfo=UTC)
    traces = [Trace("a", 7, october), Trace("b", 8, october), Trace("c", 8, october)]

    assert [one.session for one in whole_groups(traces, 3, ZONE)] == ["a"]
    assert whole_groups(traces, 4, ZONE) == traces
    assert whole_groups(traces[1:], 2, ZONE) == traces[1:]
