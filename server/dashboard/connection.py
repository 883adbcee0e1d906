"""The browser's end of a stream: has it hung up? A stream that says nothing would otherwise not notice for a while."""

import socket
from typing import Any

_UNANSWERED_MS = 45_000  # a laptop that fell asleep is given up after this, not after a quarter of an hour


class Connection:
    def __init__(self, environ: dict[str, Any]) -> None:
        """``environ`` of the request; gunicorn and werkzeug lend the socket, without one nothing is noticed here."""
        found = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
        self._socket: socket.socket | None = found
        if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MS)

    def gone(self) -> bool:
        if self._socket is None:
            return False
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False  # nothing said, still there
        except OSError:
            return True
