"""A box's panel as a whole: what its display, lamp and buzzer do for what is shown, and that a card is seen before all else."""

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins import Factory

from agent.box import Box as Wired
from agent.hardware import Seen, simulated_oled
from agent.hardware.board_map import PinBank, create, read_config
from agent.hardware.box_panel import BoxPanel, fronts
from agent.hardware.drawing import picture
from agent.hardware.inputs import InputWatcher
from agent.hardware.lamp import AMBER, BLUE, DARK, RED, WHITE
from agent.hardware.pattern import Lit
from agent.hardware.simulated import board_pin_factory
from agent.hardware.simulated_oled import SimulatedOled
from agent.panel import Face, Lamp, Shown, Sound
from agent.places import Place, Signals
from agent.reports import Connected
from tests.agent.fakes import ADA, Box, HandClock, a_list
from tests.waiting import until
from wire.messages import OnLoss

pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # luma.oled 3.16, Pillow 13
SIGNALS = Signals(lamp=(5, 6, 13), buzzer=19, display="ssd1306")
REFUSED = Shown("Refused", "Ada", ("Already in use", "for 5 s"), "Ask", Lamp.REFUSED, Face.REFUSED, Sound.REFUSED)
IN_USE = Shown("In use", "Ada", ("5 s", ""), "Tap: time, twice: stop", Lamp.IN_USE, Face.IN_USE)
IDLE = Shown("Idle", "Ada", ("Idle for", "10 min"), "Ends in 5 min", Lamp.IDLE, Face.IDLE, Sound.ATTENTION)


class Bench:
    """A box on the simulated board: its pins as another process sees them, its display as an eye does."""

    def __init__(self, directory: Path, clock: Any, signals: Signals = SIGNALS) -> None:
        machines = [{"machine": "p1", "agent": "agent-1", "relay": 17}]
        (directory / "board.json").write_text(json.dumps({"virtual": False, "start_ms": 0, "machines": machines}))
        config = read_config(directory)
        create(directory, config)
        self.bank = PinBank(directory, config.agents, "agent-1")
        self.factory: Factory = board_pin_factory(directory, "agent-1")
        self.clock = clock
        self.troubles: list[tuple[str, str]] = []
        place = Place("p1", "", 17, OnLoss.OFF, signals=signals)
        trouble = lambda machine, detail: self.troubles.append((machine, detail))  # noqa: E731
        self.panel = BoxPanel(fronts([place], self.factory, clock, trouble))

    def lit(self) -> Lit:
        return tuple(self.bank.driven(pin) for pin in (5, 6, 13))

    def sounds(self) -> bool:
        return self.bank.driven(19)

    def at(self, ms: int) -> "Bench":
        """By hand, where the panel was not started."""
        self.clock.ms = ms
        for player in self.panel._players:
            player.play()
        return self

    def show(self, shown: Shown) -> None:
        self.panel.show("p1", shown)

    def beeps(self, until_ms: int) -> int:
        """How many begin from now until then."""
        count, before = 0, self.sounds()
        for now in range(self.clock.ms, until_ms, 10):
            self.at(now)
            count += self.sounds() and not before
            before = self.sounds()
        return count


