"""The price list of a moment: which price wins where, and where there is none."""

from datetime import UTC, datetime, timedelta

from server.domain.pricelist import Place, gaps, price_list, reach
from server.domain.tariffs import Scope, Tariff, simple

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
MACHINES = (Place("p1", "printer"), Place("p2", "printer"), Place("c1", "cnc"))
KINDS = ("company", "school")


def tariff(number, machine=None, category=None, kind=None, cents=300, since=BEFORE, until=None):
    return Tariff(number, Scope(machine, category, tenant_kind=kind), since, until, simple(cents, 900))


FOR_ALL = tariff(1, category="printer")
FOR_SCHOOLS = tariff(2, category="printer", kind="school", cents=150)
FOR_P2 = tariff(3, machine="p2", cents=650)
PRICES = (FOR_ALL, FOR_SCHOOLS, FOR_P2)


def test_a_row_for_each_category_and_for_machines_with_a_price_of_their_own():
    rows = price_list(PRICES, MACHINES, KINDS, NOW)

    assert [(row.place.category, row.place.code) for row in rows] == [("cnc", ""), ("printer", ""), ("printer", "p2")]
    assert [[cell.tariff and cell.tariff.id for cell in row.cells] for row in rows] == [[None, None], [1, 2], [3, 3]]


def test_a_cell_says_whether_its_price_was_decided_for_just_this():
    _, printer, p2 = price_list(PRICES, MACHINES, KINDS, NOW)

    assert [cell.own for cell in printer.cells] == [False, True]
    assert [cell.own for cell in p2.cells] == [False, False]


def test_machines_that_lack_a_price_for_the_same_kinds_are_one_gap():
    only_schools = (FOR_SCHOOLS, tariff(4, machine="p1", kind="company"))

    assert [(gap.category, gap.machines, gap.kinds, gap.whole, gap.for_all) for gap in gaps(only_schools, MACHINES, KINDS, NOW)] == [
        ("cnc", ("c1",), KINDS, True, True),
        ("printer", ("p2",), ("company",), False, False),
    ]  # fmt: skip
    assert gaps((*PRICES, tariff(5, category="cnc")), MACHINES, KINDS, NOW) == ()


def test_a_price_that_has_ended_or_not_begun_leaves_a_gap():
    ended = tariff(1, category="printer", until=NOW)
    planned = tariff(2, category="printer", since=NOW + timedelta(seconds=1))

    assert gaps((ended, planned), MACHINES[:2], ("company",), NOW)[0].machines == ("p1", "p2")
    assert gaps((ended, planned), MACHINES[:2], ("company",), NOW - timedelta(seconds=1)) == ()


def test_what_goes_before_a_price_is_named():
    told = reach(FOR_ALL, PRICES, MACHINES, KINDS, NOW)

    assert (told.covers, told.wins) == (4, 1)
    assert [other.id for other in told.beaten_by] == [2, 3]
    assert reach(FOR_P2, PRICES, MACHINES, KINDS, NOW).beaten_by == ()


def test_of_two_prices_for_the_same_the_later_one_wins_everywhere():
    later = tariff(9, category="printer", since=NOW - timedelta(days=1))

    assert reach(FOR_ALL, (FOR_ALL, later), MACHINES, KINDS, NOW).wins == 0
    assert reach(later, (FOR_ALL, later), MACHINES, KINDS, NOW).wins == 4
