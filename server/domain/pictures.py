"""What a file that somebody sends really is, and a photo without what the camera wrote into it: place, time, owner. Pure.

JPEG and PNG are chains of parts; the parts that describe the photo are left out, those that draw it stay byte by byte, so
nothing is drawn anew and no library is needed. Of a JPEG's description only the turn is kept, or a photo taken upright
would lie on its side. A file that ends in the middle of a part is cut there: it is damaged anyway.
"""

from enum import StrEnum
from typing import Literal

_Order = Literal["little", "big"]
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TELLS = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_START_OF_SCAN, _END = 0xDA, 0xD9
_APP1, _COMMENT = 0xE1, 0xFE
_DRAWS = frozenset(
    {0xE0, 0xE2, 0xEE}
)  # size, colour profile, kind of colours: of sixteen such parts these are looked at
_APPS = range(0xE0, 0xF0)
_TURN = 0x0112


class PaperKind(StrEnum):
    PDF = "pdf"
    JPG = "jpg"
    PNG = "png"


def kind_of(data: bytes) -> PaperKind | None:
    """By its first bytes, whatever its name says."""
    if data.startswith(b"%PDF-"):
        return PaperKind.PDF
    if data.startswith(b"\xff\xd8\xff"):
        return PaperKind.JPG
    return PaperKind.PNG if data.startswith(_PNG) else None


def without_traces(data: bytes, kind: PaperKind) -> bytes:
    """The same picture. A PDF is left as it is."""
    match kind:
        case PaperKind.JPG:
            return _jpeg(data)
        case PaperKind.PNG:
            return _png(data)
    return data


def _jpeg(data: bytes) -> bytes:
    kept, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a filling byte
            at += 1
            continue
        if marker == _START_OF_SCAN:
            return b"".join([*kept, _scans(data[at:])])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _APP1 and (turn := _turn(data[at + 4 : end])):
            kept.append(_only_turn(turn))
        elif not (marker in _APPS and marker not in _DRAWS) and marker != _COMMENT:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _scans(data: bytes) -> bytes:
    """To the picture's end: phones hang small films and second pictures behind it."""
    end = data.find(bytes([0xFF, _END]))
    return data if end < 0 else data[: end + 2]


def _turn(part: bytes) -> int:
    """Which of eight ways the photo is turned, as EXIF says; 0 where it says nothing."""
    tiff = part.removeprefix(b"Exif\0\0")
    if tiff == part or tiff[:2] not in {b"II", b"MM"}:
        return 0
    order = _order(tiff)
    first = int.from_bytes(tiff[4:8], order)
    for number in range(int.from_bytes(tiff[first : first + 2], order)):
        entry = tiff[first + 2 + 12 * number :][:12]
        if int.from_bytes(entry[:2], order) == _TURN:
            turn = int.from_bytes(entry[8:10], order)
            return turn if 1 <= turn <= 8 else 0
    return 0


def _order(tiff: bytes) -> _Order:
    return "little" if tiff[:2] == b"II" else "big"


def _only_turn(turn: int) -> bytes:
    """A description of one entry: the turn."""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + turn.to_bytes(2) + b"\0\0"
    part = b"Exif\0\0" + b"MM\0\x2a\0\0\0\x08" + b"\0\x01" + entry + b"\0\0\0\0"
    return bytes([0xFF, _APP1]) + (len(part) + 2).to_bytes(2) + part


def _png(data: bytes) -> bytes:
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        if name not in _PNG_TELLS:
            kept.append(data[at:end])
        if name == b"IEND":
            break
        at = end
    return b"".join(kept)
