"""Whole cents, rounded half up in one place; VAT once per rate on the sum."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from server.domain.money import Net, VatSum, cents_of, totals, vat_on, whole_cents


def test_half_a_cent_goes_up_and_never_to_the_even_cent() -> None:
    rounded = [whole_cents(Decimal(amount)) for amount in ("0.5", "1.5", "2.5", "2.4999", "-0.5", "-2.5")]

    assert rounded == [1, 2, 3, 2, -1, -3]


def test_vat_is_taken_on_the_sum_and_not_on_the_lines() -> None:
    five = [Net(8403, "S", 1900)] * 5

    sums = totals(five)

    assert (sums.net_cents, sums.vat_cents, sums.gross_cents) == (42015, 7983, 49998)
    assert 5 * vat_on(8403, 1900) != sums.vat_cents, "line by line would come to another amount"


def test_each_rate_has_its_own_sum_the_highest_first() -> None:
    sums = totals([Net(1000, "AE", 0), Net(333, "S", 550), Net(200, "S", 2000), Net(334, "S", 550)])

    assert sums.vat == (VatSum("S", 2000, 200, 40), VatSum("S", 550, 667, 37), VatSum("AE", 0, 1000, 0))


def test_nothing_comes_to_nothing() -> None:
    assert totals([]).gross_cents == 0


def test_a_time_costs_its_part_of_the_hour_exactly() -> None:
    assert cents_of(900 * 2502, 3600) == 626, "625.5, half up"
    assert cents_of(900 * 2501, 3600) == 625, "625.25"
    # 28 digits of a third are not enough where two parts of a price meet at half a cent: 100.666… + 0.833… = 101.5
    assert cents_of(604 + 5, 6) == 102


@given(st.lists(st.tuples(st.integers(-(10**7), 10**7), st.sampled_from([0, 210, 550, 1000, 1900, 2000]))))
def test_net_and_vat_always_add_up_to_gross(amounts: list[tuple[int, int]]) -> None:
    sums = totals(Net(cents, "S" if rate else "O", rate) for cents, rate in amounts)

    assert sums.net_cents == sum(cents for cents, _ in amounts)
    assert sums.gross_cents == sums.net_cents + sums.vat_cents
    assert sums.vat_cents == sum(vat_on(row.net_cents, row.rate_bp) for row in sums.vat)
