"""The reader chip MFRC522 on the SPI bus: the mfrc522 package's low-level class with what it gets wrong put right.

Left as it is, the package never looks at the chip's timer and reads 2 000 registers to see an empty field, cuts answers
at 16 bytes, and does not notice a chip that is not there.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent.hardware import gpio_shim
from agent.hardware.iso14443 import Answer, Collision, Frame, Garbled, Silence

gpio_shim.install()

from mfrc522 import MFRC522  # noqa: E402 — only now there is something for it to import

log = logging.getLogger(__name__)

_ABSENT = (0x00, 0xFF)  # what a line reads at which nobody is
_VERSIONS = {0x91: "MFRC522 1.0", 0x92: "MFRC522 2.0", 0x88: "FM17522 (clone)"}
_WAKES_S = 0.005  # after its reset line went high, and after a reset by command
_FIELD_UP_S = 0.0051  # a card may take 5 ms from the field to its first answer (ISO 14443-3)
_LOOK_EVERY_S = 0.0002
_LOOKS = 100
_RX_OR_IDLE, _RX, _TIMER = 0x30, 0x20, 0x01
_COLLIDED, _BAD = 0x08, 0x13  # buffer overflow, parity, protocol
_NOT_PLACED, _PLACE = 0x20, 0x1F
_FIFO_WRITE, _FIFO_READ = 0x12, 0x92
_PRESCALER = 0xA9  # 2 * 169 + 1 periods of 13.56 MHz: the timer ticks every 25 µs
_ANTENNA_ON, _ANTENNA_OFF = 0x83, 0x80


class ChipGoneError(Exception):
    """No chip answers, or none that does what it is told."""


class Pcd(MFRC522):  # type: ignore[misc]
    """One chip. ``reset_pin``: a pin lent to the shim before; None where the line is wired to 3.3 V.

    Raises OSError where there is no such bus.
    """

    MAX_LEN = 64
    _SETTINGS = (
        (MFRC522.TModeReg, 0x80),  # the timer starts when a frame has been sent
        (MFRC522.TPrescalerReg, _PRESCALER),
        (MFRC522.TReloadRegH, 0),
        (MFRC522.TReloadRegL, 40),  # 1 ms: a card answers after 91 µs or not at all
        (MFRC522.TxAutoReg, 0x40),  # full modulation
        (MFRC522.ModeReg, 0x3D),
        (MFRC522.CollReg, 0x00),  # zeros after a collision
    )

    def __init__(
        self, bus: int, device: int, reset_pin: int | None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._reset_pin = reset_pin
        self._pause = pause
        with _no_handlers_left_behind():
            super().__init__(bus, device, pin_rst=gpio_shim.NO_PIN if reset_pin is None else reset_pin)

    def MFRC522_Init(self) -> None:  # noqa: N802 — the package's name
        """Called by the package while it constructs. We begin when we are ready to hear that nobody is there."""

    def Close_MFRC522(self) -> None:  # noqa: N802
        """The bus alone; the reset line is for whoever lent it to take back."""
        self.spi.close()

    def begin(self) -> None:
        """Reset and set up. Raises ChipGoneError."""
        if self._reset_pin is not None:
            gpio_shim.pulse(self._reset_pin, self._pause)
        self._pause(_WAKES_S)
        self._there()
        self.MFRC522_Reset()
        self._pause(_WAKES_S)
        for register, value in self._SETTINGS:
            self.Write_MFRC522(register, value)
        if not self._keeps_settings():
            raise ChipGoneError("the chip answers and keeps nothing that is written to it")

    def check(self) -> bool:
        """Before every look. True where the chip had lost its settings, and has them again. Raises ChipGoneError."""
        self._there()
        if self._keeps_settings():
            return False
        self.begin()
        log.warning("the card reader's chip had lost its settings: a weak supply, or another reader on its reset line")
        return True

    def version(self) -> str:
        """What chip it says it is. Clones say what they like, and work."""
        number = self._there()
        return _VERSIONS.get(number, f"clone (version {number:#04x})")

    @contextmanager
    def field(self) -> Iterator[None]:
        """The antenna is on only while somebody looks: it takes much current, and a card that hangs starts anew."""
        self.Write_MFRC522(self.TxControlReg, _ANTENNA_ON)
        try:
            self._pause(_FIELD_UP_S)
            yield
        finally:
            self.Write_MFRC522(self.TxControlReg, _ANTENNA_OFF)

    def transceive(self, data: bytes, bits: int = 0, align: int = 0) -> Answer:
        """As ``iso14443.Air`` has it. Raises ChipGoneError."""
        self.Write_MFRC522(self.CommandReg, self.PCD_IDLE)
        self.Write_MFRC522(self.CommIrqReg, 0x7F)
        self.Write_MFRC522(self.FIFOLevelReg, 0x80)
        self.spi.xfer2([_FIFO_WRITE, *data])
        self.Write_MFRC522(self.BitFramingReg, align << 4 | bits)  # before the command, or the last start would count
        self.Write_MFRC522(self.CommandReg, self.PCD_TRANSCEIVE)
        self.Write_MFRC522(self.BitFramingReg, 0x80 | align << 4 | bits)
        return self._received() if self._wait() & _RX else Silence()

    def _wait(self) -> int:
        for _ in range(_LOOKS):
            irq = int(self.Read_MFRC522(self.CommIrqReg))
            if irq & (_RX_OR_IDLE | _TIMER):
                return irq
            self._pause(_LOOK_EVERY_S)
        self._there()
        raise ChipGoneError("the chip does not end what it began")

    def _received(self) -> Answer:
        error = self.Read_MFRC522(self.ErrorReg)
        level = self.Read_MFRC522(self.FIFOLevelReg)
        if error & (_COLLIDED | _BAD) or level > self.MAX_LEN:
            self._there()  # a line that nobody holds reads as every error at once
        if level > self.MAX_LEN:
            raise ChipGoneError(f"the chip holds {level} bytes where {self.MAX_LEN} have room")
        data = bytes(self.spi.xfer2([_FIFO_READ] * level + [0])[1:])
        if error & _COLLIDED:
            return Collision(data, self._place())
        if error & _BAD:
            return Garbled(f"noise on the air (error {error:#04x})")
        return Frame(data, self.Read_MFRC522(self.ControlReg) & 0x07)

    def _place(self) -> int | None:
        """The first bit of the answer that cards contradict each other in, counted from 1; 0 stands for the 32nd."""
        coll = self.Read_MFRC522(self.CollReg)
        return None if coll & _NOT_PLACED else (coll & _PLACE) or 32

    def _there(self) -> int:
        number = int(self.Read_MFRC522(self.VersionReg))
        if number in _ABSENT:
            raise ChipGoneError(f"no reader chip answers on the bus (version {number:#04x})")
        return number

    def _keeps_settings(self) -> bool:
        return bool(self.Read_MFRC522(self.TPrescalerReg) == _PRESCALER)


@contextmanager
def _no_handlers_left_behind() -> Iterator[None]:
    """The package adds a handler to its logger each time; with them every line would be said once more."""
    logger = logging.getLogger("mfrc522Logger")
    before = list(logger.handlers)
    try:
        yield
    finally:
        logger.handlers = before
