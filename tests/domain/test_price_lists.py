"""Every price list that a lab publishes can be said, and comes to the cents that were worked out by hand."""

import pytest

from server.domain.items import amount
from server.domain.rating import RatedSession, rate_month
from server.domain.rule_text import from_plain, to_plain
from server.domain.tariffs import odd
from tests.domain.price_lists.next_lab import NEXT
from tests.domain.price_lists.published import PUBLISHED
from tests.domain.price_lists.said import PARIS, Counted, PriceList, Worked

LISTS = (*PUBLISHED, *NEXT)
WORKED = [pytest.param(own, one, id=f"{own.name}: {one.says}") for own in LISTS for one in own.worked]
COUNTED = [pytest.param(one, id=f"{own.name}: {one.says}") for own in LISTS for one in own.counted]


@pytest.mark.parametrize(("own", "one"), WORKED)
def test_a_session_costs_what_was_worked_out_by_hand(own: PriceList, one: Worked) -> None:
    rated = rate_month(one.sessions, own.tariffs, one.terms, PARIS)

    by_session = {each.session.id: each.net_cents for each in rated if isinstance(each, RatedSession)}
    assert [by_session[session.id] for session in one.sessions] == list(one.cents)


@pytest.mark.parametrize("one", COUNTED)
def test_what_goes_by_quantity_costs_what_was_worked_out_by_hand(one: Counted) -> None:
    assert amount(one.quantity, one.unit_cents) == one.cents


@pytest.mark.parametrize("own", LISTS, ids=lambda own: own.name)
def test_a_price_list_can_be_written_down_and_read_again(own: PriceList) -> None:
    for tariff in own.tariffs:
        assert odd(tariff.rule) is None
        assert from_plain(to_plain(tariff.rule)) == tariff.rule
