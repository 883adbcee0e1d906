"""Where on the display each text of the panel stands, read from the program itself, and the longest it can become."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent import panel, panel_people
from agent.access import Payer
from agent.saying import REFUSALS, SOME_REASON, WITH_DATE, Translate, date, duration, so_far, terms
from tests.agent.fakes import START_MS
from wire.messages import Shows

_DAY_MS = 86_400_000
_SECONDS = (59, 48, 59 * 60, 48 * 60, 99 * 3600 + 59 * 60, 88 * 3600 + 48 * 60, 20 * 3600 + 50 * 60)
_CENTS = (99_999, 88_888, 60_000, 48_080)


class Spot(StrEnum):
    HEAD = "head"
    RIGHT = "right"
    LINE = "line"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Placed:
    msgid: str
    spot: Spot


_ARGUMENTS = {
    "Shown": (Spot.HEAD, Spot.RIGHT, Spot.LINE, Spot.HINT),
    "turned_down": (Spot.HEAD, Spot.RIGHT, Spot.LINE, Spot.HINT),
    "_locked": (Spot.HEAD,),
    "two_lines": (Spot.LINE,),
}
_NAMES = {"text": Spot.LINE, "lines": Spot.LINE, "hint": Spot.HINT, "head": Spot.HEAD}


def placed() -> list[Placed]:
    """Every text that stands on a display as it is, and where. A text in a spot that cannot be told fails."""
    found = {Placed(text, Spot.LINE) for text, _ in REFUSALS.values()}
    found |= {Placed(hint, Spot.HINT) for _, hint in REFUSALS.values()}
    found |= {Placed(text, Spot.LINE) for text in WITH_DATE.values()}
    found |= {Placed(SOME_REASON[0], Spot.LINE), Placed(SOME_REASON[1], Spot.HINT)}
    found |= {one for module in (panel, panel_people) for one in _in_program(Path(str(module.__file__)))}
    return sorted(found, key=lambda one: (one.spot, one.msgid))


def _in_program(path: Path) -> Iterator[Placed]:
    tree = ast.parse(path.read_text())
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) == "_" and isinstance(node.args[0], ast.Constant):
            yield Placed(str(node.args[0].value), _spot(node, parents))


def _spot(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Spot:
    """From the call that it is an argument of, the name it gets, or its place in what is returned."""
    index = 0
    child = node
    while True:
        parent = parents[child]
        match parent:
            case ast.Call() if _name(parent) in _ARGUMENTS and child in parent.args:
                return _ARGUMENTS[_name(parent)][parent.args.index(child)]
            case ast.Tuple(elts=parts):
                index = [part is child for part in parts].index(True)
            case ast.Assign(targets=[ast.Name(id=name)]):
                return _NAMES[name]
            case ast.Assign(targets=[ast.Tuple(elts=names)]):
                return _NAMES[ast.unparse(names[index])]
            case ast.Return():
                return Spot.HINT if not isinstance(parent.value, ast.Tuple) else (Spot.LINE, Spot.HINT)[index]
            case ast.stmt():
                raise AssertionError(f"where does {ast.unparse(node)} stand? line {getattr(node, 'lineno', 0)}")
        child = parent


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def durations(translate: Translate) -> list[str]:
    return [duration(seconds, translate) for seconds in _SECONDS]


def dates(translate: Translate) -> list[str]:
    return [date(START_MS + day * _DAY_MS, translate) for day in range(366)]


def answers(translate: Translate) -> set[str]:
    """What stands in a line and is told by no fixed text: times, prices, what is left."""
    payers = [Payer("acme", "Acme", cents) for cents in (None, *_CENTS)]
    left = [Payer("acme", "Acme", None, seconds, Shows.TIME_LEFT) for seconds in _SECONDS]
    told = {terms(payer, translate) for payer in (*payers, *left)}
    told |= {so_far(payer, 3600, translate) for payer in payers} | {so_far(payer, 0, translate) for payer in left}
    return told | set(durations(translate)) | {"••••" + "–" * 9}


def forms(text: str, translate: Translate) -> list[str]:
    """A translated text with every long value in it."""
    if "{duration}" in text:
        return [text.format(duration=one) for one in durations(translate)]
    if "{date}" in text:
        return [text.format(date=one) for one in dates(translate)]
    return [text]
