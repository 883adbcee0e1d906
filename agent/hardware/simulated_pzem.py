"""SIMULATED: a PZEM-004T v3 that is not there. It answers byte for byte on a real pseudo-terminal; its load can be set.

For tests, and for trying a box on a table without mains. Nothing it says was measured.
"""

import os
import select
import threading
import tty
from collections.abc import Callable
from pathlib import Path

from agent.hardware.pzem import ANY_ADDRESS, crc

_ILLEGAL_FUNCTION, _ILLEGAL_REGISTER = 1, 2
_SILENCE_S = 0.02  # ends a frame
_MWS_A_WH = 3_600_000  # milliwatt-seconds, which are watts times ms
_WRAP_WH = 9_999_990


class SimulatedPzem:
    """A meter behind ``link``, a symbolic link to its terminal. ``mono_ms`` is the time in which its counter grows.

    ``mains``: False and it is silent. ``spoiled``: so many of the next answers come with one bit wrong. ``requests``: all that
    was ever sent to it.
    """

    def __init__(self, link: Path, mono_ms: Callable[[], int], address: int = 1, wh: float = 0.0) -> None:
        self.mains = True
        self.spoiled = 0
        self.requests: list[bytes] = []
        self._link = link
        self._mono_ms = mono_ms
        self._address = address
        self._watts, self._volts = 0.0, 230.0
        self._mws = round(wh * _MWS_A_WH)
        self._counted_ms = mono_ms()
        self._lock = threading.Lock()
        self._unplugged = threading.Event()
        self.plug_in()

    def set_load(self, watts: float, volts: float = 230.0) -> None:
        with self._lock:
            self._count()
            self._watts, self._volts = watts, volts

    def plug_in(self) -> None:
        self._meter_end, self._agent_end = os.openpty()
        tty.setraw(self._agent_end)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._agent_end))
        self._unplugged.clear()
        self._thread = threading.Thread(target=self._run, name="simulated pzem", daemon=True)
        self._thread.start()

    def pull_out(self) -> None:
        """Pull the adapter out of its socket."""
        self._unplugged.set()
        self._thread.join()
        self._link.unlink(missing_ok=True)
        os.close(self._meter_end)
        os.close(self._agent_end)

    def answer(self, frame: bytes) -> bytes:
        """What the meter says to one whole frame; nothing where it was not meant, or not understood."""
        if not self.mains or len(frame) < 4 or crc(frame[:-2]) != frame[-2:]:
            return b""
        address, function = frame[0], frame[1]
        if address not in (self._address, ANY_ADDRESS):
            return b""
        with self._lock:
            self._count()
            body = self._body(function, frame[2:-2])
        reply = bytes((address,)) + body
        reply += crc(reply)
        if self.spoiled:
            self.spoiled -= 1
            reply = bytes((reply[0], reply[1], reply[2] ^ 1, *reply[3:]))
        return reply

    def _run(self) -> None:
        frame = b""
        while not self._unplugged.is_set():
            readable, _, _ = select.select([self._meter_end], [], [], _SILENCE_S)
            if readable:
                frame += os.read(self._meter_end, 256)
            elif frame:
                self.requests.append(frame)
                os.write(self._meter_end, self.answer(frame))
                frame = b""

    def _body(self, function: int, data: bytes) -> bytes:
        match function:
            case 0x04 if len(data) == 4:
                first, count = int.from_bytes(data[:2]), int.from_bytes(data[2:])
                if not 0 < count <= 10 - first:
                    return bytes((function | 0x80, _ILLEGAL_REGISTER))
                registers = self._registers()[first : first + count]
                return bytes((function, 2 * count)) + b"".join(one.to_bytes(2) for one in registers)
            case 0x42:
                self._mws = 0
                return bytes((function,))
            case 0x06 if data[:2] == b"\x00\x02":
                self._address = data[3]
                return bytes((function,)) + data
        return bytes((function | 0x80, _ILLEGAL_FUNCTION))

    def _registers(self) -> list[int]:
        """No load, no current; a load without inductance otherwise."""
        watts, milliamps = round(self._watts * 10), round(self._watts * 1000 / self._volts)
        wh = self._mws // _MWS_A_WH % _WRAP_WH
        halves = [half for one in (milliamps, watts, wh) for half in (one & 0xFFFF, one >> 16)]
        return [round(self._volts * 10), *halves, 500, 100 if watts else 0, 0xFFFF]

    def _count(self) -> None:
        now_ms = self._mono_ms()
        self._mws += round(self._watts * (now_ms - self._counted_ms))
        self._counted_ms = now_ms
