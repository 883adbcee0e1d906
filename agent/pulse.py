"""Tells systemd that the main loop lives: only after a round in which pins and disk have answered too.

An answer that says "full" is an answer: a disk that takes nothing forbids the next start and never kills a running job, while
one that hangs the loop stops the beat, and the watchdog then kills the agent (design rule 4).
"""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress

Send = Callable[[str], None]
_SLOWEST_MS = 10_000


class Pulse:
    """One beat each third of the time systemd waits, and one more often than every ten seconds without it."""

    def __init__(self, send: Send, watchdog_ms: int | None) -> None:
        self._send = send
        self._every_ms = _SLOWEST_MS if watchdog_ms is None else min(_SLOWEST_MS, watchdog_ms // 3)
        self.due_ms = 0  # mono

    def beat(self, mono_ms: int) -> None:
        self._send("READY=1\nWATCHDOG=1" if self.due_ms == 0 else "WATCHDOG=1")
        self.due_ms = mono_ms + self._every_ms


def pulse_of(environment: Mapping[str, str]) -> Pulse:
    """As systemd asked for: NOTIFY_SOCKET, WATCHDOG_USEC (see sd_notify(3)). Without either the pins are still read back."""
    usec = environment.get("WATCHDOG_USEC", "")
    return Pulse(sender(environment.get("NOTIFY_SOCKET")), int(usec) // 1000 if usec.isdigit() else None)


def sender(address: str | None) -> Send:
    """Sends to the socket at ``address``; a leading ``@`` names one without a file."""
    if not address:
        return lambda text: None
    target = "\0" + address[1:] if address.startswith("@") else address
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    line.setblocking(False)

    def send(text: str) -> None:
        with suppress(OSError):  # a supervisor that does not listen will see no beat, which is all there is to say
            line.sendto(text.encode(), target)

    return send


def mine() -> Pulse:
    return pulse_of(os.environ)
