"""Budgets: which days count, what was spent in them, and when somebody is told or the next start refused."""

from datetime import date

import pytest

from server.domain.budgets import Budget, Span, Stage, span_on, spent, stage

MONTHLY = Budget(1, 100_00, frozenset({"rd"}), monthly=True, since=date(2026, 3, 10))
PROJECT = Budget(2, 500_00, frozenset({"rd", "it"}), monthly=False, since=date(2026, 3, 10), until=date(2026, 6, 1))


def test_a_monthly_budget_counts_from_its_first_day_and_then_month_by_month() -> None:
    assert span_on(MONTHLY, date(2026, 3, 9)) is None
    assert span_on(MONTHLY, date(2026, 3, 10)) == Span(date(2026, 3, 10), date(2026, 3, 31))
    assert span_on(MONTHLY, date(2026, 4, 30)) == Span(date(2026, 4, 1), date(2026, 4, 30))


def test_a_budget_between_two_days_counts_all_of_them_whenever_one_looks() -> None:
    whole = Span(date(2026, 3, 10), date(2026, 5, 31))

    assert span_on(PROJECT, date(2026, 3, 10)) == whole
    assert span_on(PROJECT, date(2026, 5, 31)) == whole
    assert span_on(PROJECT, date(2026, 6, 1)) is None


def test_only_its_own_cost_centres_and_days_are_spent_of_it() -> None:
    by_day = {
        "rd": {date(2026, 3, 9): 1, date(2026, 3, 10): 20, date(2026, 5, 31): 300, date(2026, 6, 1): 4000},
        "it": {date(2026, 4, 1): 50_000},
        "hr": {date(2026, 4, 1): 600_000},
    }

    assert spent(PROJECT, Span(date(2026, 3, 10), date(2026, 5, 31)), by_day) == 50_320
    assert spent(MONTHLY, Span(date(2026, 3, 10), date(2026, 3, 31)), by_day) == 20
    assert spent(MONTHLY, Span(date(2026, 6, 1), None), by_day) == 4000


@pytest.mark.parametrize(
    ("cents", "reached"),
    [(0, Stage.FINE), (79_99, Stage.FINE), (80_00, Stage.WARNED), (99_99, Stage.WARNED), (100_00, Stage.REACHED)],
)
def test_it_warns_at_eighty_percent_and_closes_at_a_hundred(cents: int, reached: Stage) -> None:
    assert stage(cents, 100_00) is reached
