"""A table for the public that gives nobody away: small cells are hidden, and so many others with them that no total betrays them.

A cell with fewer than five people or three tenants is hidden. Then whoever knows the totals could subtract: so further cells
are hidden, the smallest first, until no hidden figure follows from what is shown, and until what can be worked out of several
hidden ones together is about five people and three tenants again. A cell where nobody was is shown: it is about nobody.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import product

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


def hidden_by_column(cells: Mapping[Key, Cell], rows: Sequence[str], columns: Sequence[str]) -> set[Key]:
    """As ``hidden``, of a table whose columns are told alone as well: each hides what it hides alone, and beside these only
    totals of rows are hidden. Otherwise a figure that this table hides could be read in that one."""
    secret: set[Key] = set()
    for column in columns:
        own = {key: cell for key, cell in cells.items() if key[1] == column and cell.sessions}
        secret |= hidden(own, equations([row for row in rows if (row, column) in own], [column]))
    totals = {key for key in cells if key[1] == TOTAL}
    return hidden(cells, equations(rows, columns), secret, totals)


def hidden(
    cells: Mapping[Key, Cell],
    known: Sequence[Equation],
    already: AbstractSet[Key] = frozenset(),
    beside: AbstractSet[Key] | None = None,
) -> set[Key]:
    """Which cells are not shown. ``already``: that are hidden anyhow; ``beside``: those that may be hidden beside the small
    ones, where not every one may."""
    small = {key for key, cell in cells.items() if cell.sessions and not _is_safe(cell.people, cell.tenants)}
    secret = small | already
    others = cells if beside is None else {key: cells[key] for key in sorted(beside)}
    while (weak := _first_weak(secret, cells, known)) is not None:
        more = _companion(weak, secret, others)
        if more is None:
            break
        secret.add(more)
    return secret


def _first_weak(secret: AbstractSet[Key], cells: Mapping[Key, Cell], known: Sequence[Equation]) -> Equation | None:
    """The first sum of equations from which hidden figures about too few can be worked out together."""
    return next((one for one in _sums_of_hidden(secret, cells, known) if _is_weak(one, secret, cells)), None)


def _is_weak(one: Equation, secret: AbstractSet[Key], cells: Mapping[Key, Cell]) -> bool:
    together = _sum(cells[key] for key in one.keys() & secret if one[key])
    return together.sessions > 0 and not _is_safe(together.people, together.tenants)


def _sums_of_hidden(
    secret: AbstractSet[Key], cells: Mapping[Key, Cell], known: Sequence[Equation]
) -> Iterator[Equation]:
    """All sums of equations in which hidden figures are only added and that may be about few. Each cell stands in one equation
    down and one across: so these are the cuts of a graph, in which an equation counts once, against the others, or not at all;
    and once that is chosen for those down, each one across is chosen by itself."""
    down = [one for one in known if len({column for _, column in one}) == 1]
    across = [one for one in known if one not in down]
    yield from (one for one in across if len({one[key] > 0 for key in one.keys() & secret}) == 1)
    for times in product((-1, 0, 1), repeat=len(down)):
        base = {key: time * factor for time, one in zip(times, down, strict=True) for key, factor in one.items()}
        for parts in product(*(_ways(base, row, secret, cells) for row in across or [{}])):
            yield base | {key: factor for part in parts for key, factor in part.items()}


def _ways(base: Equation, row: Equation, secret: AbstractSet[Key], cells: Mapping[Key, Cell]) -> list[Equation]:
    """What is chosen down, with an equation across counted so that nothing hidden is subtracted: nothing hidden is left of it
    if that can be, else what is left is about few."""
    found = []
    for time in (0, 1, -1):
        own = {key: base.get(key, 0) + time * factor for key, factor in row.items()} or base
        left = [own[key] for key in own.keys() & secret if own[key]]
        if not left:
            return [own]
        if min(left) > 0 and _is_weak(own, secret, cells):
            found.append(own)
    return found


def _companion(weak: Iterable[Key], secret: AbstractSet[Key], cells: Mapping[Key, Cell]) -> Key | None:
    """The next cell to hide, of the weak sum: one where somebody was, a part before a total, one that closes a rectangle of
    hidden ones, the smallest. Where the whole sum is hidden already, of all others."""
    shown = [key for key in weak if key in cells and key not in secret] or [key for key in cells if key not in secret]

    def order(key: Key) -> tuple[bool, bool, bool, int, Key]:
        crosses = any(row == key[0] for row, _ in secret) and any(column == key[1] for _, column in secret)
        return cells[key].sessions == 0, TOTAL in key, not crosses, cells[key].sessions, key

    return min(shown, key=order, default=None)


def _is_safe(people: AbstractSet[int], tenants: AbstractSet[int]) -> bool:
    return len(people) >= LEAST_PEOPLE and len(tenants) >= LEAST_TENANTS


def _sum(cells: Iterable[Cell]) -> Cell:
    return sum(cells, Cell())
