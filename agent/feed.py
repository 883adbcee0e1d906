"""Lets ``prolab-agent learn`` listen to the meters of an agent that runs: their serial ports belong to the agent.

Whoever listens makes a socket of this name in the state folder. Nobody there costs nothing, and nobody who listens too slowly
holds anything up.
"""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.hardware import MeterDown, Metered, MeterReport

NAME = "learn.sock"
_BYTES = 4096


@contextmanager
def overheard(put: Callable[[Any], None], state_dir: Path) -> Iterator[Callable[[Any], None]]:
    """``put``, and the meters' reports also to whoever listens. Called in the meters' own threads."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    line.setblocking(False)
    target = str(state_dir / NAME)

    def tell(report: Any) -> None:
        put(report)
        match report:
            case Metered(machine, watts, wh):
                said: list[Any] = [machine, watts, wh]
            case MeterDown(machine, detail):
                said = [machine, None, detail[:200]]
            case _:
                return
        with suppress(OSError):  # nobody listens, which is the rule
            line.sendto(json.dumps(said).encode(), target)

    with line:
        yield tell


@contextmanager
def listening(state_dir: Path) -> Iterator[Callable[[float], MeterReport | None]]:
    """A function that waits so many seconds for the next report. Raises OSError where the folder takes no socket."""
    path = state_dir / NAME
    path.unlink(missing_ok=True)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        line.bind(str(path))
        path.chmod(0o666)  # the agent is another account than root
        yield lambda seconds: _next(line, seconds)
    finally:
        line.close()
        path.unlink(missing_ok=True)


def _next(line: socket.socket, seconds: float) -> MeterReport | None:
    line.settimeout(max(0.001, seconds))
    with suppress(TimeoutError, ValueError, TypeError):
        machine, watts, other = json.loads(line.recv(_BYTES))
        if watts is None:
            return MeterDown(str(machine), str(other))
        return Metered(str(machine), float(watts), None if other is None else float(other))
    return None
