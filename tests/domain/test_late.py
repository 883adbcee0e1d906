"""Late interest by kind of customer, worked out by hand; and when which reminder is due."""

from datetime import date, timedelta

import pytest

from server.domain.late import Owed, Paid, Rate, RateKind, next_step, owed, yearly_rate
from server.domain.vat import Customer

DUE = date(2026, 11, 2)
RATES = [
    Rate(RateKind.ECB, date(2026, 1, 1), 215),
    Rate(RateKind.ECB, date(2026, 7, 1), 240),
    Rate(RateKind.ECB, date(2026, 9, 10), 265),  # in the middle of a half-year: counts from January on
    Rate(RateKind.ECB, date(2027, 1, 1), 265),
]


def after(days: int, customer: Customer = Customer.BUSINESS, *paid: Paid, gross: int = 120_000) -> Owed:
    return owed(customer, gross, DUE, paid, RATES, DUE + timedelta(days=days))


def test_a_company_owes_the_rate_and_ten_points_by_the_day_and_forty_euros_once() -> None:
    # 1200.00 × 12.40 % × 30 / 365 = 12.2301… → 12.23
    assert after(30) == Owed(1223, 4000)


def test_a_public_body_owes_eight_points() -> None:
    # 1200.00 × 10.40 % × 30 / 365 = 10.2575… → 10.26
    assert after(30, Customer.PUBLIC) == Owed(1026, 4000)


def test_a_private_person_owes_neither() -> None:
    assert after(300, Customer.PRIVATE) == Owed(0, 0)


def test_on_the_day_it_is_due_nothing_is_owed() -> None:
    assert after(0) == Owed(0, 0)
    # the first day: 1200.00 × 12.40 % / 365 = 0.4077 → 0.41
    assert after(1) == Owed(41, 4000)


def test_the_rate_of_the_half_year_counts_and_changes_with_it() -> None:
    # due 2 November: 59 days to 31 December at 12.40 %, 31 days of January at 12.65 %
    # 1200.00 × (0.1240 × 59 + 0.1265 × 31) / 365 = 1200 × (7.316 + 3.9215) / 365 = 36.9452… → 36.95
    assert after(90) == Owed(3695, 4000)
    assert yearly_rate(Customer.BUSINESS, RATES, date(2026, 10, 1)) == 1240


def test_what_was_paid_bears_no_interest_from_the_next_day_on() -> None:
    # 10 days on 1200.00, 20 days on 700.00: (12000 + 14000) × 12.40 % / 365 = 8.8328… → 8.83
    assert after(30, Customer.BUSINESS, Paid(DUE + timedelta(days=10), 50_000)) == Owed(883, 4000)
    assert after(30, Customer.BUSINESS, Paid(DUE, 120_000)) == Owed(0, 0), "paid on the day"
    # paid in full after 10 days: 1200.00 × 12.40 % × 10 / 365 = 4.0767 → 4.08
    assert after(30, Customer.BUSINESS, Paid(DUE + timedelta(days=10), 120_000)) == Owed(408, 4000)


def test_the_rate_that_the_seller_states_goes_before_for_companies_until_it_states_none() -> None:
    stated = [*RATES, Rate(RateKind.STATED, date(2026, 1, 1), 1500), Rate(RateKind.STATED, date(2026, 12, 1), None)]

    assert yearly_rate(Customer.BUSINESS, stated, DUE) == 1500
    assert yearly_rate(Customer.PUBLIC, stated, DUE) == 1040
    assert yearly_rate(Customer.BUSINESS, stated, date(2026, 12, 1)) == 1240


def test_a_rate_that_nobody_has_typed_is_named_by_its_first_day() -> None:
    assert owed(Customer.BUSINESS, 1000, DUE, [], [], DUE + timedelta(days=5)) == Owed(0, 4000, date(2026, 11, 3))
    early = [Rate(RateKind.ECB, date(2026, 8, 1), 200)]
    assert yearly_rate(Customer.BUSINESS, early, DUE) is None, "that of 1 July is asked for"


def test_a_credit_note_is_never_late() -> None:
    assert after(30, gross=-5000) == Owed(0, 0)


@pytest.mark.parametrize(
    ("sent", "days", "step"),
    [((), 6, None), ((), 7, 1), ((), 90, 1), ((1,), 20, None), ((1,), 21, 2), ((1, 2), 35, 3), ((1, 2, 3), 400, None)],
)
def test_reminders_come_one_after_the_other_when_their_days_are_over(
    sent: tuple[int, ...], days: int, step: int | None
) -> None:
    assert next_step(DUE, sent, DUE + timedelta(days=days), (7, 21, 35)) == step
