"""The display of a box: drawn in a thread of its own, only when the picture changes, and always the newest one.

Pulled out and put back, it comes up again by itself: it is asked every two seconds whether it is there. Its trouble is
told once and stops nothing.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from PIL import Image

from agent.hardware.drawing import HEIGHT, WIDTH, picture
from agent.panel import Shown

ASK_S = 2.0
_NOTHING = 0xE3  # the display's command for doing nothing
log = logging.getLogger(__name__)


class Glass(Protocol):
    """What a picture is put on. Every method may raise."""

    def put(self, image: Image.Image) -> None:
        """``image``: 128 by 64 dots, mode 1."""

    def ask(self) -> None:
        """Raises when it is gone."""

    def close(self) -> None: ...


class Oled:
    """An SSD1306 or SH1106 of 128 by 64 dots on an I2C bus. Raises luma's errors or OSError where none answers."""

    def __init__(self, kind: str, bus: int, address: int) -> None:
        from luma.core.interface.serial import i2c
        from luma.oled import device

        self._serial: Any = i2c(port=bus, address=address)
        try:
            self.ask()  # before the driver is made: each one that is made stays until the process ends
            make = {"ssd1306": device.ssd1306, "sh1106": device.sh1106}[kind]
            self._device: Any = make(self._serial, width=WIDTH, height=HEIGHT)
        except BaseException:
            self._serial.cleanup()
            raise

    def put(self, image: Image.Image) -> None:
        self._device.display(image)

    def ask(self) -> None:
        self._serial.command(_NOTHING)

    def close(self) -> None:
        """Dark, where it still answers."""
        with suppress(Exception):
            self._device.hide()
        self._serial.cleanup()


class Display:
    """One glass in one thread. ``trouble`` is told once when it fails, and again only after it had worked."""

    def __init__(
        self, name: str, open_glass: Callable[[], Glass], trouble: Callable[[str], None], ask_s: float = ASK_S
    ) -> None:
        self._name = name
        self._open = open_glass
        self._trouble = trouble
        self._ask_s = ask_s
        self._glass: Glass | None = None
        self._wanted: Shown | None = None
        self._drawn: tuple[Shown, bytes] | None = None
        self._failing = False
        self._stopping = False
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"display-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def show(self, shown: Shown) -> None:
        """Soon, unless something newer comes before."""
        self._wanted = shown
        self._news.set()

    def stop(self) -> None:
        """Goes dark: an old word on a display is worse than none."""
        self._stopping = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1)
        self._let_go()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._work()
            except Exception as error:
                if not self._failing:
                    log.exception("the display of %s fails", self._name)
                    self._trouble(f"display: {error}")
                self._failing = True
                self._let_go()
            self._news.wait(self._ask_s)
            self._news.clear()

    def _work(self) -> None:
        if self._glass is None:
            self._glass = self._open()
            self._drawn = None
        shown = self._wanted
        if shown is None or (self._drawn is not None and self._drawn[0] == shown):
            self._glass.ask()
        else:
            self._draw(self._glass, shown)
        if self._failing:
            log.info("the display of %s is back", self._name)
            self._failing = False

    def _draw(self, glass: Glass, shown: Shown) -> None:
        image = picture(shown)
        dots = image.tobytes()
        if self._drawn is None or self._drawn[1] != dots:
            glass.put(image)
        self._drawn = (shown, dots)

    def _let_go(self) -> None:
        glass, self._glass = self._glass, None
        if glass is not None:
            try:
                glass.close()
            except Exception:
                log.exception("the display of %s cannot be closed", self._name)