@pytest.fixture
def oled(monkeypatch: pytest.MonkeyPatch) -> SimulatedOled:
    chip = SimulatedOled()
    monkeypatch.setitem(sys.modules, "smbus2", simulated_oled.smbus2(chip))
    return chip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Not started: time and pins move by hand. Its display is never drawn on."""
    return Bench(tmp_path, HandClock())


@pytest.fixture
def live(tmp_path: Path, oled: SimulatedOled) -> Iterator[Bench]:
    bench = Bench(tmp_path, lambda: int(time.monotonic() * 1000))
    bench.panel.start()
    yield bench
    bench.panel.stop()


# --- together -----------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_on_the_glass_and_on_the_pins(live: Bench, oled: SimulatedOled) -> None:
    live.show(IN_USE)

    until(lambda: live.lit() == BLUE)
    until(lambda: (seen := oled.seen()) is not None and seen.tobytes() == picture(IN_USE).tobytes())


def test_a_display_that_is_gone_is_told_and_leaves_lamp_and_caller_alone(live: Bench, oled: SimulatedOled) -> None:
    oled.unplug()

    live.show(IDLE)

    until(lambda: live.lit() == AMBER)
    until(lambda: live.troubles)
    assert live.troubles[0][0] == "p1"
    assert "display" in live.troubles[0][1]


def test_a_panel_that_stops_is_dark_and_silent(live: Bench) -> None:
    live.show(IN_USE)
    until(lambda: live.lit() == BLUE)

    live.panel.stop()

    assert live.lit() == DARK
    assert not live.sounds()


def test_a_machine_without_parts_shows_nothing_and_complains_of_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HandClock(), Signals())

    bench.show(IN_USE)
    bench.panel.show("p9", IN_USE)
    bench.panel.seen("p9")

    assert (bench.lit(), bench.troubles) == (DARK, [])


def test_a_pin_that_cannot_be_had_is_told_and_the_rest_works(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HandClock(), Signals(lamp=(5, 6, 13), buzzer=13))

    bench.show(IN_USE)

    assert bench.at(1).lit() == BLUE
    assert [machine for machine, _ in bench.troubles] == ["p1"]
    assert "13" in bench.troubles[0][1]


# --- when an answer begins ----------------------------------------------------------------------------------------------


def test_a_refusal_whose_minutes_count_beeps_once(bench: Bench) -> None:
    bench.show(REFUSED)
    first = bench.beeps(1000)

    bench.show(replace(REFUSED, lines=("Already in use", "for 6 s")))

    assert (first, bench.beeps(2000)) == (2, 0)
    assert bench.lit() == RED  # and does not flash again: it stays


def test_another_refusal_beeps_and_flashes_again(bench: Bench) -> None:
    bench.show(REFUSED)
    bench.beeps(2000)

    bench.show(replace(REFUSED, right="Bob"))

    assert bench.beeps(3000) == 2
    assert [bench.at(2000 + ms).lit() for ms in (1400, 0)] == [RED, RED]
    assert bench.at(2400).lit() == DARK


def test_a_lamp_that_goes_on_keeps_its_step_when_the_cost_counts(bench: Bench) -> None:
    bench.show(IN_USE)
    bench.at(2000)

    bench.show(replace(IN_USE, lines=("6 s", "")))

    assert [bench.at(ms).lit() for ms in (3500, 3700, 4100)] == [BLUE, DARK, BLUE]


def test_a_warning_beeps_once_a_minute_until_it_is_over(bench: Bench) -> None:
    bench.show(IDLE)
    bench.beeps(30_000)
    bench.show(replace(IDLE, lines=("Idle for", "11 min")))

    assert bench.beeps(119_000) == 1
    bench.show(IN_USE)
    assert bench.beeps(240_000) == 0


def test_a_beep_is_not_cut_by_what_is_shown_next(bench: Bench) -> None:
    bench.show(replace(IN_USE, head="Granted", sound=Sound.GRANTED))
    bench.at(10)
    bench.show(IN_USE)

    assert [bench.at(ms).sounds() for ms in (20, 149, 151)] == [True, True, False]


# --- seen ---------------------------------------------------------------------------------------------------------------


class HandReader:
    """Reports what a test says, in the test's thread."""

    bytes_seen: int | None = 0

    def start(self, report: Any) -> None:
        self.report = report

    def stop(self) -> None:
        """Nothing runs."""


class StuckRelay:
    """An output whose driver does not return."""

    def __init__(self) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.on = False

    def energise(self) -> None:
        self.entered.set()
        self.go_on.wait(60)
        self.on = True

    def release(self) -> None:
        self.on = False

    def check(self) -> None:
        """Nothing to find."""

    def held(self) -> bool:
        return False

    def close(self) -> None:
        """No pin."""


def hang(directory: Path, relay: StuckRelay) -> None:
    """A real main loop, in the thread that calls this: it decides to start p1, and never comes back from its relay."""
    box = Box(directory)
    box.tell(Connected()).give(a_list())
    box.relays["p1"] = relay  # type: ignore[assignment]
    box.tap(ADA)
    box.close()


def test_a_card_is_seen_on_the_lamp_before_any_decision_even_by_a_main_loop_that_hangs(
    live: Bench, tmp_path: Path
) -> None:
    relay, reader, inbox = StuckRelay(), HandReader(), queue.SimpleQueue[Any]()
    Wired({}, {"p1": reader}, {}, (), InputWatcher([])).start(inbox.put, live.panel)
    live.show(IN_USE)
    until(lambda: live.lit() == BLUE)
    loop = threading.Thread(target=hang, args=(tmp_path, relay), daemon=True)
    loop.start()
    assert relay.entered.wait(60)

    began = time.perf_counter()
    reader.report(Seen("p1"))
    lit, sounds = live.lit(), live.sounds()
    took_ms = (time.perf_counter() - began) * 1000

    print(f"\nseen on the pins after {took_ms:.2f} ms")
    assert (lit, sounds) == (WHITE, True)
    assert took_ms < 100
    assert loop.is_alive()
    assert not relay.on
    until(lambda: live.lit() == BLUE)
    assert not live.sounds()
    relay.go_on.set()
    loop.join(10)


def test_a_card_seen_waits_for_no_display(live: Bench, oled: SimulatedOled) -> None:
    oled.unplug()
    live.show(IN_USE)
    until(lambda: live.lit() == BLUE)

    live.panel.seen("p1")

    assert live.lit() == WHITE
