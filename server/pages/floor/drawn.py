"""What the editor of the plan shows and takes back: each room and machine with its place, and what stands in its field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import select

from server.dashboard.board import Board
from server.dashboard.plan import SMALLEST, TILE_HEIGHT, TILE_WIDTH, Flaw, Rect, flaw_of
from server.db import reading
from server.machines.drawing import FURTHEST, Drawing
from server.machines.models import Room

_DIGITS = len(str(FURTHEST))


@dataclass(frozen=True, slots=True)
class Piece:
    """A room or a machine. ``key`` is the room's id or the machine's code, ``rect`` where it is shown, ``text`` what
    stands in its field: "x y width height" or "x y", or nothing, and the plan finds a place for it."""

    key: str
    name: str
    rect: Rect
    text: str
    machines: int = 0  # in a room

    @property
    def is_placed(self) -> bool:
        return bool(self.text.strip())


@dataclass(frozen=True, slots=True)
class Pieces:
    rooms: tuple[Piece, ...]
    machines: tuple[Piece, ...]


def pieces_of(board: Board, typed: Mapping[str, str]) -> Pieces:
    """The plan as it is, with what was typed in fields ``room-3`` and ``machine-p1`` in its place."""
    with reading() as session:
        ids = {name: str(number) for name, number in session.execute(select(Room.name, Room.id))}
    inside = {room.name: len(room.tiles) for room in board.rooms}
    places = [(name, rect) for name, rect in board.plan.rooms.items() if name in ids]
    rooms = (_room(ids[name], name, rect, typed, inside.get(name, 0)) for name, rect in places)
    tiles = (tile for room in board.rooms for tile in room.tiles)
    machines = (_machine(tile.code, tile.name, board.plan.tiles[tile.code], typed) for tile in tiles)
    return Pieces(tuple(rooms), tuple(machines))


def _room(key: str, name: str, rect: Rect, typed: Mapping[str, str], machines: int) -> Piece:
    text = typed.get(f"room-{key}", f"{rect.x} {rect.y} {rect.width} {rect.height}")
    numbers = _numbers(text, 4)
    return Piece(key, name, Rect(*numbers) if numbers else rect, text, machines)


def _machine(key: str, name: str, rect: Rect, typed: Mapping[str, str]) -> Piece:
    text = typed.get(f"machine-{key}", f"{rect.x} {rect.y}")
    if numbers := _numbers(text, 2):
        x, y = numbers
        rect = Rect(x, y, TILE_WIDTH, TILE_HEIGHT)
    return Piece(key, name, rect, text)


def _numbers(text: str, count: int) -> list[int] | None:
    """As many whole numbers as asked for, from 0 to ``FURTHEST``; None for anything else."""
    words = text.split()
    if len(words) != count or not all(word.isdecimal() and len(word) <= _DIGITS for word in words):
        return None
    numbers = [int(word) for word in words]
    return numbers if max(numbers) <= FURTHEST else None


def drawing_of(pieces: Pieces) -> Drawing:
    """What is to be stored, of pieces without a ``wrong``."""
    rooms = {int(one.key): (one.rect.x, one.rect.y, one.rect.width, one.rect.height) for one in _placed(pieces.rooms)}
    return Drawing(rooms, {one.key: (one.rect.x, one.rect.y) for one in _placed(pieces.machines)})


def wrong(pieces: Pieces) -> str:
    """What is wrong with what was typed, in a sentence with the way on; empty where nothing is."""
    for several, count in ((pieces.rooms, 4), (pieces.machines, 2)):
        for one in _placed(several):
            if _numbers(one.text, count) is None:
                return _unreadable(one.name, count)
    rooms, tiles = ({one.key: one.rect for one in _placed(several)} for several in (pieces.rooms, pieces.machines))
    found = flaw_of(rooms, tiles, FURTHEST)
    if found is None:
        return ""
    flaw, keys = found
    names = {one.key: one.name for one in (pieces.machines if keys[0] in tiles else pieces.rooms)}
    return _told(flaw, [names[key] for key in keys])


def _placed(pieces: Iterable[Piece]) -> list[Piece]:
    return [one for one in pieces if one.is_placed]


def _unreadable(name: str, count: int) -> str:
    if count == 4:
        return gettext("%(name)s: type four whole numbers from 0 to %(most)s: left, top, width, height.", name=name, most=FURTHEST)  # fmt: skip
    return gettext("%(name)s: type two whole numbers from 0 to %(most)s: left and top.", name=name, most=FURTHEST)


def _told(flaw: Flaw, names: list[str]) -> str:
    match flaw:
        case Flaw.SMALL:
            return gettext("%(name)s is too small: at least %(least)s wide and high.", name=names[0], least=SMALLEST)
        case Flaw.OFF:
            return gettext("%(name)s reaches beyond the paper, which ends at %(most)s.", name=names[0], most=FURTHEST)
        case Flaw.CROSSED:
            return gettext("%(one)s and %(other)s lie on each other: move one of them.", one=names[0], other=names[1])
