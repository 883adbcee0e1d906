"""How a lamp shines and a buzzer sounds over time: patterns of steps, and the thread that plays them on pins.

A pattern is a value: what is lit follows from it and from how long ago it began, so that a test can look at any moment.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gpiozero.output_devices import OutputDevice
from gpiozero.pins import Factory

Lit = tuple[bool, ...]  # one for each pin
RETRY_MS = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    lit: Lit
    ms: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """The steps of ``once`` in their order, then those of ``again`` round and round, or ``last`` for good."""

    last: Lit
    once: tuple[Step, ...] = ()
    again: tuple[Step, ...] = ()

    def at(self, since_ms: int) -> tuple[Lit, int | None]:
        """What is lit so long after the beginning, and in how many ms that changes; None: it stays."""
        left = since_ms - sum(step.ms for step in self.once)
        if left < 0:
            return _within(self.once, since_ms)
        if not self.again:
            return self.last, None
        return _within(self.again, left % sum(step.ms for step in self.again))


def _within(steps: Sequence[Step], ms: int) -> tuple[Lit, int]:
    for step in steps:
        if ms < step.ms:
            return step.lit, step.ms - ms
        ms -= step.ms
    raise AssertionError("asked for a moment after the last step")


class Player:
    """Some pins and the pattern on them. Nothing here raises for a pin that fails: it is told once, and tried again."""

    def __init__(
        self,
        name: str,
        pins: Sequence[int],
        factory: Factory,
        mono_ms: Callable[[], int],
        trouble: Callable[[str], None],
    ) -> None:
        self._name = name
        self._outputs: list[Any] = [OutputDevice(pin, initial_value=False, pin_factory=factory) for pin in pins]
        self._mono_ms = mono_ms
        self._trouble = trouble
        self._lock = threading.Lock()
        self._dark: Lit = (False,) * len(pins)
        self._pattern, self._began_ms = Pattern(self._dark), 0
        self._flash: tuple[Pattern, int] | None = None
        self._written: Lit | None = self._dark
        self._failing = False

    def begin(self, pattern: Pattern) -> None:
        """From the next ``play`` on."""
        with self._lock:
            self._pattern, self._began_ms = pattern, self._mono_ms()

    def flash(self, choose: Callable[[Lit], Pattern], not_before_ms: int) -> bool:
        """Play what ``choose`` makes of what is lit now over the pattern, starting in this thread, at once.

        False: left out, for the last one began less than ``not_before_ms`` ago.
        """
        with self._lock:
            now = self._mono_ms()
            if self._flash is not None and now - self._flash[1] < not_before_ms:
                return False
            self._flash = (choose(self._pattern.at(now - self._began_ms)[0]), now)
            self._play(now)
            return True

    def play(self) -> int | None:
        """Write what is due now. In how many ms to come back; None: only when something new begins."""
        with self._lock:
            return self._play(self._mono_ms())

    def close(self) -> None:
        with self._lock:
            for output in self._outputs:
                output.close()
            self._outputs = []

    def _play(self, now: int) -> int | None:
        lit, due = self._pattern.at(now - self._began_ms)
        if self._flash is not None:
            over, over_due = self._flash[0].at(now - self._flash[1])
            if over_due is not None:
                lit, due = over, over_due
        return due if self._write(lit) else RETRY_MS

    def _write(self, lit: Lit) -> bool:
        if lit == self._written or not self._outputs:
            return True
        try:
            for output, on in zip(self._outputs, lit, strict=True):
                (output.on if on else output.off)()
        except Exception as error:
            self._written = None
            if not self._failing:
                log.exception("the pins of a %s fail", self._name)
                self._trouble(f"{self._name}: {error}")
            self._failing = True
            return False
        self._written, self._failing = lit, False
        return True


class Beat:
    """One thread that plays all patterns of an agent, and sleeps until the next change of any."""

    def __init__(self, players: Sequence[Player]) -> None:
        self._players = players
        self._news = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="lamps", daemon=True)

    def start(self) -> None:
        if self._players:
            self._thread.start()

    def wake(self) -> None:
        """Something has begun."""
        self._news.set()

    def stop(self) -> None:
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stopping:
            waits = [wait for player in self._players if (wait := player.play()) is not None]
            self._news.wait(min(waits) / 1000 if waits else None)
            self._news.clear()
