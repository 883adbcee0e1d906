"""The only place on the server that reads a clock. In the demo the time comes from the simulated board."""

import mmap
import time
from datetime import UTC, datetime
from pathlib import Path

_VIRTUAL = slice(0, 8)  # wall time in ms, where the board's file begins; taken as one slice, never byte by byte


class Clock:
    """Wall time in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock(Clock):
    """The simulated board's time, read from its memory-mapped file. Only with ``demo = true``."""

    def __init__(self, board: Path) -> None:
        with board.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    def now(self) -> datetime:
        milliseconds = int.from_bytes(self._map[_VIRTUAL], "little", signed=True)
        return datetime.fromtimestamp(milliseconds / 1000, UTC)


def clock_for(board: Path | None) -> Clock:
    """The system's clock, or the simulated board's when there is one."""
    return Clock() if board is None else VirtualClock(board)


def patience() -> float:
    """Real seconds that only ever grow, in simulated time too: for how long to wait, never for what is written down."""
    return time.monotonic()
