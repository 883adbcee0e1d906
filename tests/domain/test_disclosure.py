"""A table for the funders gives nobody away: small cells are hidden, and nobody works them out again from the totals.

The attack is made another way than the defence: hidden figures are filled in by hand in two ways that both agree with all
that is shown; and a solver of the tests' own, by substitution, finds what it can.
"""

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.disclosure import TOTAL, Cell, Equation, Key, equations, hidden, hidden_by_column, with_totals

NUMBERS = count(1)
Table = dict[Key, Cell]


def cell(sessions: int, people: int, tenants: int) -> Cell:
    """Of people and tenants that are nowhere else."""
    return Cell(
        sessions,
        sessions * 60,
        frozenset(next(NUMBERS) for _ in range(people)),
        frozenset(next(NUMBERS) for _ in range(tenants)),
    )


def substituted(table: Table, secret: set[Key], known: list[Equation]) -> dict[Key, int]:
    """What an attacker finds who puts in what is shown, and solves each equation with one unknown left, again and again; and
    every difference of two equations, too."""
    shown = {key: one.sessions for key, one in table.items() if key not in secret}
    combined = [*known]
    for first in known:
        for second in known:
            combined += [
                {key: first.get(key, 0) + sign * second.get(key, 0) for key in first.keys() | second.keys()}
                for sign in (1, -1)
            ]
    while True:
        for one in combined:
            left = [key for key, factor in one.items() if factor and key not in shown]
            if len(left) == 1:
                rest = -sum(factor * shown[key] for key, factor in one.items() if key in shown and factor)
                shown[left[0]] = rest // one[left[0]]
                break
        else:
            return {key: value for key, value in shown.items() if key in secret}


QUARTERS = ["Q1", "Q2", "Q3", "Q4"]
KINDS = ["company", "school", "startup"]


def year() -> Table:
    big = {(kind, quarter): cell(100 + 10 * at, 20, 6) for at, kind in enumerate(KINDS) for quarter in QUARTERS}
    return with_totals(big | {("school", "Q2"): cell(7, 2, 1)}, KINDS, QUARTERS)


def test_a_small_cell_is_hidden_and_the_control_finds_it_without_others() -> None:
    table, known = year(), equations(KINDS, QUARTERS)

    assert substituted(table, {("school", "Q2")}, known) == {("school", "Q2"): 7}, "the control: a total betrays it"
    secret = hidden(table, known)
    assert ("school", "Q2") in secret
    assert substituted(table, secret, known) == {}
    assert len(secret) <= 4, "no more than a rectangle"


def test_two_different_tables_show_the_same() -> None:
    """Whoever reads it cannot tell which of them is true."""
    table, known = year(), equations(KINDS, QUARTERS)
    secret = hidden(table, known)
    rows = {row for row, _ in secret}
    columns = {column for _, column in secret}
    assert len(secret) == len(rows) * len(columns) == 4
    (first, second), (left, right) = sorted(rows), sorted(columns)
    other = {key: one.sessions for key, one in table.items()}
    for key, by in (((first, left), 1), ((first, right), -1), ((second, left), -1), ((second, right), 1)):
        other[key] += by

    assert all(sum(factor * other[key] for key, factor in one.items()) == 0 for one in known)
    assert all(other[key] == one.sessions for key, one in table.items() if key not in secret)
    assert other != {key: one.sessions for key, one in table.items()}


def test_fewer_than_three_tenants_are_hidden_however_many_people_they_are() -> None:
    table = with_totals({("company", "Q1"): cell(90, 40, 2), ("school", "Q1"): cell(80, 30, 5)}, KINDS, ["Q1"])
    secret = hidden(table, equations(KINDS, ["Q1"]))

    assert ("company", "Q1") in secret
    assert substituted(table, secret, equations(KINDS, ["Q1"])) == {}


def test_hidden_ones_are_not_few_together_either() -> None:
    """Two people here and two there: what the total leaves for both of them is about four people."""
    cells = {("company", "Q1"): cell(9, 2, 1), ("school", "Q1"): cell(8, 2, 1), ("startup", "Q1"): cell(500, 50, 9)}
    table, known = with_totals(cells, KINDS, ["Q1"]), equations(KINDS, ["Q1"])

    secret = hidden(table, known)
    apart = [key for key in secret if TOTAL not in key]
    together = sum((table[key] for key in apart), Cell())
    assert len(together.people) >= 5 or (TOTAL, "Q1") in secret


def test_where_nobody_was_is_no_secret_and_a_table_of_large_cells_is_shown_whole() -> None:
    cells = {(kind, quarter): cell(50, 9, 4) for kind in KINDS[:2] for quarter in QUARTERS}
    table = with_totals(cells, KINDS, QUARTERS)

    assert hidden(table, equations(KINDS, QUARTERS)) == set()


