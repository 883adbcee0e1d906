"""Waiting for what must happen soon, though nobody can say when: patient with a busy computer, and never without an end."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

WITHIN_S = 60.0
_POLL_S = 0.01
_THREADS = 16  # which of the facts after the state of a process says how many threads it has; see proc(5)
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
    Its other threads end after the first, and only with the last of them what it had locked is free.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    state, *facts = stat.rpartition(")")[2].split()  # after the name, which may hold anything
    return state in "ZX" and int(facts[_THREADS]) <= 1


def listens(log: Path, machines: Iterable[str]) -> bool:
    """True once the agent with this log has seen all these readers empty: a card that is there before that starts nothing."""
    said = log.read_text()
    return all(f"the reader of {machine} listens" in said for machine in machines)
