"""What a moment is worth: never below what is on disk, honest about its source, and exact within one boot."""

import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from agent import clock
from agent.clock import SystemClock, WaitReport
from wire.messages import Stamp, TimeQuality

DISK_MS = 1_767_225_600_000


def nothing_to_report() -> WaitReport:
    return WaitReport({}, revision=0, unreceipted=0, connected=False)


def stamps(*readings: tuple[int, int, bool], floor: tuple[int, int] = (0, 0)) -> list[tuple[int, TimeQuality]]:
    """Wall time and quality for readings of (ms since boot, wall clock, synchronised)."""
    wall = clock._Wall()
    wall.set_floor(*floor)
    made = [wall.stamp("boot", mono_ms, wall_ms, synced) for mono_ms, wall_ms, synced in readings]
    return [(stamp.wall_ms, stamp.quality) for stamp in made]


def test_a_synchronised_clock_is_believed() -> None:
    assert stamps((5_000, DISK_MS + 7, True), floor=(0, DISK_MS)) == [(DISK_MS + 7, TimeQuality.SYNCED)]


def test_a_clock_that_is_not_set_goes_on_from_the_last_time_on_disk() -> None:
    readings = [(1_000, 12, False), (61_000, 60_012, False)]

    made = stamps(*readings, floor=(1_000, DISK_MS))

    assert made == [(DISK_MS, TimeQuality.ESTIMATED), (DISK_MS + 60_000, TimeQuality.ESTIMATED)]


def test_a_clock_that_is_not_set_yet_ahead_of_the_disk_keeps_its_own_time() -> None:
    assert stamps((1_000, DISK_MS + 5, False), floor=(1_000, DISK_MS)) == [(DISK_MS + 5, TimeQuality.ESTIMATED)]


def test_a_clock_that_loses_its_source_counts_on_from_the_last_good_moment() -> None:
    made = stamps((1_000, DISK_MS, True), (31_000, DISK_MS + 99_000, False))

    assert made[1] == (DISK_MS + 30_000, TimeQuality.ANCHORED)


def test_a_right_clock_below_the_time_on_disk_gives_the_time_on_disk_and_does_not_call_it_right() -> None:
    assert stamps((1_000, DISK_MS - 5, True), floor=(0, DISK_MS)) == [(DISK_MS, TimeQuality.ESTIMATED)]


def test_the_systems_clock_knows_its_boot_and_never_runs_backwards_within_it() -> None:
    system = SystemClock()

    first, second = system.now(), system.now()

    assert first.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert first.boot == second.boot
    assert first.mono_ms <= second.mono_ms


def test_the_systems_clock_takes_its_floor_at_the_moment_it_is_told() -> None:
    system = SystemClock()
    ahead_ms = system.now().wall_ms + 86_400_000
    system.floor_ms = ahead_ms

    stamp: Stamp = system.now()

    assert system.floor_ms == ahead_ms
    assert 0 <= stamp.wall_ms - ahead_ms < 60_000


def test_the_kernel_is_asked_whether_its_clock_is_synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        def __init__(self, answer: int) -> None:
            self.answer = answer

        def adjtimex(self, timex: object) -> int:
            return self.answer

    answers = {}
    for answer in (0, 5, -1):
        monkeypatch.setattr(clock, "_libc", Kernel(answer))
        answers[answer] = SystemClock().now().quality

    assert answers == {0: TimeQuality.SYNCED, 5: TimeQuality.ESTIMATED, -1: TimeQuality.ESTIMATED}


def test_waiting_ends_with_the_first_stimulus() -> None:
    system, inbox = SystemClock(), SimpleQueue[str]()
    threading.Timer(0.01, inbox.put, ["a tap"]).start()

    assert system.wait(inbox, system.now().mono_ms + 10_000, None, nothing_to_report) == "a tap"


def test_waiting_ends_at_the_earlier_of_the_two_deadlines() -> None:
    system, inbox = SystemClock(), SimpleQueue[str]()
    start_ms = system.now().mono_ms

    hard_first = system.wait(inbox, start_ms + 5, start_ms + 60_000, nothing_to_report)
    soft_first = system.wait(inbox, start_ms + 60_000, start_ms + 5, nothing_to_report)

    assert hard_first is None
    assert soft_first is None
    assert 5 <= system.now().mono_ms - start_ms < 30_000


def test_a_deadline_that_is_past_does_not_keep_a_stimulus_waiting() -> None:
    system, inbox = SystemClock(), SimpleQueue[str]()
    inbox.put("a tap")

    assert system.wait(inbox, 0, None, nothing_to_report) == "a tap"
    assert system.wait(inbox, 0, None, nothing_to_report) is None
