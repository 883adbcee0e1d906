"""The PZEM meter: bytes captured from real ones, every way in which an answer goes wrong, and a real terminal line."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serial.serialposix import Serial

from agent.hardware import FrameRefused, MeterDown, Metered, MeterReport, pzem
from agent.hardware.pzem import Bad, PzemMeter, Reading, crc, parse, request
from agent.hardware.simulated_pzem import SimulatedPzem

SMALL = bytes.fromhex("f8041408d300230000000500000002000001f500060000f8be")
LARGE = bytes.fromhex("01041408FD164200016C0C0002E240000101F4006100008FD5")


def test_the_question_is_the_one_in_the_data_sheet() -> None:
    assert request() == bytes.fromhex("F8040000000A6464")
    assert request(1) == bytes.fromhex("01040000000A700D")


@pytest.mark.parametrize("frame", ["F842C241", "01428011", "010600020005E809", "0106000108FCDF8B"])
def test_the_checksum_is_low_byte_first(frame: str) -> None:
    data = bytes.fromhex(frame)

    assert crc(data[:-2]) == data[-2:]


def test_a_captured_answer_is_read() -> None:
    assert parse(SMALL) == Reading(225.9, 0.035, 0.5, 2, 50.1, 0.06)


def test_large_numbers_have_their_low_half_first() -> None:
    assert parse(LARGE, 1) == Reading(230.1, 71.234, 15873.2, 123456, 50.0, 0.97)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "no answer"),
        (SMALL[:24], "torn or wrong checksum"),
        (SMALL[:-1] + b"\x00", "torn or wrong checksum"),
        (b"\xf8", "torn or wrong checksum"),
        (LARGE, "answered by meter 1, asked was 248"),
        (b"\xf8\x84\x02" + crc(b"\xf8\x84\x02"), "the meter refuses with code 2"),
        (b"\xf8\x04\x02\x08\xd3" + crc(b"\xf8\x04\x02\x08\xd3"), "not the answer to what was asked"),
        (request(), "not the answer to what was asked"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(reply: bytes, why: str) -> None:
    assert parse(reply) == Bad(why)


@given(st.integers(0, len(SMALL) * 8 - 1))
def test_one_wrong_bit_anywhere_is_noticed(bit: int) -> None:
    spoiled = (int.from_bytes(SMALL) ^ 1 << bit).to_bytes(len(SMALL))

    assert isinstance(parse(spoiled), Bad)


@given(st.binary(max_size=40))
def test_no_bytes_break_the_parser(reply: bytes) -> None:
    parse(reply)


def test_the_frames_on_the_page_for_whoever_wires_it_are_these() -> None:
    page = Path(__file__).parents[2].joinpath("firmware_notes", "meters.md").read_text()

    for frame in (request(), request(1), SMALL):
        assert f"`{frame.hex(' ').upper()}`" in page


# --- a real line, a simulated meter ---------------------------------------------------------------------------------------


class Line:
    """A meter's cable and the driver at its other end."""

    def __init__(self, folder: Path, address: int = pzem.ANY_ADDRESS) -> None:
        self.now_ms = 0
        self.reports: queue.SimpleQueue[MeterReport] = queue.SimpleQueue()
        self.port = folder / "meter"
        self.simulated = SimulatedPzem(self.port, lambda: self.now_ms, wh=1000)
        self.meter = PzemMeter("cnc", str(self.port), address)

    def start(self) -> "Line":
        self.meter.start(self.reports.put)
        return self

    def next(self, kind: type) -> Any:
        """The next report of this kind. Raises queue.Empty if none comes within ten seconds."""
        while True:
            report = self.reports.get(timeout=60)
            if isinstance(report, kind):
                return report

    def until(self, watts: float) -> Metered:
        while True:
            reading: Metered = self.next(Metered)
            if reading.watts == watts:
                return reading


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    for wait in ("POLL_S", "RETRY_S"):
        monkeypatch.setattr(pzem, wait, 0.01)
    monkeypatch.setattr(pzem, "REPLY_S", 0.2)
    line = Line(tmp_path)
    yield line
    line.meter.stop()
    line.simulated.pull_out()
    assert "meter-cnc" not in [thread.name for thread in threading.enumerate()]


