"""What the demo says while it works: one line that changes on a terminal, a line every few seconds elsewhere.

What takes long and whose end is known has a bar before the words.
"""

import sys
import time
from typing import TextIO

_TERMINAL_S, _PLAIN_S = 0.1, 2.0
_BAR = 30


class Progress:
    """Writes to standard error, so that the summary stands alone on standard output."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._started = self._said = _real_s()

    @property
    def seconds(self) -> float:
        return _real_s() - self._started

    def say(self, text: str) -> None:
        """A new chapter: always shown."""
        self._write(text)

    def tick(self, text: str, done: int = 0, of: int = 0) -> None:
        """The same chapter goes on, ``done`` steps ``of`` so many: shown if the last word is some time ago."""
        if _real_s() - self._said >= (_TERMINAL_S if self._terminal else _PLAIN_S):
            self._write(f"{_bar(done, of)}  {text}" if of else text)

    def part(self, before: int, of: int) -> "Part":
        """For one of several pieces of work that make up a whole of ``of`` steps; ``before`` are done already."""
        return Part(self, before, of)

    def done(self) -> None:
        """Leave the terminal's line."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _write(self, text: str) -> None:
        line = f"{self.seconds:6.1f} s  {text}"
        self._stream.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()
        self._said = _real_s()


class Part:
    """A stretch of somebody's progress."""

    def __init__(self, progress: Progress, before: int, of: int) -> None:
        self._progress = progress
        self._before = before
        self._of = of

    def tick(self, text: str, done: int, of: int) -> None:
        self._progress.tick(text, self._before + done, self._of)


def _bar(done: int, of: int) -> str:
    filled = _BAR * done // of
    return f"[{'#' * filled}{' ' * (_BAR - filled)}] {100 * done // of:3} %"


def _real_s() -> float:
    return time.monotonic()
