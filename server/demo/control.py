"""What somebody at the demo's bench may do to it: pull a cable, kill an agent, let the makers rest. One Unix socket.

The page asks, in JSON lines; the demo itself does it between two taps, because the processes are its own.
"""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

SOCKET = "demo.sock"
_ANSWERED_WITHIN_S = 15.0

Answer = dict[str, Any]
Do = Callable[[dict[str, Any]], Answer]


class Control:
    """The demo's side. ``serve`` is called by whoever owns the processes; until then what was asked waits."""

    def __init__(self, directory: Path) -> None:
        self._asked: SimpleQueue[tuple[dict[str, Any], SimpleQueue[Answer]]] = SimpleQueue()
        self._path = directory / SOCKET
        self._path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(self._path))
        self._listening.listen()
        Thread(target=self._listen, name="control", daemon=True).start()

    def serve(self, do: Do, wait_s: float) -> None:
        """Do what has been asked, waiting at most so long for the first request."""
        with suppress(Empty):
            request, answer = self._asked.get(timeout=wait_s)
            try:
                answer.put({"ok": True, **do(request)})
            except (ValueError, OSError, RuntimeError) as error:
                answer.put({"error": str(error)})

    def close(self) -> None:
        self._listening.close()
        self._path.unlink(missing_ok=True)

    def _listen(self) -> None:
        with suppress(OSError):  # closed: the demo is over
            while True:
                connection, _ = self._listening.accept()
                Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as lines, suppress(OSError, ValueError):
            answer: SimpleQueue[Answer] = SimpleQueue()
            self._asked.put((json.loads(lines.readline()), answer))
            lines.write(json.dumps(answer.get()) + "\n")
            lines.flush()


def ask(directory: Path, request: dict[str, Any]) -> Answer:
    """The page's side. Raises OSError where no demo runs, ValueError where it cannot do what is asked."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_ANSWERED_WITHIN_S)
        line.connect(str(directory / SOCKET))
        with line.makefile("rw") as lines:
            lines.write(json.dumps(request) + "\n")
            lines.flush()
            answer: Answer = json.loads(lines.readline() or '{"error": "the demo has gone"}')
    if "error" in answer:
        raise ValueError(answer["error"])
    return answer
