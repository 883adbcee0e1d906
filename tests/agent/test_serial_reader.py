"""Badge readers: known frames, every way in which bytes go wrong, and a real terminal line that is pulled out."""

import os
import queue
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serial.serialposix import Serial

from agent.hardware import (
    FrameRefused,
    Heard,
    LeftLying,
    Presented,
    ReaderDown,
    ReaderReport,
    ReaderUp,
    Removed,
    serial_reader,
)
from agent.hardware.serial_reader import Bad, Card, Frames, Presence, SerialReader
from tests.waiting import until

KNOWN = {"62E3086CED": "08", "01000734E0": "D2", "0C008471FD": "04", "1C0044CF23": "B4"}
ADA = b"\x0262E3086CED08\x03"
BOB = b"\x0201000734E0D2\x03"


def frame(number: str, checksum: str, end: bytes = b"") -> bytes:
    return b"\x02" + (number + checksum).encode() + end + b"\x03"


def read(data: bytes) -> list[Card | Bad]:
    return list(Frames().feed(data))


@pytest.mark.parametrize(("number", "checksum"), KNOWN.items())
@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_a_known_card_is_read_from_both_kinds_of_reader(number: str, checksum: str, end: bytes) -> None:
    assert read(frame(number, checksum, end)) == [Card(f"em4100:{number}")]


def test_bytes_may_come_one_by_one() -> None:
    frames = Frames()

    found = [card for byte in ADA for card in frames.feed(bytes([byte]))]

    assert found == [Card("em4100:62E3086CED")]


def test_small_letters_are_the_same_card() -> None:
    assert read(ADA.lower()) == read(ADA)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"3086CED08\x03", "end without a beginning"),
        (frame("62E3086CED", "09"), "wrong checksum"),
        (b"\x0262E308" + ADA, "torn frame"),
        (b"\x02" + b"0" * 15, "frame too long"),
        (frame("62E3086CE", "08"), "not twelve hex digits"),
        (frame("62E3086CEG", "08"), "not twelve hex digits"),
        (frame("62 E3 08 6", "CE"), "not twelve hex digits"),
        (frame("62E3086CED", "08", b"\n\r"), "not twelve hex digits"),
        (frame("0000000000", "00"), "id all zero"),
        (frame("FFFFFFFFFF", "FF"), "id all one"),
        (b"\x02\x03", "not twelve hex digits"),
    ],
)
def test_what_is_no_card_is_refused_with_the_reason(data: bytes, why: str) -> None:
    assert Bad(why) in read(data)


def test_a_torn_head_a_bad_checksum_and_junk_cost_none_of_the_good_frames() -> None:
    stream = b"6CED08\x03" + ADA + b"\xff\x00junk" + frame("62E3086CED", "00") + ADA + b"\x0262E3" + ADA

    cards = [found for found in read(stream) if isinstance(found, Card)]

    assert cards == [Card("em4100:62E3086CED")] * 3


def test_after_a_frame_that_was_too_long_the_next_is_read() -> None:
    assert read(b"\x02" + b"A" * 40 + b"\x03" + ADA)[-1] == Card("em4100:62E3086CED")


# --- presence -----------------------------------------------------------------------------------------------------------


def test_a_card_left_lying_is_one_tap() -> None:
    presence = Presence()

    assert [presence.is_new("a", at) for at in range(0, 60_000, 65)].count(True) == 1


def test_a_card_that_comes_back_after_300_ms_is_a_new_tap() -> None:
    presence = Presence()

    assert [presence.is_new("a", at) for at in (0, 300, 600, 901)] == [True, False, False, True]


def test_another_card_is_a_new_tap_at_once() -> None:
    presence = Presence()

    assert [presence.is_new(card, 10) for card in ("a", "b", "a")] == [True, True, True]


# --- a real line --------------------------------------------------------------------------------------------------------


