"""The 13.56 MHz reader as a whole: in its thread, unplugged and plugged in again, and for how long it looks."""

import queue
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from agent.hardware import (
    FrameRefused,
    LeftLying,
    Presented,
    RandomId,
    ReaderDown,
    ReaderReport,
    ReaderReset,
    ReaderUp,
    Removed,
    Seen,
    simulated_spidev,
)
from agent.hardware.card_presence import GONE_AFTER_LOOKS
from agent.hardware.simulated_cards import CardA, Field, flipping
from agent.hardware.simulated_mfrc522 import Chip
from tests.agent.card_desk import DESFIRE, SIZES, Desk, Pcd, RfidReader, Watched, identify, plug, rest_s, rfid
from tests.waiting import until

CAME = Presented("p1", "iso14443a:04782E21801D80")


def test_a_card_is_seen_then_presented_and_when_it_goes_removed() -> None:
    watched = Watched()
    card = CardA(DESFIRE)

    assert watched.looks(5) == []
    watched.desk.field.put(card)
    assert watched.looks(50) == [Seen("p1"), CAME]
    watched.desk.field.cards.remove(card)
    assert watched.looks(50) == [Removed("p1")]


def test_a_card_is_seen_before_its_number_is_read() -> None:
    watched = Watched(CardA(DESFIRE))
    heard: list[tuple[ReaderReport, int]] = []
    watched.reader._report = lambda report: heard.append((report, len(watched.desk.chip.air)))

    watched.looks(1)

    assert heard == [(Seen("p1"), 1), (CAME, 5)]


def test_a_card_that_is_removed_is_told_within_four_tenths_of_a_second() -> None:
    watched = Watched(CardA(DESFIRE))
    watched.looks(3)
    watched.desk.field.cards.clear()
    began_us = watched.desk.chip.now_us

    while Removed("p1") not in watched.looks(1):
        pass

    assert watched.desk.chip.now_us - began_us <= 400_000


def test_a_minute_of_heavy_noise_neither_removes_a_card_nor_presents_it_twice_nor_makes_another() -> None:
    watched = Watched(CardA(DESFIRE))
    watched.desk.field.disturb = flipping(Random("drive"), often=0.3)

    reports = watched.looks(600)

    assert [report for report in reports if not isinstance(report, FrameRefused)] == [Seen("p1"), CAME]


def test_a_reader_looks_ten_times_a_second_and_rests_at_least_50_ms_however_long_a_look_took() -> None:
    assert [rest_s(took_ms) for took_ms in (0, 12, 50, 51, 5000)] == [0.1, 0.088, 0.05, 0.05, 0.05]


def test_a_chip_that_forgot_its_settings_is_counted_and_its_card_was_there_all_the_time() -> None:
    watched = Watched(CardA(DESFIRE))
    watched.looks(3)

    watched.desk.chip.plug_in()

    assert watched.looks(10) == [ReaderReset("p1")]


def test_a_card_that_was_there_before_the_reader_is_seen_and_not_presented_until_it_is_held_there_again() -> None:
    watched = Watched(CardA(DESFIRE), there_before=True)

    assert watched.looks(50) == [Seen("p1"), LeftLying("p1", CAME.card_id)]
    (card,) = watched.desk.field.cards
    watched.desk.field.cards.clear()
    assert watched.looks(5) == [Removed("p1")]
    watched.desk.field.put(card)
    assert watched.looks(5) == [Seen("p1"), CAME]


def test_a_phone_is_told_as_one_that_makes_up_its_number() -> None:
    assert Watched(CardA(None)).looks(50) == [Seen("p1"), RandomId("p1")]


def test_two_cards_are_told_to_be_held_one_by_one() -> None:
    reports = Watched(CardA(DESFIRE), CardA(SIZES[0])).looks(50)

    assert reports == [Seen("p1"), FrameRefused("p1", "two cards: hold one")]


def test_the_costs_on_the_readers_page_are_those_of_the_simulated_chip() -> None:
    page = (Path(__file__).parents[2] / "firmware_notes" / "readers.md").read_text()
    shown = re.findall(r"^\| (?:empty field|UID of \d+ bytes) \| (\d+) \| ([\d.]+) ms \|$", page, re.MULTILINE)

    costs = [Desk(*cards).cost() for cards in ([], *([CardA(uid)] for uid in SIZES))]

    assert shown == [(f"{transfers}", f"{took_ms:.1f}") for transfers, took_ms in costs]


