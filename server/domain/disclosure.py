"""A table for the public that gives nobody away: small cells are hidden, and so many others with them that no total betrays them.

A cell with fewer than five people or three tenants is hidden. Then whoever knows the totals could subtract: so further cells
are hidden, the smallest first, until no hidden figure follows from what is shown, and until what can be worked out of several
hidden ones together is about five people and three tenants again. A cell where nobody was is shown: it is about nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fractions import Fraction

LEAST_PEOPLE = 5
LEAST_TENANTS = 3
TOTAL = "*"

Key = tuple[str, str]  # row, column; TOTAL for all of them
Equation = Mapping[Key, int]  # so many times each, and it comes to 0


@dataclass(frozen=True, slots=True)
class Cell:
    """What was used, by whom. ``people`` and ``tenants`` are known by any token that tells two apart."""

    sessions: int = 0
    seconds: int = 0
    people: frozenset[int] = field(default_factory=frozenset)
    tenants: frozenset[int] = field(default_factory=frozenset)

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(
            self.sessions + other.sessions,
            self.seconds + other.seconds,
            self.people | other.people,
            self.tenants | other.tenants,
        )


def with_totals(cells: Mapping[Key, Cell], rows: Sequence[str], columns: Sequence[str]) -> dict[Key, Cell]:
    """Every cell, and the totals: of each column, and, where there are several columns, of each row and in all."""
    found = {(row, column): cells.get((row, column), Cell()) for row in rows for column in columns}
    for column in columns:
        found[TOTAL, column] = _sum(found[row, column] for row in rows)
    if len(columns) > 1:
        for row in (*rows, TOTAL):
            found[row, TOTAL] = _sum(found[row, column] for column in columns)
    return found


def equations(rows: Sequence[str], columns: Sequence[str]) -> list[Equation]:
    """What everybody knows of such a table: parts add up to their total."""
    whole = (*columns, TOTAL) if len(columns) > 1 else tuple(columns)
    down = [{**{(row, column): 1 for row in rows}, (TOTAL, column): -1} for column in whole]
    if len(columns) == 1:
        return list(down)
    return [*down, *({**{(row, one): 1 for one in columns}, (row, TOTAL): -1} for row in (*rows, TOTAL))]


def hidden(cells: Mapping[Key, Cell], known: Sequence[Equation]) -> set[Key]:
    """Which cells are not shown."""
    secret = {key for key, cell in cells.items() if cell.sessions and not _is_safe(cell.people, cell.tenants)}
    while (weak := _first_weak(secret, cells, known)) is not None:
        more = _companion(weak, secret, cells)
        if more is None:
            break
        secret.add(more)
    return secret


def worked_out(secret: AbstractSet[Key], known: Sequence[Equation]) -> list[dict[Key, Fraction]]:
    """What follows about the hidden cells from all that is shown: each a sum of hidden figures that anybody can work out,
    reduced as far as it goes. One with a single cell gives that cell away."""
    order = sorted(secret)
    matrix = [[Fraction(one.get(key, 0)) for key in order] for one in known]
    reduced = _reduced([row for row in matrix if any(row)])
    return [{key: value for key, value in zip(order, row, strict=True) if value} for row in reduced]


def _first_weak(
    secret: AbstractSet[Key], cells: Mapping[Key, Cell], known: Sequence[Equation]
) -> Mapping[Key, int | Fraction] | None:
    """The first sum from which hidden figures about too few can be worked out."""
    sums: list[Mapping[Key, int | Fraction]] = [*known, *worked_out(secret, known)]
    for one in sums:
        parts = {key: factor for key, factor in one.items() if key in secret}
        if len(parts) == 1:
            return one
        if parts and len({factor > 0 for factor in parts.values()}) == 1:
            together = _sum(cells[key] for key in parts)
            if together.sessions and not _is_safe(together.people, together.tenants):
                return one
    return None


def _companion(weak: Iterable[Key], secret: AbstractSet[Key], cells: Mapping[Key, Cell]) -> Key | None:
    """The next cell to hide, of the weak sum: one where somebody was, a part before a total, one that closes a rectangle of
    hidden ones, the smallest. Where the whole sum is hidden already, of all others."""
    shown = [key for key in weak if key not in secret] or [key for key in cells if key not in secret]

    def order(key: Key) -> tuple[bool, bool, bool, int, Key]:
        crosses = any(row == key[0] for row, _ in secret) and any(column == key[1] for _, column in secret)
        return cells[key].sessions == 0, TOTAL in key, not crosses, cells[key].sessions, key

    return min(shown, key=order, default=None)


def _is_safe(people: AbstractSet[int], tenants: AbstractSet[int]) -> bool:
    return len(people) >= LEAST_PEOPLE and len(tenants) >= LEAST_TENANTS


def _sum(cells: Iterable[Cell]) -> Cell:
    return sum(cells, Cell())


def _reduced(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """Row echelon form, reduced."""
    rows = [list(row) for row in matrix]
    done = 0
    for place in range(len(rows[0]) if rows else 0):
        pivot = next((number for number in range(done, len(rows)) if rows[number][place]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        rows[done] = [value / rows[done][place] for value in rows[done]]
        for number in range(len(rows)):
            if number != done and rows[number][place]:
                factor = rows[number][place]
                rows[number] = [one - factor * other for one, other in zip(rows[number], rows[done], strict=True)]
        done += 1
    return rows[:done]
