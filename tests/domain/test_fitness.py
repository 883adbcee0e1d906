"""When a check is due again and when it denies; which lines of a commissioning sheet are missing; what raises a risk."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from server.domain.checks import next_due, overdue_at, waits
from server.domain.commissioning import (
    Result,
    SheetLine,
    SheetTest,
    failed,
    is_raised,
    missing,
    needs_record,
    without_reason,
)
from tests.commissioned import lines_of
from wire.messages import RiskClass

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("done", "months", "days", "due"),
    [
        ("2026-08-19", 3, 0, "2026-11-19"),
        ("2026-01-31", 1, 0, "2026-02-28"),
        ("2028-01-31", 1, 0, "2028-02-29"),
        ("2026-12-15", 12, 0, "2027-12-15"),
        ("2026-11-30", 14, 0, "2028-01-30"),
        ("2026-10-14", 0, 90, "2027-01-12"),
        ("2026-10-14", 1, 7, "2026-11-21"),
    ],
)
def test_the_next_check_is_an_interval_after_the_day_it_was_done(done, months, days, due):
    assert next_due(date.fromisoformat(done), months, days) == date.fromisoformat(due)


def test_a_check_is_in_time_until_the_end_of_its_last_day_on_the_labs_clock():
    assert overdue_at(date(2026, 10, 14), PARIS) == datetime(2026, 10, 14, 22, tzinfo=UTC)
    assert overdue_at(date(2026, 10, 25), PARIS) == datetime(
        2026, 10, 25, 23, tzinfo=UTC
    )  # the clock went back that day


def test_a_check_waits_for_somebody_from_thirty_days_before():
    due = date(2026, 10, 14)

    assert waits(due, due - timedelta(days=30))
    assert not waits(due, due - timedelta(days=31))


def test_each_line_of_the_sheet_that_nobody_filled_in_is_missing():
    full = lines_of()

    assert missing(full) == ()
    assert missing(full[1:]) == (SheetTest.SAFETY_CIRCUIT,)
    assert set(missing(())) == set(SheetTest)


def test_a_line_that_fails_and_one_that_is_crossed_out_without_a_word_are_found():
    wrong = lines_of(**{SheetTest.WELDED: Result.FAILED})
    silent = (SheetLine(SheetTest.PLUG, Result.CROSSED_OUT, " "),)

    assert failed(wrong) == (SheetTest.WELDED,)
    assert failed(lines_of()) == ()
    assert without_reason(silent) == (SheetTest.PLUG,)
    assert without_reason(lines_of(plug=Result.CROSSED_OUT)) == ()


def test_the_sheet_on_the_page_has_the_lines_of_the_sheet_on_paper():
    notes = Path(__file__).parents[2] / "firmware_notes" / "commissioning.md"
    paper = notes.read_text().partition("## Commissioning sheet")[2].partition("## Yearly")[0]

    lines = [
        line.split("|")[2].strip(" *")
        for line in paper.splitlines()
        if line.split("|")[1:2] and line.split("|")[1].strip().isdigit()
    ]
    assert len(lines) == len(SheetTest)
    assert (lines[0], lines[-1]) == ("nothing of the box in the safety circuit", "the server knows")
    assert lines[list(SheetTest).index(SheetTest.WELDED)] == "feedback: welded"


def test_only_low_risk_needs_no_record_and_only_upwards_is_raised():
    low, medium, high = RiskClass

    assert [needs_record(risk) for risk in (low, medium, high)] == [False, True, True]
    assert (is_raised(low, medium), is_raised(medium, high), is_raised(low, high)) == (True, True, True)
    assert (is_raised(high, medium), is_raised(medium, low), is_raised(high, high)) == (False, False, False)
