"""A payment on a document: split by VAT rate to the cent, never more than is open; what is due first is paid first."""

from datetime import date, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.money import vat_on
from server.domain.payments import (
    Age,
    DoesNotFit,
    Due,
    Share,
    age,
    apportion,
    days_late,
    oldest_first,
    refused,
    split,
    still_open,
    turned,
)

# 100.00 at 20 %: 20.00 of VAT, 120.00; 50.00 at 5.5 %: 2.75, 52.75; 10.00 reverse charge. To pay 182.75.
MIXED = (Share("S", 2000, 10000, 2000), Share("S", 550, 5000, 275), Share("AE", 0, 1000, 0))


def gross(shares: tuple[Share, ...]) -> int:
    return sum(share.gross_cents for share in shares)


def test_half_of_one_rate_is_half_of_its_vat() -> None:
    assert split(6000, (Share("S", 2000, 10000, 2000),)) == (Share("S", 2000, 5000, 1000),)


def test_an_odd_cent_of_vat_is_rounded_half_up_and_net_takes_the_rest() -> None:
    # 1 cent of 120.00: VAT 2000/12000 × 1 = 0.17 → 0; net 1
    assert split(1, (Share("S", 2000, 10000, 2000),)) == (Share("S", 2000, 1, 0),)
    # 3 cents: 0.5 → 1; net 2
    assert split(3, (Share("S", 2000, 10000, 2000),)) == (Share("S", 2000, 2, 1),)


def test_a_partial_payment_falls_on_the_rates_in_proportion() -> None:
    # 100.00 of 182.75: 120.00/182.75 → 65.6635…, 52.75/182.75 → 28.8645…, 10.00/182.75 → 5.4719…
    # floors in cents: 6566, 2886, 547 = 9999; remainders .35, .46, .20: the cent goes to the second
    # VAT: 6566 × 2000/12000 = 1094.33 → 1094; 2887 × 275/5275 = 150.507… → 151
    assert split(10000, MIXED) == (
        Share("S", 2000, 5472, 1094),
        Share("S", 550, 2736, 151),
        Share("AE", 0, 547, 0),
    )


def test_the_last_payment_takes_exactly_what_is_left_under_each_rate() -> None:
    first = split(10000, MIXED)
    left = still_open(MIXED, [first])
    last = split(8275, left)

    assert gross(left) == 8275
    assert last == left
    assert all(share.gross_cents == 0 for share in still_open(MIXED, [first, last]))


def test_what_is_taken_back_leaves_no_trace_in_the_sums() -> None:
    part = split(4321, MIXED)

    assert still_open(MIXED, [part, turned(part)]) == MIXED


def test_a_credit_note_is_used_up_with_negative_amounts() -> None:
    note = (Share("S", 2000, -1000, -200),)

    assert split(-600, note) == (Share("S", 2000, -500, -100),)


def test_remainders_of_the_same_size_go_to_the_first() -> None:
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert apportion(-10, [-1, -1, -1]) == [-3, -3, -4]


@given(
    st.lists(st.tuples(st.integers(1, 500_000), st.sampled_from([0, 210, 550, 1000, 2000])), min_size=1, max_size=4),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
)
def test_however_it_is_paid_no_rate_is_paid_over_and_all_adds_up(rows: list[tuple[int, int]], cuts: list[int]) -> None:
    nets = dict((rate, net) for net, rate in rows)  # noqa: C402 — one row a rate, the last counts
    whole = tuple(Share("S", rate, net, vat_on(net, rate)) for rate, net in nets.items())
    total = gross(whole)
    ends = [*sorted({cut % total for cut in cuts} - {0}), total]
    amounts = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    paid: list[tuple[Share, ...]] = []
    for amount in amounts:
        paid.append(split(amount, still_open(whole, paid)))

        assert gross(paid[-1]) == amount
        assert all(share.net_cents >= 0 and share.vat_cents >= 0 for share in paid[-1])
    assert list(accumulate(amounts))[-1] == total
    assert all((share.net_cents, share.vat_cents) == (0, 0) for share in still_open(whole, paid))


@pytest.mark.parametrize(
    ("cents", "open_cents", "why"),
    [
        (0, 100, DoesNotFit.NOTHING),
        (101, 100, DoesNotFit.TOO_MUCH),
        (1, 0, DoesNotFit.TOO_MUCH),
        (-1, 100, DoesNotFit.OTHER_SIGN),
        (1, -100, DoesNotFit.OTHER_SIGN),
        (-101, -100, DoesNotFit.TOO_MUCH),
        (100, 100, None),
        (-100, -100, None),
    ],
)
def test_only_what_is_open_can_be_paid(cents: int, open_cents: int, why: DoesNotFit | None) -> None:
    assert refused(cents, open_cents) is why


def test_what_is_due_first_is_paid_first_and_the_rest_stays_with_the_tenant() -> None:
    november, october = Due("F-2", date(2026, 12, 3), 5000), Due("F-1", date(2026, 11, 3), 2880)
    credit = Due("A-1", date(2026, 11, 1), -1000)

    assert oldest_first(4000, [november, october, credit]) == {"F-1": 2880, "F-2": 1120}
    assert oldest_first(9000, [november, october]) == {"F-1": 2880, "F-2": 5000}, "11.20 stay as a credit"


@pytest.mark.parametrize(
    ("late", "bucket"),
    [
        (-5, Age.NOT_DUE),
        (0, Age.NOT_DUE),
        (1, Age.TO_30),
        (30, Age.TO_30),
        (31, Age.TO_60),
        (60, Age.TO_60),
        (61, Age.TO_90),
        (90, Age.TO_90),
        (91, Age.OVER_90),
    ],
)
def test_on_the_day_it_is_due_nothing_is_late(late: int, bucket: Age) -> None:
    due = date(2026, 11, 3)

    assert age(due, due + timedelta(days=late)) is bucket
    assert days_late(due, due + timedelta(days=late)) == max(0, late)
