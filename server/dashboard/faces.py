"""The ways to see the live floor: the plan, the list by room, and the wall. Each is written in pieces with ids of their own."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from server.dashboard.board import Board, Tile
from server.dashboard.plan import Rect


class Face(StrEnum):
    PLAN = "plan"
    LIST = "list"
    WALL = "wall"


class Part(NamedTuple):
    """One macro of a face's template with what it shows. Minutes are not in it: the browser counts them."""

    macro: str
    value: Any


class Placed(NamedTuple):
    """A machine or the head of a room, and where it is drawn."""

    value: Any
    rect: Rect


def whole(board: Board) -> list[Part]:
    return [Part("day", board.day), Part("board", board)]


def changed(face: Face, before: Board, after: Board) -> list[Part]:
    """What of the page must be written anew: single pieces, or all of it where machines came, went or moved."""
    if _layout(before) != _layout(after):
        return whole(after)
    pairs = zip(_parts(face, before), _parts(face, after), strict=True)
    return [new for old, new in pairs if old != new]


def _parts(face: Face, board: Board) -> list[Part]:
    common = [
        Part("day", board.day),
        Part("bypasses", board.bypassed),
        *(Part("count", item) for item in board.counts.items()),
    ]
    match face:
        case Face.PLAN:
            return [*common, *_on_the_plan(board)]
        case Face.LIST:
            return [*common, *_by_room(board)]
        case Face.WALL:
            return [*common, *_heads(board), *_tiles(board), Part("soon", board.soon)]


def _on_the_plan(board: Board) -> Iterable[Part]:
    yield Part("troubles", board.troubles)
    yield Part("running", board.running)
    for index, room in enumerate(board.rooms):
        yield Part("room_head", (index, Placed(room, board.plan.rooms[room.name])))
    for room in board.rooms:
        for tile in room.tiles:
            yield Part("tile", placed(board, tile))
    yield Part("today", board.figures)


def _by_room(board: Board) -> Iterable[Part]:
    yield Part("troubles", board.troubles)
    yield from _heads(board)
    yield from _tiles(board)
    yield Part("today", board.figures)
    yield Part("happenings", board.happenings)


def _heads(board: Board) -> Iterable[Part]:
    return (Part("room_head", item) for item in enumerate(board.rooms))


def _tiles(board: Board) -> Iterable[Part]:
    return (Part("tile", tile) for room in board.rooms for tile in room.tiles)


def placed(board: Board, tile: Tile) -> Placed:
    return Placed(tile, board.plan.tiles[tile.code])


def _layout(board: Board) -> tuple[Any, ...]:
    rooms = [(room.name, [(tile.code, tile.name) for tile in room.tiles]) for room in board.rooms]
    return rooms, board.plan.rooms, board.plan.tiles
