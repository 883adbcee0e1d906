"""A SIMULATED display: what ``import smbus2`` finds where there is no I2C bus, with an SSD1306 or SH1106 on it.

Takes the bytes that the real driver sends, as the chips' data sheets have it: a control byte, then commands or dots.
Fails as a bus does whose display is unplugged; one that comes back has forgotten all and is dark until it is set up.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from functools import partial
from types import ModuleType
from typing import Self

from PIL import Image

WIDTH, HEIGHT = 128, 64
_COMMANDS, _DOTS = 0x00, 0x40
_OPERANDS = {0x81: 1, 0xA8: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1, 0x8D: 1, 0x20: 1, 0x21: 2, 0x22: 2}
_ON, _OFF, _CHARGE_PUMP, _COLUMNS, _PAGES = 0xAF, 0xAE, 0x8D, 0x21, 0x22


class SimulatedOled:
    """An SH1106 has four columns more than its glass shows, two on each side, and writes within one page only."""

    def __init__(self, address: int = 0x3C, sh1106: bool = False) -> None:
        self.address = address
        self.plugged = True
        self.bytes_seen = 0
        self.frames = 0  # times the last dot of the last page was written
        self._sh1106 = sh1106
        self._reset()

    def unplug(self) -> None:
        self.plugged = False

    def plug(self) -> None:
        self.plugged = True
        self._reset()

    def write(self, data: bytes) -> None:
        """One transfer, without the address. Raises OSError while it is unplugged."""
        if not self.plugged:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        self.bytes_seen += 1 + len(data)
        if data[0] == _COMMANDS:
            self._obey(iter(data[1:]))
        elif data[0] == _DOTS:
            for column in data[1:]:
                self._take(column)
        else:
            raise ValueError(f"simulated display: {data[0]:#x} is no control byte")

    def seen(self) -> Image.Image | None:
        """What an eye sees; None while it is dark."""
        if not (self._on and self._pump):
            return None
        first = 2 if self._sh1106 else 0
        image = Image.new("1", (WIDTH, HEIGHT))
        for y in range(HEIGHT):
            for x in range(WIDTH):
                image.putpixel((x, y), self._memory[y // 8][first + x] >> (y % 8) & 1)
        return image

    def _reset(self) -> None:
        self._memory = [[0xA5] * 132 for _ in range(8)]  # whatever lies in a fresh memory
        self._on, self._pump = False, self._sh1106  # an SH1106 makes its own voltage
        self._columns, self._pages = (0, WIDTH - 1), (0, 7)
        self._column = self._page = 0

    def _obey(self, data: Iterator[int]) -> None:
        for command in data:
            known = not (self._sh1106 and command in (0x20, 0x21, 0x22, 0x8D))  # nothing to an SH1106
            self._do(command, [next(data) for _ in range(_OPERANDS.get(command, 0) if known else 0)])

    def _do(self, command: int, operands: list[int]) -> None:
        if command in (_ON, _OFF):
            self._on = command == _ON
        elif self._sh1106:
            self._move(command)
        elif command == _CHARGE_PUMP:
            self._pump = operands == [0x14]
        elif command == _COLUMNS:
            self._columns, self._column = (operands[0], operands[1]), operands[0]
        elif command == _PAGES:
            self._pages, self._page = (operands[0], operands[1]), operands[0]

    def _move(self, command: int) -> None:
        """An SH1106's page and column, low and high half."""
        match command >> 4:
            case 0xB:
                self._page = command & 7
            case 0x0:
                self._column = self._column & 0xF0 | command & 0x0F
            case 0x1:
                self._column = self._column & 0x0F | (command & 0x0F) << 4

    def _take(self, column: int) -> None:
        self._memory[self._page][self._column % 132] = column
        self._column += 1
        if self._sh1106:
            self.frames += self._page == 7 and self._column == WIDTH + 2
            return
        if self._column > self._columns[1]:
            self._column = self._columns[0]
            self._page += 1
            if self._page > self._pages[1]:
                self._page = self._pages[0]
                self.frames += 1


class Message(bytes):
    """One transfer to an address."""

    address: int

    @classmethod
    def write(cls, address: int, data: Iterable[int]) -> Self:
        message = cls(bytes(data))
        message.address = address
        return message


class Bus:
    """Has the names of smbus2's class that are used."""

    def __init__(self, displays: tuple[SimulatedOled, ...], number: int) -> None:
        if number != 1:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"/dev/i2c-{number}")
        self._displays = {one.address: one for one in displays}

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None:
        """At most 32 bytes after the first, as in the kernel."""
        if len(data) > 32:
            raise ValueError("simulated I2C bus: more than 32 bytes")
        self._write(address, bytes((register, *data)))

    def i2c_rdwr(self, message: Message) -> None:
        self._write(message.address, bytes(message))

    def close(self) -> None:
        """Nothing to give back."""

    def _write(self, address: int, data: bytes) -> None:
        if address not in self._displays:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        self._displays[address].write(data)


def smbus2(*displays: SimulatedOled) -> ModuleType:
    """The module to be found as ``smbus2`` where these displays hang on bus 1, the only one there is."""
    module = ModuleType("smbus2", __doc__)
    vars(module).update(SMBus=partial(Bus, displays), i2c_msg=Message)
    return module
