"""The simulated board's badge readers: one pseudo-terminal a machine, into which the board writes RDM6300 frames.

The board keeps the other end open too. So it can tell by itself how many bytes wait unread, and a dying agent does not
hang up the line.
"""

import fcntl
import os
import re
import struct
import termios
import time
import tty
from pathlib import Path

from agent.hardware.board_time import Patience

TTY_DIRECTORY = "tty"
_CARD = re.compile(r"[0-9A-F]{10}")
_STX, _ETX = b"\x02", b"\x03"
_ARRIVAL_S = 1.0
_BUFFER_BYTES = 4000  # a terminal's input holds 4095; what is beyond would be lost without a word


def rdm6300_frame(card: str) -> bytes:
    """The 14 bytes the reader sends: STX, ten hex digits, the XOR of their five bytes as two more, ETX."""
    if not _CARD.fullmatch(card):
        raise ValueError(f"card {card!r} is not ten upper-case hex digits")
    checksum = 0
    for byte in bytes.fromhex(card):
        checksum ^= byte
    return _STX + f"{card}{checksum:02X}".encode() + _ETX


class Reader:
    """One reader's line. ``written`` counts bytes for ever; ``lost`` those no agent was there to read."""

    def __init__(self, directory: Path, machine: str) -> None:
        self._link = directory / TTY_DIRECTORY / machine
        self._link.parent.mkdir(exist_ok=True)
        self.written = 0
        self.lost = 0
        self._is_there = False
        self.plug_in()

    def plug_in(self) -> None:
        if self._is_there:
            return
        self._board_end, self._agent_end = os.openpty()
        tty.setraw(self._agent_end)
        os.set_blocking(self._board_end, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._agent_end))
        self._is_there = True

    def pull_out(self) -> None:
        """Whoever reads it is told by an error, and its device is gone."""
        if self._is_there:
            self.lost += self.unread()
            self._is_there = False
            self._link.unlink(missing_ok=True)
            os.close(self._board_end)
            os.close(self._agent_end)

    def present(self, card: str, frames: int, is_heard: bool) -> int:
        """Hold a card to the reader for so many frames; returns the bytes written.

        Where nobody is there to hear it, what was written then waits in the line. Raises ValueError if that is full.
        A reader that is pulled out sees no card.
        """
        frame = rdm6300_frame(card) * frames
        if not self._is_there:
            return 0
        waiting = self.unread()
        if waiting + len(frame) > _BUFFER_BYTES:
            raise ValueError("the reader's line is full: nobody reads it")
        written = self._write(frame)
        self.written += written
        if not is_heard:
            self._until_arrived(waiting + written)
        return written

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._board_end, data)
        except BlockingIOError as error:
            raise ValueError("the reader's line is full: whoever should read it does not") from error

    def _until_arrived(self, expected: int) -> None:
        """The kernel moves bytes from one end to the other in its own time, as a rule within a millisecond."""
        patience = Patience(_ARRIVAL_S)
        while self.unread() < expected and not patience.is_over():
            time.sleep(_ARRIVAL_S / 1000)

    def unread(self) -> int:
        """Bytes that wait in the line. While somebody reads it, bytes of this moment may be on their way and uncounted."""
        if not self._is_there:
            return 0
        answer = fcntl.ioctl(self._agent_end, termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", answer)[0])

    def drop_unread(self) -> None:
        """Forget what nobody read, as opening a serial port does."""
        if not self._is_there:
            return
        self.lost += self.unread()
        termios.tcflush(self._agent_end, termios.TCIFLUSH)

    def close(self) -> None:
        self.pull_out()
