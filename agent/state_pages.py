"""Reads rows out of a damaged SQLite file, page by page: what lies on a page that is whole is found, whatever became of the rest.

SQLite itself goes from the first page down, and finds nothing below a page that is bad. Here every page is looked at for itself:
those of the file, and over them those of the journal's commits (the formats: sqlite.org/fileformat2.html). What is not a row of
ours is skipped; whoever reads the rows must be able to tell, as JSON that decodes does.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = 4096  # SQLite's own size, which nobody has changed here
_FRAME_HEAD, _WAL_HEAD = 24, 32
_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_INTS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial type: bytes
_LONGEST = 20_000_000
_CARVED = re.compile(rb'\{"outbox":"')


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in the journal. ``commits``: the last one of its transaction."""

    page: int
    commits: bool
    image: bytes


def rows(path: Path) -> Iterator[list[Any]]:
    """The columns of every row that can be found, an event's first one None; of a page written twice the newest."""
    newest = newest_pages(path)
    for number, image in newest.items():
        for payload in _cells(image, 100 if number == 1 else 0, newest):
            if (columns := _record(payload)) is not None:
                yield columns


def texts(path: Path) -> Iterator[bytes]:
    """Whatever looks like the beginning of an event, on any page that was ever committed, to the end of that page."""
    images = [*_file_pages(path).values(), *(frame.image for frame in committed(frames(_journal(path))))]
    for image in images:
        for found in _CARVED.finditer(image):
            yield image[found.start() :]


def newest_pages(path: Path) -> dict[int, bytes]:
    return _file_pages(path) | {frame.page: frame.image for frame in committed(frames(_journal(path)))}


# --- the journal --------------------------------------------------------------------------------------------------------


def frames(journal: bytes) -> Iterator[Frame | None]:
    """Those of the journal's present round, in order; None for one that is damaged or of an older round."""
    salt = journal[16:24] if _is_whole(journal[:_WAL_HEAD]) else journal[_WAL_HEAD + 8 : _WAL_HEAD + 16]
    for at in range(_WAL_HEAD, len(journal) - _FRAME_HEAD - PAGE + 1, _FRAME_HEAD + PAGE):
        page, pages = struct.unpack_from(">II", journal, at)
        image = journal[at + _FRAME_HEAD : at + _FRAME_HEAD + PAGE]
        yield Frame(page, pages > 0, image) if page and journal[at + 8 : at + 16] == salt else None


def _is_whole(head: bytes) -> bool:
    """By the checksum at the end of the journal's first bytes: before a round is over, frames of the one before follow it."""
    return len(head) == _WAL_HEAD and struct.unpack(">II", head[24:]) == _checksum(head[3], head[:24], (0, 0))


def _checksum(order: int, data: bytes, seed: tuple[int, ...]) -> tuple[int, int]:
    """SQLite's own. ``order``: the last byte of the journal's first number, odd where numbers are read high byte first."""
    first, second = seed
    for one, other in struct.iter_unpack(">II" if order & 1 else "<II", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second


def committed(found: Iterator[Frame | None]) -> Iterator[Frame]:
    """Without those at the end whose transaction was never finished."""
    pending: list[Frame] = []
    for frame in found:
        if frame is not None:
            pending.append(frame)
            if frame.commits:
                yield from pending
                pending = []


def commits_after(path: Path, count: int) -> int:
    """How many transactions the journal has beyond its first ``count`` frames, which are as many as SQLite believes.

    Only those whose last frame is whole: of one that power cut off, a frame may be half this round's and half an older one's.
    """
    journal = _journal(path)
    beyond = list(enumerate(frames(journal)))[count:]
    return sum(frame is not None and frame.commits and _follows(journal, at) for at, frame in beyond)


def _follows(journal: bytes, number: int) -> bool:
    """The frame is whole: its checksum goes on from the one that stands in the frame before, or in the journal's head."""
    at = _WAL_HEAD + number * (_FRAME_HEAD + PAGE)
    before = at - PAGE - 8 if number else _WAL_HEAD - 8
    seed = struct.unpack_from(">II", journal, before)
    data = journal[at : at + 8] + journal[at + _FRAME_HEAD : at + _FRAME_HEAD + PAGE]
    return struct.unpack_from(">II", journal, at + 16) == _checksum(journal[3], data, seed)


def _journal(path: Path) -> bytes:
    journal = path.with_name(f"{path.name}-wal")
    return journal.read_bytes() if journal.exists() else b""


def _file_pages(path: Path) -> dict[int, bytes]:
    data = path.read_bytes()
    return {at // PAGE + 1: data[at : at + PAGE] for at in range(0, len(data) - PAGE + 1, PAGE)}


# --- one page -----------------------------------------------------------------------------------------------------------


def _cells(image: bytes, head: int, pages: dict[int, bytes]) -> Iterator[bytes]:
    """The payloads on a leaf of a table or of an index."""
    kind = image[head]
    if kind not in (_TABLE_LEAF, _INDEX_LEAF):
        return
    count = min(int.from_bytes(image[head + 3 : head + 5]), PAGE // 4)
    for at in struct.unpack_from(f">{count}H", image, head + 8):
        if head + 8 <= at < PAGE - 4 and (payload := _payload(image, at, kind, pages)) is not None:
            yield payload


def _payload(image: bytes, at: int, kind: int, pages: dict[int, bytes]) -> bytes | None:
    """What a cell holds, with what lies on other pages because it is long; None where one of those is no good."""
    length, at = _varint(image, at)
    if kind == _TABLE_LEAF:
        _, at = _varint(image, at)
    most = PAGE - 35 if kind == _TABLE_LEAF else (PAGE - 12) * 64 // 255 - 23
    if length <= most:
        return image[at : at + length]
    if length > _LONGEST:
        return None
    least = (PAGE - 12) * 32 // 255 - 23
    here = least + (length - least) % (PAGE - 4)
    here = here if here <= most else least
    payload, page = image[at : at + here], int.from_bytes(image[at + here : at + here + 4])
    while len(payload) < length:
        if (more := pages.get(page)) is None:
            return None
        payload, page = payload + more[4:], int.from_bytes(more[:4])
    return payload[:length]


def _record(payload: bytes) -> list[Any] | None:
    """The columns of a row: text, blobs, whole numbers and None are all we ever write."""
    if not payload:
        return None
    head, at = _varint(payload, 0)
    columns: list[Any] = []
    value_at = head
    while at < head <= len(payload):
        kind, at = _varint(payload, at)
        size = _INTS.get(kind, 0) if kind < 12 else (kind - 12) // 2
        data = payload[value_at : value_at + size]
        if len(data) < size or kind in (7, 10, 11):
            return None
        columns.append(_value(kind, data))
        value_at += size
    return columns


def _value(kind: int, data: bytes) -> Any:
    if kind in _INTS:
        return int.from_bytes(data, signed=True)
    if kind in (8, 9):
        return kind - 8
    if kind >= 13 and kind % 2:
        return data.decode(errors="replace")
    return data if kind >= 12 else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends. Short data reads as zeros."""
    value = 0
    for count, byte in enumerate(data[at : at + 9], 1):
        if count == 9:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count
    return value, len(data)
