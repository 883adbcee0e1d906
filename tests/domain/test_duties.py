"""The legal calendar of a month: what is due, when, and for whom."""

from datetime import date

import pytest

from server.domain.duties import Due, Duty, Facts, duties, rhythm, working_day

OCTOBER = date(2026, 10, 1)


def days(facts: Facts) -> dict[Duty, date]:
    return {due.duty: due.day for due in duties(facts)}


def test_a_month_of_french_companies_asks_for_invoices_in_a_few_days_and_payments_by_the_tenth() -> None:
    found = days(Facts(OCTOBER, "normal", invoices=3, paid=2))

    assert found == {Duty.INVOICES: date(2026, 11, 5), Duty.PAYMENTS: date(2026, 11, 10)}


def test_reverse_charge_is_invoiced_by_the_fifteenth_and_declared_by_the_tenth_working_day() -> None:
    found = days(Facts(OCTOBER, "normal", invoices=1, reverse_charge=1))

    # November 2026: the 1st is a Sunday, the 11th a holiday. 2 3 4 5 6 7 9 10 12 13: ten working days.
    assert found == {
        Duty.INVOICES: date(2026, 11, 5),
        Duty.DES: date(2026, 11, 13),
        Duty.REVERSE_CHARGE: date(2026, 11, 15),
    }


@pytest.mark.parametrize(
    ("first", "tenth"),
    [
        (date(2026, 4, 1), date(2026, 4, 13)),  # 1-4, 7-11 without Easter Monday the 6th, 13: Good Friday counts
        (date(2026, 5, 1), date(2026, 5, 15)),  # without the 1st, the 8th and Ascension on the 14th
        (date(2026, 12, 1), date(2026, 12, 11)),
    ],
)
def test_the_tenth_working_day_passes_over_sundays_and_the_holidays_of_all_of_france(first: date, tenth: date) -> None:
    assert working_day(first, 10) == tenth


def test_the_rhythm_of_reporting_follows_the_regime() -> None:
    def reported(regime: str, first: date = OCTOBER) -> list[date]:
        names = {Duty.TRANSACTIONS, Duty.TRANSACTIONS_1, Duty.TRANSACTIONS_2}
        thirds = tuple(first.replace(day=day) for day in (10, 11, 28))
        return [due.day for due in duties(Facts(first, regime, invoices=2, reported=thirds)) if due.duty in names]

    assert reported("normal") == [date(2026, 10, 20), date(2026, 10, 31), date(2026, 11, 10)]
    assert reported("quarterly") == [date(2026, 11, 10)]
    assert reported("simplified") == [date(2026, 11, 30)]
    assert reported("simplified", date(2027, 1, 1)) == [date(2027, 2, 28)]
    assert reported("franchise") == [date(2026, 11, 30)]  # with September
    assert reported("franchise", date(2026, 11, 1)) == [date(2027, 1, 30)]  # with December


@pytest.mark.parametrize(
    ("regime", "declares", "said"),
    [
        ("normal", "monthly", "normal"),
        ("normal", "quarterly", "quarterly"),
        ("normal", "simplified", "simplified"),
        ("franchise", "quarterly", "franchise"),  # nothing is declared where no VAT is charged
    ],
)
def test_who_declares_less_often_reports_less_often(regime: str, declares: str, said: str) -> None:
    assert rhythm(regime, declares) == said


def test_a_month_without_invoices_asks_for_nothing() -> None:
    assert duties(Facts(OCTOBER, "normal")) == []


def test_only_the_third_of_a_month_in_which_something_was_invoiced_is_reported() -> None:
    found = days(Facts(OCTOBER, "normal", invoices=1, reported=(date(2026, 10, 4), date(2026, 10, 9))))

    assert found == {Duty.INVOICES: date(2026, 11, 5), Duty.TRANSACTIONS_1: date(2026, 10, 20)}


def test_how_long_there_is_left_is_said_in_days() -> None:
    due = Due(Duty.INVOICES, date(2026, 11, 5))

    assert (due.days_left(date(2026, 11, 3)), due.days_left(date(2026, 11, 7))) == (2, -2)


def test_the_last_day_on_which_an_invoice_is_due_stands_in_the_calendar() -> None:
    found = days(Facts(OCTOBER, "normal", invoices=1, last_due=date(2026, 12, 3)))

    assert found[Duty.TERMS] == date(2026, 12, 3)


def test_reporting_is_not_compulsory_before_its_day() -> None:
    def must(first: date) -> set[bool]:
        return {
            due.compulsory
            for due in duties(Facts(first, "normal", 1, reported=(first,), paid=1))
            if due.duty is not Duty.INVOICES
        }

    assert (must(OCTOBER), must(date(2027, 9, 1))) == ({False}, {True})
