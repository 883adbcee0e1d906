"""The PZEM-004T v3 power meter on a serial line: asked once a second what the machine draws, and never told anything.

Modbus RTU, of which only function 04, "read", is ever sent: 41 would start a calibration and spoil the meter for good. It
measures only while mains are present, so its silence most often means that the machine's main switch is off.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from serial.serialposix import Serial

from agent.hardware import FrameRefused, MeterDown, Metered, MeterReport

log = logging.getLogger(__name__)

BAUD = 9600
ANY_ADDRESS = 0xF8  # every meter answers to it, so only for one meter alone on its line
POLL_S = 1.0
RETRY_S = 1.0
REPLY_S = 0.5
MISSES = 3  # so many answers in a row are missing or bad before the meter counts as silent
READ = 0x04
REPLY_BYTES = 25
_REGISTERS = 10


@dataclass(frozen=True, slots=True)
class Reading:
    """``wh`` grows for ever, also over power cuts, and begins anew after 9999.99 kWh."""

    volts: float
    amps: float
    watts: float
    wh: int
    hertz: float
    power_factor: float


@dataclass(frozen=True, slots=True)
class Bad:
    why: str


def crc(data: bytes) -> bytes:
    """The checksum of a Modbus frame: two bytes, the low one first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def request(address: int = ANY_ADDRESS) -> bytes:
    """The eight bytes that ask a meter for all it measures."""
    frame = bytes((address, READ, 0, 0, 0, _REGISTERS))
    return frame + crc(frame)


def parse(reply: bytes, address: int = ANY_ADDRESS) -> Reading | Bad:
    """What stands in a meter's answer."""
    if not reply:
        return Bad("no answer")
    if len(reply) < 5 or crc(reply[:-2]) != reply[-2:]:
        return Bad("torn or wrong checksum")
    if reply[0] != address:
        return Bad(f"answered by meter {reply[0]}, asked was {address}")
    if reply[1] == READ | 0x80:
        return Bad(f"the meter refuses with code {reply[2]}")
    if len(reply) != REPLY_BYTES or reply[1:3] != bytes((READ, 2 * _REGISTERS)):
        return Bad("not the answer to what was asked")
    return _reading([int.from_bytes(reply[at : at + 2]) for at in range(3, 23, 2)])


def _reading(registers: list[int]) -> Reading:
    """Numbers of 32 bits come with their low half first."""
    volts, amps, amps_high, watts, watts_high, wh, wh_high, hertz, factor, _alarm = registers
    return Reading(
        volts=volts / 10,
        amps=(amps_high << 16 | amps) / 1000,
        watts=(watts_high << 16 | watts) / 10,
        wh=wh_high << 16 | wh,
        hertz=hertz / 10,
        power_factor=factor / 100,
    )


class PzemMeter:
    """One meter in one thread. ``port`` is best a ``/dev/serial/by-id/…`` path, which survives another USB socket."""

    def __init__(self, machine: str, port: str, address: int = ANY_ADDRESS) -> None:
        self._machine = machine
        self._port = port
        self._address = address
        self._is_down = False
        self._line: Any = None  # pyserial carries no types
        self._stopping = threading.Event()
        self._report: Callable[[MeterReport], None] = lambda report: None
        self._thread = threading.Thread(target=self._run, name=f"meter-{machine}", daemon=True)

    def start(self, report: Callable[[MeterReport], None]) -> None:
        self._report = report
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if (line := self._line) is not None:
            with suppress(OSError, TypeError):  # its own thread may just be closing it
                line.cancel_read()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * REPLY_S + RETRY_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with Serial(self._port, BAUD, timeout=REPLY_S, write_timeout=REPLY_S, exclusive=True) as line:
                    self._line = line
                    self._poll(line)
            except Exception as error:  # pyserial's own errors are OSErrors, termios.error is none
                if not self._is_down and not isinstance(error, OSError):
                    log.exception("the meter of %s", self._machine)
                self._down(str(error) or repr(error))
            self._line = None
            self._stopping.wait(RETRY_S)

    def _poll(self, line: Any) -> None:
        missed = 0
        while not self._stopping.is_set():
            line.reset_input_buffer()
            line.write(request(self._address))
            reply = line.read(REPLY_BYTES)
            answer = parse(reply, self._address)
            if isinstance(answer, Reading):
                missed, self._is_down = 0, False
                self._report(Metered(self._machine, answer.watts, float(answer.wh)))
            elif not self._stopping.is_set():
                missed += 1
                if reply:  # torn, wrong or another meter's
                    self._report(FrameRefused(self._machine, f"meter: {answer.why}"))
                if missed >= MISSES:
                    self._down(answer.why)
            self._stopping.wait(POLL_S)

    def _down(self, why: str) -> None:
        """Told once, until it has answered again."""
        if not self._is_down:
            self._is_down = True
            self._report(MeterDown(self._machine, why))