def test_what_is_drawn_is_reported_and_the_counter_with_it(line: Line) -> None:
    line.simulated.set_load(1800)
    line.now_ms = 60_000

    assert line.start().until(1800) == Metered("cnc", 1800.0, 1030.0)


def test_the_meter_is_only_ever_read(line: Line) -> None:
    line.start().next(Metered)
    line.next(Metered)

    assert set(line.simulated.requests) == {request()}


def test_a_meter_with_an_address_of_its_own_is_asked_by_it(tmp_path: Path, line: Line) -> None:
    line.meter = PzemMeter("cnc", str(line.port), address=1)

    assert line.start().next(Metered).wh == 1000
    assert line.simulated.requests[0] == request(1)


def test_a_spoiled_answer_is_counted_and_two_of_them_are_no_silence(line: Line) -> None:
    line.simulated.spoiled = 2

    told = [line.start().reports.get(timeout=60), *(line.reports.get(timeout=60) for _ in range(2))]

    assert [type(one) for one in told] == [FrameRefused, FrameRefused, Metered]
    assert {one.why for one in told if isinstance(one, FrameRefused)} == {"meter: torn or wrong checksum"}


def test_mains_that_are_off_are_told_once_and_it_reads_again_when_they_are_back(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pzem, "REPLY_S", 0.05)
    line.simulated.mains = False
    assert line.start().next(MeterDown) == MeterDown("cnc", "no answer")

    asked = len(line.simulated.requests)
    while len(line.simulated.requests) < asked + 4:
        line.simulated._unplugged.wait(0.01)
    assert line.reports.empty()
    line.simulated.mains = True

    line.next(Metered)
    line.simulated.mains = False
    assert line.next(MeterDown)


def test_an_adapter_pulled_out_is_told_and_works_again_when_it_is_back(line: Line) -> None:
    line.start().next(Metered)

    line.simulated.pull_out()
    assert line.next(MeterDown).detail
    line.simulated.plug_in()

    assert line.next(Metered).wh == 1000


def test_an_error_that_is_no_oserror_is_told_and_it_reads_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [RuntimeError("no such thing"), ValueError()]

    def faulty(*args: Any, **kwargs: Any) -> Serial:
        if faults:
            raise faults.pop(0)
        return Serial(*args, **kwargs)

    monkeypatch.setattr(pzem, "Serial", faulty)

    assert line.start().next(MeterDown) == MeterDown("cnc", "no such thing")
    assert line.next(Metered).wh == 1000
    assert not faults


def test_a_port_that_is_not_there_is_told(tmp_path: Path) -> None:
    reports: queue.SimpleQueue[MeterReport] = queue.SimpleQueue()
    meter = PzemMeter("cnc", str(tmp_path / "missing"))

    meter.start(reports.put)

    down = reports.get(timeout=60)
    meter.stop()
    assert isinstance(down, MeterDown)
    assert "missing" in down.detail


def test_nobody_else_may_open_the_line_meanwhile(line: Line) -> None:
    line.start().next(Metered)

    with pytest.raises(OSError, match="exclusively lock"):
        Serial(str(line.port), exclusive=True)


# --- the simulated meter is like a real one -------------------------------------------------------------------------------


def test_the_simulated_meter_answers_as_the_captured_one_did(line: Line) -> None:
    line.simulated.set_load(0)

    assert line.simulated.answer(bytes.fromhex("01040000000A700D")) == bytes.fromhex(
        "01041408FC0000000000000000" + "03E80000" + "01F40000FFFF"
    ) + crc(bytes.fromhex("01041408FC000000000000000003E8000001F40000FFFF"))


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ("F842C241", "F842C241"),  # reset
        ("010600020005E809", "010600020005E809"),  # address 5
        ("02040000000A703E", ""),  # another meter's
        ("F8040000000A6465", ""),  # wrong checksum
        ("F8", ""),
    ],
)
def test_the_simulated_meter_obeys_the_data_sheet(line: Line, frame: str, answer: str) -> None:
    assert line.simulated.answer(bytes.fromhex(frame)) == bytes.fromhex(answer)


def test_the_simulated_meter_refuses_registers_it_has_not(line: Line) -> None:
    frame = bytes.fromhex("010400090002")

    reply = line.simulated.answer(frame + crc(frame))

    assert parse(reply, 1) == Bad("the meter refuses with code 2")