# --- in its thread ------------------------------------------------------------------------------------------------------


class Bench:
    def __init__(self) -> None:
        self.chip = plug(Chip(Field()))
        self.reports: queue.SimpleQueue[ReaderReport] = queue.SimpleQueue()
        self.pins = MockFactory()
        self.reader = RfidReader("p1", 0, 0, 25, self.pins, lambda: 0, self.chip.pause)

    def next(self) -> Any:
        return self.reports.get(timeout=60)

    def is_empty(self) -> None:
        """And has been seen to be: a card comes from now on."""
        looked = self.reader.bytes_seen or 0
        until(lambda: (self.reader.bytes_seen or 0) > looked + GONE_AFTER_LOOKS)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(rfid, "RETRY_S", 0.01)
    monkeypatch.setattr(rfid, "_EVERY_MS", 1)
    monkeypatch.setattr(rfid, "_AT_LEAST_MS", 1)
    bench = Bench()
    bench.reader.start(bench.reports.put)
    yield bench
    monkeypatch.undo()  # it gets its second to end
    bench.reader.stop()
    simulated_spidev.plug(0, 0, None)
    assert "reader-p1" not in [thread.name for thread in threading.enumerate()]
    assert bench.pins.pin(25).function == "input"


def test_in_its_thread_it_reads_a_card_and_holds_its_reset_line_high(bench: Bench) -> None:
    assert bench.next() == ReaderUp("p1")
    bench.is_empty()

    bench.chip.field.put(CardA(DESFIRE))

    assert [bench.next(), bench.next()] == [Seen("p1"), CAME]
    assert bench.pins.pin(25).state
    assert bench.reader.bytes_seen
    assert bench.reader.version == "MFRC522 2.0"


def test_an_unplugged_reader_is_down_once_and_up_again_and_a_card_left_on_it_was_there_all_the_time(
    bench: Bench,
) -> None:
    assert bench.next() == ReaderUp("p1")
    bench.is_empty()
    bench.chip.field.put(CardA(DESFIRE))
    assert [bench.next() for _ in range(2)] == [Seen("p1"), CAME]

    bench.chip.unplug()
    assert bench.next() == ReaderDown("p1", "no reader chip answers on the bus (version 0x00)")
    assert bench.reader.bytes_seen is None
    bench.chip.plug_in()

    assert bench.next() == ReaderUp("p1")
    bench.chip.field.cards.clear()
    assert bench.next() == Removed("p1")


def test_an_error_that_is_no_oserror_is_told_once_and_it_reads_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As lgpio's and gpiozero's are none."""
    assert bench.next() == ReaderUp("p1")
    faults: list[Exception] = [RuntimeError("pin is gone"), ValueError()]
    check = Pcd.check

    def faulty(chip: Pcd) -> bool:
        if faults:
            raise faults.pop(0)
        return check(chip)

    monkeypatch.setattr(Pcd, "check", faulty)

    told = [bench.next() for _ in range(4)]
    bench.is_empty()
    bench.chip.field.put(CardA(DESFIRE))
    assert told == [ReaderDown("p1", "pin is gone"), ReaderUp("p1"), ReaderDown("p1", "ValueError()"), ReaderUp("p1")]
    assert [bench.next(), bench.next()] == [Seen("p1"), CAME]


def test_a_reader_on_a_bus_that_is_not_there_is_told_and_ends(bench: Bench) -> None:
    reports: queue.SimpleQueue[ReaderReport] = queue.SimpleQueue()
    reader = RfidReader("p2", 5, 1, None, bench.pins, lambda: 0)

    reader.start(reports.put)

    assert reports.get(timeout=60) == ReaderDown("p2", "[Errno 2] No such file or directory: '/dev/spidev5.1'")
    reader.stop()
    assert reports.empty()


def test_a_reader_never_started_can_be_stopped() -> None:
    RfidReader("p3", 0, 0, None, MockFactory(), lambda: 0).stop()


def test_whoever_looks_for_a_fault_is_told_what_chip_answers() -> None:
    plug(Chip(Field(), version=0x88))
    pins = MockFactory()

    assert identify(0, 0, 25, pins) == "FM17522 (clone)"
    assert pins.pin(25).function == "input"
