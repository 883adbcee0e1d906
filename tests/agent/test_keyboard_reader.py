"""Readers that type: kernel events as they come, what is no card, and a device that is pulled out. Keys come from a pipe."""

import os
import queue
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.hardware import FrameRefused, Presented, RandomId, ReaderDown, ReaderReport, ReaderUp, keyboard_reader
from agent.hardware.keyboard_reader import KeyboardReader, Keys, MadeUp, read_typed
from agent.hardware.serial_reader import Bad, Card
from agent.places import Types

CODES = {"1": 2, "2": 3, "3": 4, "4": 5, "5": 6, "6": 7, "7": 8, "8": 9, "9": 10, "0": 11}
CODES |= {"A": 30, "B": 48, "C": 46, "D": 32, "E": 18, "F": 33, "\n": 28, "^": 42, "x": 45}
KEYPAD = {"0": 82, "1": 79, "2": 80, "3": 81, "4": 75, "5": 76, "6": 77, "7": 71, "8": 72, "9": 73, "\n": 96}
ADA = "62E3086CED\n"


def event(at_ms: int, kind: int, code: int, value: int) -> bytes:
    return struct.pack("llHHI", at_ms // 1000, at_ms % 1000 * 1000, kind, code, value)


def typing(text: str, at_ms: int = 1000, every_ms: int = 5, codes: dict[str, int] = CODES) -> bytes:
    """Each key with what the kernel tells beside it: its scan code, and its release."""
    moments = range(at_ms, at_ms + every_ms * len(text), every_ms)
    return b"".join(
        event(at, 4, 4, 0x7001E) + event(at, 1, codes[key], 1) + event(at, 0, 0, 0) + event(at + 1, 1, codes[key], 0)
        for at, key in zip(moments, text, strict=True)
    )


def typed(data: bytes, types: Types = Types.HEX10) -> list[object]:
    return list(Keys(types).feed(data))


@pytest.mark.parametrize(
    ("text", "types", "card_id"),
    [
        ("62E3086CED", Types.HEX10, "em4100:62E3086CED"),
        ("0008679933", Types.PRINTED10, "printed10:0008679933"),
        ("04782E21801D80", Types.UID, "iso14443a:04782E21801D80"),
        ("DEADBEEF", Types.UID, "iso14443a:DEADBEEF"),
    ],
)
def test_what_a_reader_types_is_a_card(text: str, types: Types, card_id: str) -> None:
    assert typed(typing(text + "\n"), types) == [Card(card_id)]


def test_keys_of_the_number_pad_are_the_same_and_so_are_letters_with_shift() -> None:
    assert typed(typing("0008679933\n", codes=KEYPAD), Types.PRINTED10) == [Card("printed10:0008679933")]
    assert typed(typing("62^E3086^C^E^D\n")) == [Card("em4100:62E3086CED")]


def test_events_may_come_in_any_pieces() -> None:
    keys, data = Keys(Types.HEX10), typing(ADA)

    found = [card for at in range(0, len(data), 7) for card in keys.feed(data[at : at + 7])]

    assert found == [Card("em4100:62E3086CED")]


def test_a_key_that_is_held_counts_once() -> None:
    held = b"".join(event(1006, 1, CODES["6"], 2) for _ in range(5))

    assert typed(typing("6") + held + typing("2E3086CED\n", at_ms=1010)) == [Card("em4100:62E3086CED")]


def test_a_second_enter_is_nothing() -> None:
    assert typed(typing(ADA + "\n")) == [Card("em4100:62E3086CED")]


def test_after_a_pause_a_number_begins_anew() -> None:
    torn = typing("62E3", at_ms=1000)

    assert typed(torn + typing(ADA, at_ms=1116)) == [Bad("keys without an end"), Card("em4100:62E3086CED")]
    assert typed(torn + typing("086CED\n", at_ms=1115)) == [Card("em4100:62E3086CED")]


def test_a_stream_without_an_end_is_cut() -> None:
    assert typed(typing("1" * 40 + "\n")) == [Bad("keys without an end"), Bad("not hex10")]


@pytest.mark.parametrize(
    ("text", "types", "why"),
    [
        ("62E3086CE", Types.HEX10, "not hex10"),
        ("62E3086CEx", Types.HEX10, "not hex10"),
        ("0000000000", Types.HEX10, "id all zero"),
        ("FFFFFFFFFF", Types.HEX10, "id all one"),
        ("00086799AA", Types.PRINTED10, "not printed10"),
        ("4294967296", Types.PRINTED10, "not printed10"),
        ("4294967295", Types.PRINTED10, "id all one"),
        ("DEADBEEF01", Types.UID, "not uid"),
    ],
)
def test_what_is_no_card_is_refused_with_the_reason(text: str, types: Types, why: str) -> None:
    assert typed(typing(text + "\n"), types) == [Bad(why)]


def test_a_number_made_up_for_the_moment_is_told() -> None:
    assert isinstance(read_typed("08123456", Types.UID), MadeUp)


# --- in its thread ------------------------------------------------------------------------------------------------------


class Plug:
    """A pipe in the place of the device, that can be pulled out and put in again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reader-event-kbd"
        self.taken: list[int] = []
        self.now_ms = 0
        self.reports: queue.SimpleQueue[ReaderReport] = queue.SimpleQueue()
        self.put_in()
        self.faults: list[Exception] = []
        self.reader = KeyboardReader("p1", str(self.path), lambda: self.now_ms, Types.UID, self.take)
        self.reader.start(self.reports.put)

    def take(self, device: int) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(device)

    def put_in(self) -> None:
        os.mkfifo(self.path)
        self._end = os.open(self.path, os.O_RDWR)

    def pull_out(self) -> None:
        self.path.unlink()
        os.close(self._end)

    def type(self, text: str, at_ms: int = 1000) -> None:
        os.write(self._end, typing(text, at_ms))

    def next(self) -> ReaderReport:
        return self.reports.get(timeout=60)


@pytest.fixture
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    monkeypatch.setattr(keyboard_reader, "RETRY_S", 0.01)
    plug = Plug(tmp_path)
    yield plug
    monkeypatch.undo()
    plug.reader.stop()
    plug.pull_out()
    assert "reader-p1" not in [thread.name for thread in threading.enumerate()]


def test_a_card_is_presented_once_and_again_after_a_while(plug: Plug) -> None:
    assert plug.next() == ReaderUp("p1")
    assert len(plug.taken) == 1

    plug.type("DEADBEEF\n", 1000)
    plug.type("DEADBEEF\n", 1200)
    plug.type("08123456\n", 1400)
    plug.type("1\n", 1500)
    told = [plug.next() for _ in range(3)]
    plug.now_ms = 301
    plug.type("DEADBEEF\n", 5000)

    assert told == [Presented("p1", "iso14443a:DEADBEEF"), RandomId("p1"), FrameRefused("p1", "not uid")]
    assert plug.next() == Presented("p1", "iso14443a:DEADBEEF")


def test_a_time_of_day_that_is_set_back_loses_no_card(plug: Plug) -> None:
    plug.next()
    plug.type("DEADBEEF\n", 9_000_000)
    assert plug.next() == Presented("p1", "iso14443a:DEADBEEF")

    plug.now_ms = 301
    plug.type("DEADBEEF\n", 1000)

    assert plug.next() == Presented("p1", "iso14443a:DEADBEEF")


def test_a_reader_pulled_out_is_told_once_and_works_again_when_it_is_back(plug: Plug) -> None:
    assert plug.next() == ReaderUp("p1")

    plug.pull_out()
    assert plug.next() == ReaderDown("p1", "the reader was pulled out")
    assert plug.reader.bytes_seen is None
    plug.put_in()
    assert plug.next() == ReaderUp("p1")
    plug.type("DEADBEEF\n")

    assert plug.next() == Presented("p1", "iso14443a:DEADBEEF")


def test_an_error_that_is_no_oserror_is_told_once_and_it_reads_again(plug: Plug) -> None:
    assert plug.next() == ReaderUp("p1")
    plug.faults = [RuntimeError("no such thing"), ValueError()]

    plug.pull_out()
    assert plug.next() == ReaderDown("p1", "the reader was pulled out")
    plug.put_in()
    assert plug.next() == ReaderUp("p1")
    plug.type("DEADBEEF\n")

    assert plug.next() == Presented("p1", "iso14443a:DEADBEEF")
    assert not plug.faults


def test_a_device_that_cannot_be_taken_for_ourselves_is_not_read(tmp_path: Path) -> None:
    """Positive control of the taking: a pipe is no keyboard, and the kernel says so."""
    reports: queue.SimpleQueue[ReaderReport] = queue.SimpleQueue()
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = KeyboardReader("p2", str(path), lambda: 0)

    reader.start(reports.put)

    assert isinstance(reports.get(timeout=60), ReaderDown)
    reader.stop()
