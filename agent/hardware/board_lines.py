"""JSON lines over a Unix socket, as the simulated board speaks them with agents and with whoever drives the demo."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from agent.hardware.board_line import SOCKET_NAME

_CHUNK = 65536
_LONGEST_LINE = 1 << 20


class Line:
    """One connection. ``closed`` once the other side has gone, or has sent what is no JSON object."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.closed = False
        self._rest = b""

    def receive(self) -> list[dict[str, Any]]:
        """Every message that has arrived whole."""
        while not self.closed:
            try:
                chunk = self.socket.recv(_CHUNK)
            except BlockingIOError:
                break
            except OSError:
                chunk = b""
            self.closed = not chunk or len(self._rest) > _LONGEST_LINE
            self._rest += chunk
            if len(chunk) < _CHUNK and not self.closed:
                break
        *whole, self._rest = self._rest.split(b"\n")
        return [message for raw in whole if (message := self._parse(raw)) is not None]

    def send(self, message: dict[str, Any]) -> None:
        try:
            self.socket.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        except OSError:
            self.closed = True  # gone, or so long without reading that the line is full

    def _parse(self, raw: bytes) -> dict[str, Any] | None:
        try:
            message = json.loads(raw)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.closed = True
            return None
        return message


def listen(directory: Path) -> socket.socket:
    """The board's socket, in place of one that an earlier board left behind."""
    path = directory / SOCKET_NAME
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(os.fspath(path))
    listening.listen(64)
    listening.setblocking(False)
    return listening
