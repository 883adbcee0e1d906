"""One agent at a time on a state folder, and how others find it: a file that it holds locked, with its process number in it.

The lock goes with the process, however that ends. So a number that is still there after a power cut misleads nobody.
"""

import fcntl
import logging
import os
from pathlib import Path

PID_FILE = "agent.pid"
log = logging.getLogger(__name__)


class AlreadyRunningError(Exception):
    """Another agent has this state folder."""


class Instance:
    """``announce()`` once signals are understood: before that there is nobody to be found."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def announce(self) -> None:
        if self._descriptor is not None:
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)


def claim(state_dir: Path) -> Instance:
    """This process has the folder from now on. Raises AlreadyRunningError.

    A disk that takes no file keeps nobody from working: then the agent cannot be found, and that is all.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state_dir / PID_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        _lock(descriptor, state_dir)
        os.ftruncate(descriptor, 0)
    except OSError as error:
        log.warning("prolab-agent drain will not find this agent: %s", error)
        return Instance(None)
    return Instance(descriptor)


def running(state_dir: Path) -> int | None:
    """The process number of the agent that has this folder, 0 where it has not told it yet, None where there is none."""
    try:
        descriptor = os.open(state_dir / PID_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 20, 0).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return None


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunningError(f"another prolab-agent has {state_dir}: two would write one memory") from None
