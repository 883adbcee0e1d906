"""The simulated board's time: virtual, where it stands until the board moves it, or the computer's own.

Also the board's patience, which is always real: no wait for an agent goes on for ever.
"""

import time
from pathlib import Path

from agent.hardware.board_map import TimeCell


class BoardTime:
    def __init__(self, directory: Path, virtual: bool) -> None:
        self._cell = TimeCell(directory, writable=True)
        self.virtual = virtual

    def now_ms(self) -> int:
        """Wall time in ms. In real time the board's file follows."""
        if not self.virtual:
            self._cell.write(time.time_ns() // 1_000_000)  # noqa: TID251 — a clock of its own, for the demo in real time
        return self._cell.read()

    def move_to(self, wall_ms: int) -> None:
        """Only in virtual time, and only forward."""
        if not self.virtual or wall_ms < self._cell.read():
            raise ValueError("time only moves forward, and only where it is virtual")
        self._cell.write(wall_ms)


class Patience:
    """How much longer to wait, in real seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds  # noqa: TID251 — real time, also while virtual time stands
        self.seconds = seconds

    def is_over(self) -> bool:
        return time.monotonic() >= self._end  # noqa: TID251 — as above
