"""The display: the real driver before a simulated chip that checks every byte, pulled out and put back."""

import sys
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from agent.hardware import simulated_oled
from agent.hardware.display import Display, Oled
from agent.hardware.drawing import picture
from agent.hardware.simulated_oled import SimulatedOled
from agent.panel import Face, Lamp, Shown
from tests.waiting import until

pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # luma.oled 3.16, Pillow 13
FREE = Shown("Laser", "", ("Frei", ""), "Karte hier", Lamp.FREE, Face.FREE)
REFUSED = Shown("Abgelehnt", "Jonas", ("Qualifikation", "fehlt"), "Zum Empfang", Lamp.REFUSED, Face.REFUSED)


@pytest.fixture
def oled(monkeypatch: pytest.MonkeyPatch) -> SimulatedOled:
    """An SSD1306 at 0x3C of bus 1, and none of what a driver leaves to the end of the process."""
    chip = SimulatedOled()
    monkeypatch.setitem(sys.modules, "smbus2", simulated_oled.smbus2(chip))
    return chip


class Shower:
    """A display in its own thread, and what was told of its trouble."""

    def __init__(self, kind: str = "ssd1306", bus: int = 1) -> None:
        self.troubles: list[str] = []
        self.display = Display("p1", partial(Oled, kind, bus, 0x3C), self.troubles.append, ask_s=0.01)
        self.display.start()

    def show(self, shown: Shown) -> None:
        self.display.show(shown)


@pytest.fixture
def shower(oled: SimulatedOled) -> Iterator[Shower]:
    shower = Shower()
    yield shower
    shower.display.stop()


def shows(oled: SimulatedOled, shown: Shown) -> bool:
    seen = oled.seen()
    return seen is not None and seen.tobytes() == picture(shown).tobytes()


def test_what_is_shown_is_on_the_glass_dot_for_dot(oled: SimulatedOled, shower: Shower) -> None:
    shower.show(REFUSED)

    until(lambda: shows(oled, REFUSED))
    assert not shower.troubles


def test_an_sh1106_shows_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = SimulatedOled(sh1106=True)
    monkeypatch.setitem(sys.modules, "smbus2", simulated_oled.smbus2(chip))
    shower = Shower("sh1106")

    shower.show(FREE)

    until(lambda: shows(chip, FREE))
    shower.display.stop()


def test_a_picture_that_stays_is_sent_once_and_then_only_asked_for(oled: SimulatedOled, shower: Shower) -> None:
    shower.show(FREE)
    until(lambda: shows(oled, FREE))
    frames = oled.frames

    shower.show(FREE)
    before = oled.bytes_seen
    until(lambda: oled.bytes_seen > before + 30)

    assert oled.frames == frames


def test_a_display_whose_program_ends_is_dark(oled: SimulatedOled) -> None:
    shower = Shower()
    shower.show(FREE)
    until(lambda: shows(oled, FREE))

    shower.display.stop()

    assert oled.seen() is None


def test_a_frame_is_at_most_1100_bytes_on_the_bus(oled: SimulatedOled) -> None:
    glass = Oled("ssd1306", 1, 0x3C)
    before = oled.bytes_seen

    glass.put(picture(REFUSED))

    sent = oled.bytes_seen - before
    print(f"\n{sent} bytes a frame, {sent * 9 / 400:.0f} ms at 400 kHz")
    assert 1024 < sent < 1100
    glass.close()


def test_only_the_newest_of_many_is_drawn(oled: SimulatedOled) -> None:
    shower = Shower()
    until(lambda: oled.seen() is not None)
    before = oled.frames

    for number in range(500):
        shower.show(Shown("Laser", "", (str(number), ""), "", Lamp.FREE, Face.FREE))
    shower.show(REFUSED)

    until(lambda: shows(oled, REFUSED))
    assert oled.frames - before < 250
    shower.display.stop()


def test_a_display_pulled_out_and_put_back_shows_what_is_so_by_then(oled: SimulatedOled, shower: Shower) -> None:
    shower.show(FREE)
    until(lambda: shows(oled, FREE))

    oled.unplug()
    until(lambda: shower.troubles)
    shower.show(REFUSED)
    oled.plug()

    assert oled.seen() is None  # positive control: by itself it stays dark
    until(lambda: shows(oled, REFUSED))
    assert len(shower.troubles) == 1


def test_trouble_is_told_once_for_each_time_it_begins(oled: SimulatedOled, shower: Shower) -> None:
    shower.show(FREE)
    until(lambda: shows(oled, FREE))

    for _ in range(2):
        oled.unplug()
        until(lambda: not shower.display._thread.is_alive() or shower.display._failing)
        oled.plug()
        until(lambda: shows(oled, FREE))
        until(lambda: not shower.display._failing)

    assert len(shower.troubles) == 2
    assert "0x3C" in shower.troubles[0]


@pytest.mark.usefixtures("oled")
def test_a_bus_that_is_not_switched_on_is_trouble_and_no_more() -> None:
    shower = Shower(bus=7)

    shower.show(FREE)

    until(lambda: shower.troubles)
    assert "/dev/i2c-7" in shower.troubles[0]
    shower.display.stop()


def test_a_picture_that_cannot_be_drawn_ends_no_thread(oled: SimulatedOled, shower: Shower) -> None:
    shower.show(Shown("", "", ("", ""), "", Lamp.FREE, "none"))  # type: ignore[arg-type]

    until(lambda: shower.troubles)
    shower.show(FREE)

    until(lambda: shows(oled, FREE))
    assert any(one.name == "display-p1" for one in threading.enumerate())
