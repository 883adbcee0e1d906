"""Where rooms and machines lie on the plan of the lab: as somebody drew them, and by themselves where nobody has yet.

Pure geometry in units of 8 px. A lab that has never opened the editor gets rooms side by side in rows, as in one
building, with a machine in each bay; what was drawn stays exactly where it was put.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations, count

BAY = 18  # from one axis of the building to the next
BAYS = 6  # across a plan that nobody drew
TILE_WIDTH, TILE_HEIGHT = 16, 10  # at least 116 × 76 px
GAP, HEAD = 1, 6  # between tiles and walls; for the room's name above its tiles
SMALLEST = TILE_WIDTH + GAP  # a room's width and height, at least
_STEP = TILE_HEIGHT + GAP


@dataclass(frozen=True, slots=True)
class Rect:
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def meets(self, other: "Rect") -> bool:
        """Whether they overlap; to touch is not to overlap."""
        beside = self.right <= other.x or other.right <= self.x
        return not beside and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class RoomFact:
    """A room as it is kept. ``rect`` is None while nobody has drawn it."""

    name: str
    rect: Rect | None = None


@dataclass(frozen=True, slots=True)
class MachineFact:
    """A machine as it is kept. ``at`` is the upper left corner of its tile, None while nobody has placed it."""

    code: str
    room: str
    at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything in place. ``outline`` holds all of it."""

    rooms: dict[str, Rect]
    tiles: dict[str, Rect]
    outline: Rect

    @property
    def across(self) -> range:
        """Where the axes with letters stand, from the left wall on."""
        return range(self.outline.x, self.outline.right + 1, BAY)

    @property
    def down(self) -> range:
        """Where the axes with numbers lie, from the upper wall on."""
        return range(self.outline.y, self.outline.bottom + 1, BAY)

    @property
    def columns(self) -> tuple[tuple[int, int], ...]:
        """The columns of the building: where an axis meets a wall inside it."""
        walls = [rect for rect in self.rooms.values() if rect.bottom < self.outline.bottom]
        inner = self.across[1:-1] if self.across[-1] == self.outline.right else self.across[1:]
        return tuple(sorted({(x, rect.bottom) for rect in walls for x in inner if rect.x <= x <= rect.right}))


class Flaw(StrEnum):
    """What is wrong with a drawing."""

    SMALL = "small"  # a room in which nothing can stand
    OFF = "off"  # beyond the paper
    CROSSED = "crossed"  # two that lie on each other


def flaw_of(rooms: Mapping[str, Rect], tiles: Mapping[str, Rect], furthest: int) -> tuple[Flaw, list[str]] | None:
    """The first thing wrong with what somebody drew, and the keys of the one or two it is about."""
    for key, rect in (*rooms.items(), *tiles.items()):
        if key in rooms and min(rect.width, rect.height) < SMALLEST:
            return Flaw.SMALL, [key]
        if max(rect.right, rect.bottom) > furthest:
            return Flaw.OFF, [key]
    for alike in (rooms, tiles):
        for (one, here), (other, there) in combinations(alike.items(), 2):
            if here.meets(there):
                return Flaw.CROSSED, [one, other]
    return None


def lay_out(rooms: Sequence[RoomFact], machines: Sequence[MachineFact]) -> Plan:
    """Rooms in the order given. Machines whose room is not among them stand in a room without a name."""
    known = {room.name for room in rooms}
    homeless = any(machine.room not in known for machine in machines)
    everywhere = [*rooms, *([RoomFact("")] if homeless else [])]
    inside = {room.name: [one for one in machines if _room_of(one, known) == room.name] for room in everywhere}
    rects = {room.name: room.rect for room in everywhere if room.rect is not None}
    tiles = {one.code: Rect(*one.at, TILE_WIDTH, TILE_HEIGHT) for one in machines if one.at is not None}
    for name, rect in rects.items():
        _fill(rect, inside[name], tiles)
    below = max((rect.bottom for rect in (*rects.values(), *tiles.values())), default=0)
    waiting = [room.name for room in everywhere if room.rect is None]
    for name, rect in _rows_of_rooms(waiting, [len(inside[name]) for name in waiting], below):
        rects[name] = rect
        _fill(rect, inside[name], tiles)
    ordered = {room.name: rects[room.name] for room in everywhere}
    return Plan(ordered, tiles, _around([*ordered.values(), *tiles.values()]))


def _room_of(machine: MachineFact, known: set[str]) -> str:
    return machine.room if machine.room in known else ""


def _fill(room: Rect, machines: Iterable[MachineFact], tiles: dict[str, Rect]) -> None:
    """Give each machine that was not placed the next bay of its room in which no other stands."""
    bays = _bays(room)
    for machine in machines:
        if machine.at is None:
            tiles[machine.code] = next(bay for bay in bays if not any(bay.meets(tile) for tile in tiles.values()))


def _bays(room: Rect) -> Iterator[Rect]:
    """Row by row below the room's name. A room too small for its machines is left by the last of them, downwards."""
    across = max(1, room.width // BAY)
    for row in count():
        y = room.y + HEAD + row * _STEP
        yield from (Rect(room.x + GAP + column * BAY, y, TILE_WIDTH, TILE_HEIGHT) for column in range(across))


def _rows_of_rooms(names: Sequence[str], machines: Sequence[int], top: int) -> Iterator[tuple[str, Rect]]:
    at = 0
    for row in pack(machines, BAYS):
        height = _height(machines[at : at + len(row)], BAYS)
        x = 0
        for name, bays in zip(names[at:], row, strict=False):
            yield name, Rect(x, top, bays * BAY, height)
            x += bays * BAY
        top += height
        at += len(row)


def pack(machines: Sequence[int], bays: int) -> list[list[int]]:
    """Rooms of so many machines, side by side in rows so that all of it becomes as low as it can: for each row, how many
    of its bays each room gets. The order of the rooms stays."""
    best: list[tuple[int, list[int]]] = [(0, [])]
    for end in range(1, len(machines) + 1):
        starts = range(max(0, end - bays), end)
        best.append(min((best[at][0] + _height(machines[at:end], bays), [*best[at][1], end - at]) for at in starts))
    rows, at = [], 0
    for length in best[-1][1]:
        rows.append(_shared(machines[at : at + length], bays))
        at += length
    return rows


def _height(machines: Sequence[int], bays: int) -> int:
    return HEAD + GAP + _STEP * _deep(machines, bays)


def _deep(machines: Sequence[int], bays: int) -> int:
    """How many machines stand behind each other where these rooms share a row."""
    return next(deep for deep in count(1) if sum(-(-max(1, one) // deep) for one in machines) <= bays)


def _shared(machines: Sequence[int], bays: int) -> list[int]:
    """As many bays as each room needs; what is left goes to where it is most crowded."""
    deep = _deep(machines, bays)
    given = [-(-max(1, one) // deep) for one in machines]
    for _ in range(bays - sum(given)):
        crowded = max(range(len(given)), key=lambda room: machines[room] / given[room])
        given[crowded] += 1
    return given


def _around(rects: Sequence[Rect]) -> Rect:
    if not rects:
        return Rect(0, 0, BAYS * BAY, TILE_HEIGHT)
    x, y = min(rect.x for rect in rects), min(rect.y for rect in rects)
    outline = Rect(x, y, 0, 0)
    return replace(outline, width=max(r.right for r in rects) - x, height=max(r.bottom for r in rects) - y)
