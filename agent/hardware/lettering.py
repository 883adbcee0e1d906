"""Letters for the small display: Terminus, a font drawn dot by dot, with each letter set as wide as its ink.

The font's files lie in ``agent/fonts`` as Debian's xfonts-terminus has them, with their licence (SIL Open Font License 1.1).
"""

import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FOLDER = Path(__file__).parents[1] / "fonts"
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Cut:
    """A size of the font. ``gap`` stands between two letters, ``space`` for a blank; all in dots."""

    file: str
    height: int
    gap: int
    space: int


class Type(Enum):
    SMALL = Cut("12n", 12, 1, 3)
    TEXT = Cut("14n", 14, 1, 3)
    BOLD = Cut("14b", 14, 1, 3)
    BIG = Cut("28b", 28, 2, 8)


def width(text: str, type_: Type) -> int:
    """Of the ink, in dots, from the first letter's left edge to the last one's right."""
    letters = [_advance(one, type_) for one in _composed(text)]
    return max(0, sum(letters) - type_.value.gap) if letters else 0


def write(image: Image.Image, at: tuple[int, int], text: str, type_: Type, ink: int = 1) -> None:
    """``at``: left edge of the first letter's ink, and top of the font's cell."""
    left, top = at
    for one in _composed(text):
        if not one.isspace():
            image.paste(ink, (left, top), _letter(one, type_))
        left += _advance(one, type_)


def shortened(text: str, type_: Type, at_most: int) -> str:
    """``text``, or as much of it as goes into ``at_most`` dots together with an ellipsis."""
    if width(text, type_) <= at_most:
        return text
    kept = _composed(text)
    while kept and width(kept + _ELLIPSIS, type_) > at_most:
        kept = kept[:-1].rstrip()
    return kept + _ELLIPSIS if kept else ""


def _composed(text: str) -> str:
    """é as one letter, however it was typed."""
    return unicodedata.normalize("NFC", text)


def _advance(letter: str, type_: Type) -> int:
    cut = type_.value
    return cut.space if letter.isspace() else _letter(letter, type_).width + cut.gap


@lru_cache(maxsize=1024)
def _letter(letter: str, type_: Type) -> Image.Image:
    """Its ink and nothing left or right of it, in the full height of the cell. A letter the font lacks is its empty box."""
    height = type_.value.height
    cell = Image.new("1", (height, height))
    draw = ImageDraw.Draw(cell)
    draw.fontmode = "1"
    draw.text((0, 0), letter, fill=1, font=_font(type_))
    box = cell.getbbox() or (0, 0, 1, height)
    return cell.crop((box[0], 0, box[2], height))


@cache
def _font(type_: Type) -> ImageFont.FreeTypeFont:
    """Pillow reads the packed bitmaps as they are; the plain layout, for each letter is placed by us."""
    file = _FOLDER / f"ter-u{type_.value.file}_unicode.pcf.gz"
    return ImageFont.truetype(str(file), type_.value.height, layout_engine=ImageFont.Layout.BASIC)
