"""Which characters our fonts can print. A page that is to be kept for ten years must not have a single one they lack: it would
not be made at all."""

from functools import cache
from pathlib import Path
from struct import iter_unpack, unpack_from
from unicodedata import category, normalize

_FONTS = Path(__file__).parent / "fonts"
_UNSEEN = frozenset(
    {0xAD, 0x3000, *range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2070)}
)  # spaces and marks

_MARK = "\ufeff"  # of an encoding: the font has it, and the page's compiler does not find it


def unprintable(text: str) -> str:
    """The characters of a text that no page can show, each once; composed where they can be."""
    return "".join(dict.fromkeys(one for one in normalize("NFC", text) if not _is_printable(one)))


def _is_printable(one: str) -> bool:
    """Also where it is put together from a letter and its accent."""
    known = _printable()
    return one != _MARK and (
        ord(one) in known
        or ord(one) in _UNSEEN
        or category(one) == "Cc"
        or all(ord(part) in known for part in normalize("NFD", one))
    )


@cache
def _printable() -> frozenset[int]:
    """What all of our fonts have: a text may stand in any of them."""
    return frozenset.intersection(*(_characters(font.read_bytes()) for font in sorted(_FONTS.glob("*.ttf"))))


def _characters(font: bytes) -> frozenset[int]:
    """Read from the font's own table "cmap", as OpenType describes it."""
    tables = unpack_from(">H", font, 4)[0]
    entries = {font[at : at + 4]: unpack_from(">I", font, at + 8)[0] for at in range(12, 12 + 16 * tables, 16)}
    start = entries[b"cmap"]
    found: set[int] = set()
    for number in range(unpack_from(">H", font, start + 2)[0]):
        at = start + unpack_from(">I", font, start + 4 + 8 * number + 4)[0]
        match unpack_from(">H", font, at)[0]:
            case 4:
                found |= _of_segments(font, at)
            case 12:
                count = unpack_from(">I", font, at + 12)[0]
                for first, last, _ in iter_unpack(">3I", font[at + 16 : at + 16 + 12 * count]):
                    found.update(range(first, last + 1))
    return frozenset(found)


def _of_segments(font: bytes, at: int) -> set[int]:
    count = unpack_from(">H", font, at + 6)[0] // 2
    ends = unpack_from(f">{count}H", font, at + 14)
    firsts = unpack_from(f">{count}H", font, at + 16 + 2 * count)
    shifts = unpack_from(f">{count}H", font, at + 16 + 4 * count)
    offsets_at = at + 16 + 6 * count
    found: set[int] = set()
    for number, (first, last, shift) in enumerate(zip(firsts, ends, shifts, strict=True)):
        offset = unpack_from(">H", font, offsets_at + 2 * number)[0]
        for one in range(first, min(last, 0xFFFE) + 1):
            glyph = (one + shift) & 0xFFFF
            if offset:
                glyph = unpack_from(">H", font, offsets_at + 2 * number + offset + 2 * (one - first))[0]
            if glyph:
                found.add(one)
    return found