class Line:
    """A pseudo-terminal in the place of a reader's cable, that can be pulled out and put in again."""

    def __init__(self, folder: Path, tells_removal: bool = False) -> None:
        self.port = folder / "reader"
        self.now_ms = 0
        self.reports: queue.SimpleQueue[ReaderReport] = queue.SimpleQueue()
        self.ends: list[int] = []
        self.plug_in()
        self.reader = SerialReader("p1", str(self.port), lambda: self.now_ms, tells_removal)
        self.reader.start(self.reports.put)

    def plug_in(self) -> None:
        self.ends = list(os.openpty())
        tty.setraw(self.ends[1])
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self.ends[1]))

    def pull_out(self) -> None:
        self.port.unlink(missing_ok=True)
        while self.ends:
            os.close(self.ends.pop())

    def send(self, data: bytes) -> None:
        os.write(self.ends[0], data)

    def hear(self, data: bytes) -> list[ReaderReport]:
        """Send, and all that is reported until these bytes are counted."""
        reports: list[ReaderReport] = []
        upto = (self.reader.bytes_seen or 0) + len(data)
        self.send(data)
        while (self.reader.bytes_seen or 0) < upto or not reports or not isinstance(reports[-1], Heard):
            reports.append(self.reports.get(timeout=60))
        return [report for report in reports if not isinstance(report, Heard)]

    def listens(self) -> None:
        """It was silent, and whatever comes now is a card that comes."""
        self.next(ReaderUp)
        until(lambda: self.reader._watching)

    def next(self, kind: type) -> Any:
        """The next report of this kind. Raises queue.Empty if none comes within ten seconds."""
        while True:
            report = self.reports.get(timeout=60)
            if isinstance(report, kind):
                return report


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Of a reader that says a card once, as an ID-12LA, or that is not asked whether it is gone."""
    monkeypatch.setattr(serial_reader, "RETRY_S", 0.01)
    yield from _used(Line(tmp_path))


@pytest.fixture
def repeating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Of an RDM6300, which says a card again and again while it is there."""
    monkeypatch.setattr(serial_reader, "RETRY_S", 0.01)
    monkeypatch.setattr(serial_reader, "_LOOK_S", 0.002)
    monkeypatch.setattr(serial_reader, "_SILENT_S", 0.002)
    yield from _used(Line(tmp_path, tells_removal=True))


