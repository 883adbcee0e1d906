"""Turns a board into pieces of HTML, each with its own id, so that only what changed is written and sent."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from flask import get_template_attribute
from flask_babel import force_locale

from server.dashboard.board import Board

LANGUAGES = ("fr", "de", "en")  # the first is what a page is written in when the browser asks for none of them
_MACROS = "dashboard/parts.html"


class Part(NamedTuple):
    """One macro of the template with what it shows. Minutes are not in it: the browser counts them."""

    macro: str
    value: Any


def changed_parts(before: Board, after: Board) -> list[Part]:
    """What of the page must be written anew: single pieces, or the whole board where machines came, went or moved."""
    if _layout(before) != _layout(after):
        return whole(after)
    pairs = zip(_parts(before), _parts(after), strict=True)
    return [new for old, new in pairs if old != new]


def whole(board: Board) -> list[Part]:
    return [Part("day", board.day), Part("agents", (len(board.silent), board.agents)), Part("board", board)]


def render(parts: Iterable[Part], now: datetime) -> dict[str, str]:
    """The HTML of the parts by language. Needs an application context."""
    parts = list(parts)
    return {language: _render_in(language, parts, now) for language in LANGUAGES}


def _render_in(language: str, parts: list[Part], now: datetime) -> str:
    with force_locale(language):
        return "".join(get_template_attribute(_MACROS, part.macro)(part.value, now) for part in parts)


def _parts(board: Board) -> list[Part]:
    return [
        Part("day", board.day),
        Part("agents", (len(board.silent), board.agents)),
        *(Part("count", item) for item in board.counts.items()),
        Part("troubles", board.troubles),
        *(Part("room_head", (index, room)) for index, room in enumerate(board.rooms)),
        *(Part("tile", tile) for room in board.rooms for tile in room.tiles),
        Part("today", board.figures),
        Part("happenings", board.happenings),
    ]


def _layout(board: Board) -> list[tuple[str, list[str]]]:
    return [(room.name, [tile.code for tile in room.tiles]) for room in board.rooms]
