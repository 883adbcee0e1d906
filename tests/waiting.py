"""Waiting for what must happen soon, though nobody can say when: patient with a busy computer, and never without an end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

WITHIN_S = 15.0
_POLL_S = 0.01
T = TypeVar("T")


def until(true: Callable[[], T | None], within_s: float = WITHIN_S) -> T:
    """Wait for something to become true, and return it. Fails after a while, saying what did not happen."""
    deadline = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s"
        time.sleep(_POLL_S)
    return found


def gone(pid: int) -> bool:
    """True when this process has ended, even where nobody has asked for its exit code yet.

    One that has been killed is still running for an instant, even after its pipes are closed: ``until(lambda: gone(pid))``.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"  # after the name, which may hold anything