@pytest.fixture
def never_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The same, of which nobody has proof yet that no card is there: its frames come before."""
    monkeypatch.setattr(serial_reader, "RETRY_S", 0.01)
    monkeypatch.setattr(serial_reader, "_SILENT_S", 60)
    yield from _used(Line(tmp_path, tells_removal=True))


def _used(line: Line) -> Iterator[Line]:
    yield line
    line.reader.stop()
    line.pull_out()
    assert "reader-p1" not in [thread.name for thread in threading.enumerate()]


def test_a_card_at_a_real_line_is_reported_and_its_bytes_are_counted_afterwards(line: Line) -> None:
    assert line.next(ReaderUp) == ReaderUp("p1")
    assert line.reader.bytes_seen == 0

    line.send(ADA)

    assert line.next(Presented) == Presented("p1", "em4100:62E3086CED")
    while line.reader.bytes_seen != len(ADA):
        line.next(Heard)


def test_repeated_frames_are_one_tap_until_the_card_was_away(line: Line) -> None:
    line.next(ReaderUp)
    line.send(ADA * 5)
    line.next(Presented)
    while line.reader.bytes_seen != 5 * len(ADA):
        line.next(Heard)

    line.now_ms = 1000
    line.send(b"\x0262E308" + ADA)

    assert line.next(FrameRefused).why == "torn frame"
    assert line.next(Presented).card_id == "em4100:62E3086CED"


def test_a_reader_pulled_out_is_told_and_works_again_when_it_is_back(line: Line) -> None:
    line.next(ReaderUp)

    line.pull_out()
    assert line.next(ReaderDown).detail
    assert line.reader.bytes_seen is None
    line.plug_in()

    line.next(ReaderUp)
    line.send(ADA)
    assert line.next(Presented)


def test_an_error_that_is_no_oserror_is_told_and_it_reads_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.next(ReaderUp)
    faults = [RuntimeError("no such thing"), ValueError()]

    def faulty(*args: Any, **kwargs: Any) -> Any:
        if faults:
            raise faults.pop(0)
        return Serial(*args, **kwargs)

    monkeypatch.setattr(serial_reader, "Serial", faulty)
    line.pull_out()
    line.plug_in()

    while line.next(ReaderDown) != ReaderDown("p1", "ValueError()"):
        pass
    line.next(ReaderUp)
    assert line.hear(ADA) == [Presented("p1", "em4100:62E3086CED")]


def test_a_reader_that_was_never_there_is_told(tmp_path: Path) -> None:
    reports: queue.SimpleQueue[ReaderReport] = queue.SimpleQueue()
    reader = SerialReader("p1", str(tmp_path / "missing"), lambda: 0)

    reader.start(reports.put)

    down = reports.get(timeout=60)
    reader.stop()
    assert isinstance(down, ReaderDown)
    assert "missing" in down.detail


def test_an_id_12la_reads_through_a_real_line_and_survives_another_device_behind_the_same_path(line: Line) -> None:
    line.next(ReaderUp)
    line.send(frame("62E3086CED", "08", b"\r\n"))
    assert line.next(Presented) == Presented("p1", "em4100:62E3086CED")

    first = line.port.readlink()
    line.pull_out()
    line.next(ReaderDown)
    others: list[int] = []
    while not first.exists():  # until the number that has become free is somebody's, as another adapter would take it
        others += os.openpty()
    line.plug_in()
    line.next(ReaderUp)
    line.send(frame("01000734E0", "D2", b"\r\n"))

    assert line.port.readlink() != first
    assert line.next(Presented) == Presented("p1", "em4100:01000734E0")
    for end in others:
        os.close(end)


# --- a card that is gone ------------------------------------------------------------------------------------------------


def test_a_card_that_repeats_from_the_opening_of_the_line_lay_there_before_and_is_not_presented(
    never_silent: Line,
) -> None:
    """Else a card that was left in its place would start the machine when the mains come back; on a Pi that is busy booting too,
    which reads those frames long after they came."""
    never_silent.next(ReaderUp)
    never_silent.now_ms = 60_000

    assert FrameRefused("p1", "not twelve hex digits") in never_silent.hear(b"\x0262E3\x03")  # opened within a frame
    assert never_silent.hear(ADA + ADA) == [LeftLying("p1", "em4100:62E3086CED")]
    for never_silent.now_ms in range(60_065, 61_000, 65):
        assert never_silent.hear(ADA) == []
    never_silent.now_ms += 301
    never_silent.next(Removed)
    assert never_silent.hear(ADA) == [Presented("p1", "em4100:62E3086CED")]


def test_a_card_that_comes_once_the_line_was_silent_is_presented(repeating: Line) -> None:
    repeating.listens()

    assert repeating.hear(ADA) == [Presented("p1", "em4100:62E3086CED")]


def test_another_card_than_before_found_when_the_cable_is_back_is_not_presented(never_silent: Line) -> None:
    never_silent.next(ReaderUp)
    never_silent.hear(ADA)

    never_silent.pull_out()
    never_silent.next(ReaderDown)
    never_silent.plug_in()
    never_silent.next(ReaderUp)

    assert never_silent.hear(BOB) == [LeftLying("p1", "em4100:01000734E0")]


def test_a_reader_that_says_its_card_once_is_believed_from_the_first_moment(line: Line) -> None:
    line.next(ReaderUp)

    assert line.hear(ADA) == [Presented("p1", "em4100:62E3086CED")]


def test_a_reader_that_repeats_its_card_tells_when_it_is_gone(repeating: Line) -> None:
    repeating.listens()
    assert repeating.hear(ADA) == [Presented("p1", "em4100:62E3086CED")]

    for repeating.now_ms in range(65, 1000, 65):
        assert repeating.hear(ADA) == []
    repeating.now_ms += 301

    assert repeating.next(Removed) == Removed("p1")
    assert repeating.hear(ADA) == [Presented("p1", "em4100:62E3086CED")]


def test_a_reader_that_says_its_card_once_never_tells_that_it_is_gone(line: Line) -> None:
    line.next(ReaderUp)
    line.hear(ADA)

    line.now_ms = 60_000

    assert line.hear(BOB) == [Presented("p1", "em4100:01000734E0")]


def test_another_card_at_once_is_presented_and_the_first_not_told_as_gone(repeating: Line) -> None:
    repeating.listens()
    repeating.hear(ADA)

    assert repeating.hear(BOB) == [Presented("p1", "em4100:01000734E0")]


def test_under_noise_nobody_can_tell_that_a_card_is_gone(repeating: Line) -> None:
    repeating.listens()
    repeating.hear(ADA)

    reports = []
    for repeating.now_ms in range(100, 3000, 100):
        reports += repeating.hear(frame("62E3086CED", "00"))

    assert {type(report) for report in reports} == {FrameRefused}
    assert repeating.hear(ADA) == []


def test_a_reader_pulled_out_tells_nothing_of_its_card_and_finds_it_gone_when_it_works_again(repeating: Line) -> None:
    repeating.listens()
    repeating.hear(ADA)

    repeating.pull_out()
    repeating.next(ReaderDown)
    repeating.now_ms = 60_000
    repeating.plug_in()
    told = []
    while ReaderUp("p1") not in told:
        told.append(repeating.reports.get(timeout=60))

    assert Removed("p1") not in told
    repeating.now_ms += 301
    assert repeating.next(Removed) == Removed("p1")


def test_a_card_that_lay_there_while_its_reader_was_pulled_out_was_there_all_the_time(repeating: Line) -> None:
    repeating.listens()
    repeating.hear(ADA)

    repeating.pull_out()
    repeating.next(ReaderDown)
    repeating.now_ms = 60_000
    repeating.plug_in()
    repeating.next(ReaderUp)

    assert repeating.hear(ADA) == []
