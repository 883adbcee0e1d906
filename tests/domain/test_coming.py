"""Gaps and overlaps of a price list before they bite."""

from datetime import UTC, datetime, timedelta

from server.domain.coming import gaps_ahead, overlaps
from server.domain.pricelist import Place
from server.domain.tariffs import Scope, Tariff, simple

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
BEFORE, SOON, LATER = NOW - timedelta(days=30), NOW + timedelta(days=10), NOW + timedelta(days=40)
MACHINES = (Place("p1", "printer"), Place("p2", "printer"), Place("c1", "cnc"))
KINDS = ("company", "school")
ALL, SCHOOLS, P2, MILLS = (
    Scope(category="printer"),
    Scope(category="printer", tenant_kind="school"),
    Scope(machine="p2"),
    Scope(category="cnc"),
)


def tariff(number, scope=ALL, since=BEFORE, until=None):
    return Tariff(number, scope, since, until, simple(1200, 900))


def told(*tariffs):
    return [
        (one.since, one.gap.machines, one.gap.kinds, one.gap.whole, one.gap.for_all, one.ending and one.ending.id)
        for one in gaps_ahead(tariffs, MACHINES, KINDS, NOW)
    ]


def test_a_price_that_ends_without_a_successor_is_told_beforehand():
    assert told(tariff(1, until=SOON), tariff(2, MILLS)) == [(SOON, ("p1", "p2"), KINDS, True, True, 1)]
    assert told(tariff(1, until=SOON), tariff(3, since=SOON), tariff(2, MILLS)) == []


def test_what_goes_on_at_a_wider_price_is_no_gap():
    assert told(tariff(1), tariff(2, SCHOOLS, until=SOON), tariff(3, MILLS)) == []


def test_what_is_missing_today_already_is_not_told_again():
    assert told(tariff(1, until=SOON)) == [(SOON, ("p1", "p2"), KINDS, True, True, 1)]  # nothing of the mill


def test_each_machine_and_kind_is_told_once_at_its_first_day():
    found = told(tariff(1, until=LATER), tariff(2, P2, until=LATER), tariff(3, SCHOOLS), tariff(4, MILLS, until=SOON))

    assert found == [
        (SOON, ("c1",), KINDS, True, True, 4),
        (LATER, ("p1", "p2"), ("company",), True, False, 2),
    ]


def test_a_hole_between_two_prices_is_told():
    after = tariff(2, since=LATER)

    assert told(tariff(1, until=SOON), after, tariff(3, MILLS)) == [(SOON, ("p1", "p2"), KINDS, True, True, 1)]


def test_two_prices_for_just_the_same_overlap_and_the_later_one_counts():
    first, second, other = tariff(1), tariff(2, since=SOON, until=LATER), tariff(3, SCHOOLS, since=SOON)

    (found,) = overlaps([first, second, other], NOW)

    assert (found.counts, found.idle, found.since, found.until) == (second, first, SOON, LATER)


def test_prices_one_after_the_other_or_long_over_do_not_overlap():
    taken_back = tariff(3, since=SOON, until=SOON)
    over = [tariff(4, until=NOW), tariff(5, until=NOW)]

    assert overlaps([tariff(1, until=SOON), tariff(2, since=SOON), taken_back, *over], NOW) == ()
