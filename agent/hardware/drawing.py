"""A panel as 128 by 64 dots of one colour: the state in the head, the answer in the middle, what to do at the foot.

The same words give the same picture. What no catalogue can foresee (a machine's or a person's name, a payer, what staff
wrote) is shortened here with an ellipsis; our own texts fit, which a test measures in every language.
"""

from PIL import Image, ImageDraw

from agent.hardware.lettering import Type, shortened, width, write
from agent.hardware.shapes import SIDE, shape
from agent.panel import Face, Shown

WIDTH, HEIGHT = 128, 64
MARGIN = 2
LINE = WIDTH - 2 * MARGIN
_RIGHT = WIDTH - MARGIN
_INVERTED = (Face.GRANTED, Face.REFUSED, Face.LOCKED)
_FIRST_COUNTS = (Face.FREE, Face.GRANTED, Face.IN_USE)
_BAR = 16
_HEAD_AT = MARGIN + SIDE + 4
HEAD = _RIGHT - _HEAD_AT
_NAME_GAP = 6
_NAME_LEAST = 16  # less than this of a name tells nobody anything
_MIDDLE, _MIDDLE_HIGH = 18, 30
_FOOT = 50
_POINTER = 5
_HINT_AT = MARGIN + _POINTER + 4
HINT = _RIGHT - _HINT_AT


def picture(shown: Shown) -> Image.Image:
    """Black where a dot is 0, lit where it is 1."""
    image = Image.new("1", (WIDTH, HEIGHT))
    _head(image, shown)
    _middle(image, shown.face, [line for line in shown.lines if line])
    _foot(image, shown.hint)
    return image


def head_type(face: Face) -> Type:
    return Type.BOLD if face in _INVERTED else Type.TEXT


def _head(image: Image.Image, shown: Shown) -> None:
    ink, type_ = 1, head_type(shown.face)
    draw = ImageDraw.Draw(image)
    if shown.face in _INVERTED:
        ink = 0
        draw.rectangle((0, 0, WIDTH - 1, _BAR - 1), fill=1)
    else:
        draw.line((0, _BAR, WIDTH - 1, _BAR), fill=1)
    image.paste(ink, (MARGIN, 2), shape(shown.face))
    head = shortened(shown.head, type_, HEAD)
    write(image, (_HEAD_AT, 1), head, type_, ink)
    room = HEAD - width(head, type_) - _NAME_GAP
    if shown.right and room >= _NAME_LEAST:
        name = shortened(shown.right, Type.SMALL, room)
        write(image, (_RIGHT - width(name, Type.SMALL), 2), name, Type.SMALL, ink)


def _middle(image: Image.Image, face: Face, lines: list[str]) -> None:
    """One short line big, in the middle; a longer one, or two, from the left."""
    if len(lines) == 1 and width(lines[0], Type.BIG) <= LINE:
        left = (WIDTH - width(lines[0], Type.BIG)) // 2
        write(image, (left, _MIDDLE + 1), lines[0], Type.BIG)
        return
    parts = lines if len(lines) != 1 else broken(lines[0])
    top = _MIDDLE + (_MIDDLE_HIGH - Type.TEXT.value.height * len(parts)) // 2
    for number, line in enumerate(parts):
        type_ = line_type(face, number, parts)
        at = (MARGIN, top + number * (Type.TEXT.value.height + 1))
        write(image, at, shortened(line, type_, LINE), type_)


def line_type(face: Face, number: int, lines: list[str]) -> Type:
    """Bold, where it fits: a line that is the whole answer, and above another the number that somebody looks for.

    That is the price before a session, the time in it and after it.
    """
    counts = face in _FIRST_COUNTS and number == 0 and any(one.isdigit() for one in lines[0])
    told = counts or len(lines) == 1
    return Type.BOLD if told and width(lines[number], Type.BOLD) <= LINE else Type.TEXT


def broken(line: str) -> list[str]:
    """In two where it is too long for one line: after the last word that fits."""
    words = line.split()
    first = line
    for count in range(len(words), 0, -1):
        first = " ".join(words[:count])
        if width(first, Type.TEXT) <= LINE:
            break
    rest = " ".join(words)[len(first) :].strip()
    return [first, rest] if rest else [first]


def _foot(image: Image.Image, hint: str) -> None:
    if not hint:
        return
    draw = ImageDraw.Draw(image)
    draw.line((0, _FOOT - 1, WIDTH - 1, _FOOT - 1), fill=1)
    for row in range(2 * _POINTER - 1):
        reach = min(row, 2 * _POINTER - 2 - row)
        draw.line((MARGIN, _FOOT + 3 + row, MARGIN + reach, _FOOT + 3 + row), fill=1)
    write(image, (_HINT_AT, _FOOT + 1), shortened(hint, Type.SMALL, HINT), Type.SMALL)
