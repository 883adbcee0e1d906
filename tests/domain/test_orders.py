"""Order numbers: which one an invoice bears, and what is missing where one is asked for."""

from dataclasses import replace
from datetime import date

from server.domain.orders import Asked, Lack, Order, lack, order_for

GENERAL = Order(1, 5, None, "4500001", date(2025, 12, 20), date(2026, 1, 1))
OWN = Order(2, 5, "rd", "4500002", None, date(2026, 3, 1), date(2026, 4, 1), ceiling_cents=1000_00)
ORDERS = (GENERAL, OWN)


def test_a_cost_centres_own_order_goes_before_the_one_for_all_while_it_holds() -> None:
    assert order_for(ORDERS, 5, "rd", date(2026, 3, 1)) == OWN
    assert order_for(ORDERS, 5, "rd", date(2026, 4, 1)) == GENERAL
    assert order_for(ORDERS, 5, "it", date(2026, 3, 1)) == GENERAL


def test_an_order_is_for_one_establishment_and_not_before_its_first_day() -> None:
    assert order_for(ORDERS, 6, "rd", date(2026, 3, 1)) is None
    assert order_for(ORDERS, 5, "rd", date(2025, 12, 31)) is None


def test_of_two_orders_the_later_one_counts() -> None:
    newer = replace(GENERAL, id=3, number="4500003", since=date(2026, 2, 1))

    assert order_for((newer, GENERAL), 5, "it", date(2026, 2, 1)) == newer
    assert order_for((newer, GENERAL), 5, "it", date(2026, 1, 31)) == GENERAL


def test_no_order_is_missed_only_where_one_is_asked_for() -> None:
    assert lack(None, Asked(required=True), 0, 100) is Lack.MISSING
    assert lack(None, Asked(), 0, 100) is None


def test_an_order_is_used_up_by_the_cent_that_goes_over_its_ceiling() -> None:
    assert lack(OWN, Asked(), 900_00, 100_00) is None
    assert lack(OWN, Asked(), 900_00, 100_01) is Lack.USED_UP
    assert lack(GENERAL, Asked(), 900_00, 100_01) is None  # it has no ceiling
