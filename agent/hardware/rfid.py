"""Badge readers for 13.56 MHz cards: an MFRC522 chip on the SPI bus, asked ten times a second who lies on its antenna."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from gpiozero.pins import Factory

from agent.hardware import ReaderDown, ReaderReport, ReaderReset, ReaderUp, gpio_shim, iso14443
from agent.hardware.card_presence import CardPresence
from agent.hardware.pcd import ChipGoneError, Pcd

log = logging.getLogger(__name__)

RETRY_S = 1.0
_EVERY_MS = 100
_AT_LEAST_MS = 50  # between two looks, whatever a look took: the antenna rests, and so does the processor


class RfidReader:
    """One reader in one thread. ``pins`` makes the reset line, where it has one of its own (Broadcom number).

    ``pause`` is how the chip is waited for within a look. Raises gpiozero's GPIOPinInUse for a reset pin that is taken.
    ``version`` is what chip it was when it last came up, ``resets`` how often it forgot its settings while it worked.
    """

    def __init__(
        self,
        machine: str,
        bus: int,
        device: int,
        reset_pin: int | None,
        pins: Factory,
        mono_ms: Callable[[], int],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._machine = machine
        self._place = (bus, device, reset_pin, pause)
        self._mono_ms = mono_ms
        self._presence = CardPresence(machine)
        self.version = ""
        self._looks: int | None = None
        self._down = False
        self._stopping = threading.Event()
        self._report: Callable[[ReaderReport], None] = lambda report: None
        self._thread = threading.Thread(target=self._run, name=f"reader-{machine}", daemon=True)
        self._reset_pin = reset_pin
        if reset_pin is not None:
            gpio_shim.lend(reset_pin, pins)

    @property
    def bytes_seen(self) -> int | None:
        """Looks so far, in the place of bytes: this reader is not for a board whose time stands still."""
        return self._looks

    def start(self, report: Callable[[ReaderReport], None]) -> None:
        self._report = report
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=RETRY_S)
        if self._reset_pin is not None:
            gpio_shim.give_back(self._reset_pin)
            self._reset_pin = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._use()
            except Exception as error:  # lgpio's and gpiozero's errors are no OSErrors
                if not self._down and not isinstance(error, OSError | ChipGoneError):
                    log.exception("the reader of %s", self._machine)
                self._tell_down(str(error) or repr(error))
            self._stopping.wait(RETRY_S)

    def _use(self) -> None:
        chip = Pcd(*self._place)
        try:
            chip.begin()
            self._tell_up(chip.version())
            while not self._stopping.is_set():
                began = self._mono_ms()
                self._look(chip)
                self._stopping.wait(rest_s(self._mono_ms() - began))
        finally:
            chip.Close_MFRC522()

    def _look(self, chip: Pcd) -> None:
        if chip.check():
            self._report(ReaderReset(self._machine))
        with chip.field():
            seen = iso14443.look(chip, lambda: self._tell(self._presence.answered()))
        self._tell(self._presence.after(seen))
        self._looks = (self._looks or 0) + 1

    def _tell(self, reports: Iterable[ReaderReport]) -> None:
        for report in reports:
            self._report(report)

    def _tell_up(self, version: str) -> None:
        log.info("the card reader of %s is an %s", self._machine, version)
        self.version = version
        self._looks = self._looks or 0
        self._down = False
        self._presence.interrupted()
        self._report(ReaderUp(self._machine))

    def _tell_down(self, detail: str) -> None:
        """Once, however long it lasts. What lay on the reader counts as there until a working reader finds it gone."""
        self._looks = None
        if not self._down:
            self._down = True
            self._report(ReaderDown(self._machine, detail))


def rest_s(took_ms: int) -> float:
    """How long to wait after a look that took so long."""
    return max(_AT_LEAST_MS, _EVERY_MS - took_ms) / 1000


def identify(bus: int, device: int, reset_pin: int | None, pins: Factory) -> str:
    """What chip answers there, for whoever looks for a fault. Raises OSError or ChipGoneError."""
    if reset_pin is not None:
        gpio_shim.lend(reset_pin, pins)
    try:
        chip = Pcd(bus, device, reset_pin)
        try:
            chip.begin()
            return chip.version()
        finally:
            chip.Close_MFRC522()
    finally:
        if reset_pin is not None:
            gpio_shim.give_back(reset_pin)
