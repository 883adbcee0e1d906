"""The agent's end of its cable to the simulated board: says hello once, and is told when virtual time has moved.

The board takes the closing of this cable for the death of the process, and lets the agent's pins fall.
"""

import json
import os
import queue
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOCKET_NAME = "board.sock"
_HELLO_TIMEOUT_S = 10.0


class BoardGoneError(RuntimeError):
    """The simulated board closed the line or never answered: the hardware this agent drives does not exist."""


@dataclass(frozen=True, slots=True)
class Wake:
    """The board's word to the main loop, in the loop's own queue. ``n`` is None when the board is gone."""

    n: int | None
    clock_was_set: bool

    def check(self) -> int:
        if self.n is None:
            raise BoardGoneError("the simulated board has stopped")
        return self.n


class BoardLine:
    """One connection for the life of the process. Raises BoardGoneError where no board answers, or where it refuses."""

    def __init__(self, directory: Path, agent: str) -> None:
        self._socket = _connect(directory / SOCKET_NAME)
        self._lines = self._socket.makefile("rb")
        self._listener: threading.Thread | None = None
        self.send({"hello": {"agent": agent, "pid": os.getpid()}})
        hello = self._hello()
        self.boot: str = hello["boot"]
        self.boot_wall_ms: int = hello["boot_wall_ms"]
        self.synced: bool = hello["synced"]
        self.wall_offset_ms: int = hello["wall_offset_ms"]  # how wrong the wall clock is until it is set

    def send(self, message: dict[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise BoardGoneError(f"the simulated board is gone: {error}") from error

    def listen(self, inbox: "queue.Queue[Any] | queue.SimpleQueue[Any]") -> None:
        """From the first call on, puts each Wake the board sends into ``inbox``. Further calls change nothing."""
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, args=(inbox,), name="board", daemon=True)
            self._listener.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._lines.close()
        self._socket.close()

    def _hello(self) -> dict[str, Any]:
        try:
            answer = json.loads(self._lines.readline() or b"{}")
        except OSError as error:
            raise BoardGoneError(f"the simulated board did not answer: {error}") from error
        if "boot" not in answer:
            raise BoardGoneError(answer.get("error", "the simulated board closed the line"))
        self._socket.settimeout(None)
        return answer  # type: ignore[no-any-return]

    def _listen(self, inbox: "queue.Queue[Any] | queue.SimpleQueue[Any]") -> None:
        clock_was_set = False
        try:
            for raw in self._lines:
                message = json.loads(raw)
                if message.get("synced"):
                    self.synced = clock_was_set = True
                if "wake" in message:
                    inbox.put(Wake(message["wake"], clock_was_set))
                    clock_was_set = False
        except (OSError, ValueError):
            pass  # reset by the board, or closed by us: either way there is nothing more to hear
        inbox.put(Wake(None, False))


def _connect(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(_HELLO_TIMEOUT_S)
    try:
        line.connect(str(path))
    except OSError as error:
        line.close()
        raise BoardGoneError(f"no simulated board at {path}: {error}") from error
    return line
