"""The panel of each box, made of what that box has: a display, a lamp, a buzzer, or some of them, or none.

Whoever shows something only leaves it here; displays draw in threads of their own, lamps and buzzers are played by one.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gpiozero.pins import Factory

from agent.hardware import buzzer, lamp
from agent.hardware.buzzer import Buzzer
from agent.hardware.display import Display, Oled
from agent.hardware.lamp import RgbLamp
from agent.hardware.pattern import Beat
from agent.panel import Lamp, Shown, Sound
from agent.places import Place, Signals

T = TypeVar("T")
Trouble = Callable[[str, str], None]
_NO_DIGITS = str.maketrans("", "", "0123456789")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Front:
    """What one machine's box has to show with."""

    display: Display | None = None
    lamp: RgbLamp | None = None
    buzzer: Buzzer | None = None


@dataclass(frozen=True, slots=True)
class _Begun:
    """What an answer is known by. Its numbers count up and down while it lasts, and make no new answer of it."""

    lamp: Lamp
    sound: Sound
    words: str
    answer: int


class BoxPanel:
    """Panels of all machines of an agent. A machine that is not named has none."""

    def __init__(self, fronts: Mapping[str, Front]) -> None:
        self._fronts = fronts
        self._begun: dict[str, _Begun] = {}
        pins = (part for front in fronts.values() for part in (front.lamp, front.buzzer) if part is not None)
        self._players = [part.player for part in pins]
        self._beat = Beat(self._players)

    def start(self) -> None:
        self._beat.start()
        for front in self._fronts.values():
            if front.display is not None:
                front.display.start()

    def stop(self) -> None:
        """Lamps and displays dark, buzzers silent."""
        self._beat.stop()
        for player in self._players:
            player.close()
        for front in self._fronts.values():
            if front.display is not None:
                front.display.stop()

    def show(self, machine: str, shown: Shown) -> None:
        log.debug("%s shows %s", machine, " | ".join((shown.head, *filter(None, shown.lines), shown.hint)))
        front = self._fronts.get(machine, Front())
        if front.display is not None:
            front.display.show(shown)
        before = self._begun.get(machine)
        now = self._begun[machine] = _Begun(shown.lamp, shown.sound, _words(shown), shown.answer)
        if now == before:
            return
        if front.lamp is not None and (before is None or before.lamp is not now.lamp or lamp.PATTERNS[now.lamp].once):
            front.lamp.show(now.lamp, self._beat)
        goes_on = before is not None and bool(buzzer.PATTERNS[before.sound].again)
        if front.buzzer is not None and (now.sound is not Sound.NONE or goes_on):  # a beep that has begun is not cut
            front.buzzer.sound(now.sound, self._beat)

    def seen(self, machine: str) -> None:
        """On the pins before this returns: a card is in the field, whatever will be decided."""
        front = self._fronts.get(machine, Front())
        if front.lamp is not None:
            front.lamp.seen(self._beat)
        if front.buzzer is not None:
            front.buzzer.seen(self._beat)


def fronts(places: Iterable[Place], factory: Factory, mono_ms: Callable[[], int], trouble: Trouble) -> dict[str, Front]:
    """What the settings name. A pin that cannot be had is told as ``trouble``, and the machine does without."""
    return {place.id: _front(place.signals, factory, mono_ms, partial(trouble, place.id)) for place in places}


def _front(signals: Signals, factory: Factory, mono_ms: Callable[[], int], trouble: Callable[[str], None]) -> Front:
    display = lamp_ = sounder = None
    if signals.display is not None:
        glass = partial(Oled, signals.display, signals.bus, signals.address)
        display = Display(f"{signals.display} at {signals.address:#x}", glass, trouble)
    if signals.lamp:
        red, green, blue = signals.lamp
        lamp_ = _made(lambda: RgbLamp((red, green, blue), factory, mono_ms, trouble), trouble)
    if (pin := signals.buzzer) is not None:
        sounder = _made(lambda: Buzzer(pin, factory, mono_ms, trouble), trouble)
    return Front(display, lamp_, sounder)


def _made(make: Callable[[], T], trouble: Callable[[str], None]) -> T | None:
    try:
        return make()
    except Exception as error:
        log.exception("a lamp or a buzzer cannot be had")
        trouble(repr(error))
        return None


def _words(shown: Shown) -> str:
    return "|".join((shown.head, shown.right, *shown.lines, shown.hint)).translate(_NO_DIGITS)