def test_a_lab_of_four_people_shows_nothing() -> None:
    table = with_totals({("company", "Q1"): cell(5, 2, 1), ("school", "Q2"): cell(4, 2, 1)}, KINDS, QUARTERS)
    secret = hidden(table, equations(KINDS, QUARTERS))

    assert {key for key, one in table.items() if one.sessions} <= secret


def test_the_same_people_in_every_quarter_are_not_more_for_that() -> None:
    """Three people a quarter, always the same three: a year's total minus the rest is still about three."""
    same = (frozenset({-1, -2, -3}), frozenset({-4}))
    cells = {("school", quarter): Cell(10, 600, *same) for quarter in QUARTERS}
    cells |= {("company", quarter): cell(100, 20, 6) for quarter in QUARTERS}
    table, known = with_totals(cells, KINDS, QUARTERS), equations(KINDS, QUARTERS)

    assert ("school", TOTAL) in hidden(table, known)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=12, max_size=12),
    st.integers(1, 4),
)
def test_no_hidden_cell_is_ever_found_again(sizes: list[tuple[int, int]], quarters: int) -> None:
    columns = QUARTERS[:quarters]
    keys = [(kind, quarter) for kind in KINDS for quarter in columns]
    cells = {
        key: cell(people * 3 if tenants else 0, people if tenants else 0, min(people, tenants))
        for key, (people, tenants) in zip(keys, sizes, strict=False)
    }
    table, known = with_totals(cells, KINDS, columns), equations(KINDS, columns)

    secret = hidden(table, known)

    assert {key for key, one in table.items() if one.sessions and len(one.people) < 5} <= secret
    assert not [key for key in substituted(table, secret, known) if table[key].sessions and len(table[key].people) < 5]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=12, max_size=12))
def test_a_years_table_and_those_of_its_quarters_together_betray_nothing(sizes: list[tuple[int, int]]) -> None:
    keys = [(kind, quarter) for kind in KINDS for quarter in QUARTERS]
    cells = {
        key: cell(people * 3 if tenants else 0, people if tenants else 0, min(people, tenants))
        for key, (people, tenants) in zip(keys, sizes, strict=True)
    }
    whole = with_totals(cells, KINDS, QUARTERS)
    shown = whole.keys() - hidden_by_column(whole, KINDS, QUARTERS)
    for quarter in QUARTERS:
        alone = with_totals({key: cells[key] for key in cells if key[1] == quarter}, KINDS, [quarter])
        shown |= alone.keys() - hidden_by_column(alone, KINDS, [quarter])

    secret = whole.keys() - shown

    assert {key for key, one in whole.items() if one.sessions and len(one.people) < 5} <= secret
    found = substituted(whole, secret, equations(KINDS, QUARTERS))
    assert not [key for key in found if whole[key].sessions and len(whole[key].people) < 5]


def test_what_is_hidden_in_two_quarters_is_not_few_together_either() -> None:
    """The start-ups of two quarters follow from two quarters of the schools, whose total is shown: a sum of five equations."""
    few = [frozenset({-1, -2, -3, -4, -5}), frozenset({-6, -7})]
    cells = {(kind, quarter): cell(100, 20, 6) for kind in ("company", "school") for quarter in QUARTERS}
    cells |= {("startup", quarter): cell(60, 7, 3) for quarter in ("Q1", "Q2")}
    cells |= {("startup", quarter): Cell(40, 2400, *few) for quarter in ("Q3", "Q4")}
    table = with_totals(cells, KINDS, QUARTERS)

    secret = hidden_by_column(table, KINDS, QUARTERS)

    beside = next(kind for kind in ("company", "school") if (kind, "Q3") in secret)
    assert {("startup", "Q3"), ("startup", "Q4"), (beside, TOTAL)} <= secret


def test_the_control_of_it_tables_that_hide_each_for_itself_betray_each_other() -> None:
    """The school of the second quarter is hidden beside another cell in each of the two."""
    sizes = {"company": 120, "startup": 50, "school": 100}
    cells = {(kind, quarter): cell(size, 20, 6) for kind, size in sizes.items() for quarter in QUARTERS}
    cells |= {("school", "Q2"): cell(7, 2, 1), ("company", "Q3"): cell(8, 2, 1)}
    whole, known = with_totals(cells, KINDS, QUARTERS), equations(KINDS, QUARTERS)
    alone = with_totals({key: cells[key] for key in cells if key[1] == "Q2"}, KINDS, ["Q2"])

    apart = hidden(whole, known) & (hidden(alone, equations(KINDS, ["Q2"])) | {key for key in whole if key[1] != "Q2"})
    together = hidden_by_column(whole, KINDS, QUARTERS)

    assert ("school", "Q2") in substituted(whole, apart, known)
    assert ("school", "Q2") not in substituted(whole, together, known)
