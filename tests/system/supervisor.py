"""Does with one agent what systemd does with prolab-agent.service, and nothing else; each of its protections can be taken away.

``Type=notify``: waits for READY=1. ``WatchdogSec=``: an agent that then sends no WATCHDOG=1 in time is killed, with SIGKILL, as
systemd does where SIGABRT did not help. ``ExecStopPost=``: runs after every end. ``Restart=on-failure``: starts it again.
"""

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.system.forked import Forked, fork
from tests.waiting import until

_LOOKS_S = 0.05


class Supervisor:
    """``pid``: of the agent, None while there is none. ``ends``: exit code of each one that ended.

    After an end: ExecStopPost, then ``settled`` counts one more, then the restart, as soon as ``may_restart`` is set.
    """

    def __init__(
        self, run: Sequence[str], stop_post: Sequence[str] | None, home: Path, watchdog_s: float | None
    ) -> None:
        """``stop_post`` and ``watchdog_s`` are None where that protection is taken away."""
        self.may_restart = threading.Event()
        self.may_restart.set()
        self.ready = threading.Event()
        self.ends: list[int] = []
        self.settled = 0
        self.watchdog_kills = 0
        self._run, self._stop_post = list(run), stop_post
        self._watchdog_s = watchdog_s
        self._log = home / "agent.log"
        self._address = str(home / "notify.sock")
        Path(self._address).unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(self._address)
        self._process: Forked | None = None
        self._stopping = False
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None else process.pid

    def start(self) -> None:
        """Returns when the agent has said READY=1."""
        self._thread.start()
        self.until_ready()

    def until_ready(self) -> None:
        until(self._is_ready)

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Send the agent a signal; a SIGKILL is what ``kill -9`` does."""
        assert self._process is not None
        self._process.send_signal(how)

    def stop(self) -> None:
        """``systemctl stop``: no restart, and ExecStopPost as after any end."""
        self._stopping = True
        if self._process is not None:
            self.kill(signal.SIGTERM)
        self._thread.join(40)
        assert not self._thread.is_alive()

    def close(self) -> None:
        """For the end of a test: whatever still runs is killed, and nothing runs after it."""
        self._stopping, self._stop_post = True, None
        self.may_restart.set()
        if self._process is not None:
            self.kill()
        if self._thread.ident is not None:
            self._thread.join(40)
        self._notify.close()

    def said(self) -> str:
        """What the agent wrote to the journal."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _is_ready(self) -> bool:
        if self._trouble is not None:
            raise self._trouble
        assert self._thread.is_alive(), self.said()
        return self.ready.is_set()

    # --- in its own thread ----------------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        try:
            while not self._stopping:
                code = self._one_life()
                self.ends.append(code)
                if self._stop_post is not None:
                    self._spawn(self._stop_post).wait()
                self.settled += 1
                if self._stopping or code == 0:
                    return
                self.may_restart.wait()
        except BaseException as error:  # noqa: BLE001 — told by whoever waits
            self._trouble = error

    def _one_life(self) -> int:
        """From the start to the end, however it comes about. Returns the exit code, negative for a signal."""
        process = self._spawn(self._run)
        self._process = process
        end = os.pidfd_open(process.pid)
        try:
            due_s = None
            watched: list[Any] = [self._notify, end]
            while end not in (heard := select.select(watched, [], [], _LOOKS_S)[0]):
                if heard:
                    self.ready.set()  # the agent's first word is READY=1
                    due_s = time.monotonic() + (self._watchdog_s or 1e9) if self._hears_beat() else due_s
                elif due_s is not None and time.monotonic() > due_s:
                    self.watchdog_kills += 1
                    process.kill()
                    due_s = None
        finally:
            os.close(end)
        self.ready.clear()
        code = process.wait()
        self._process = None
        return code

    def _hears_beat(self) -> bool:
        return b"WATCHDOG=1" in self._notify.recv(4096)

    def _spawn(self, command: Sequence[str]) -> Forked:
        environment: dict[str, Any] = {**os.environ, "NOTIFY_SOCKET": self._address}
        if self._watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(round(self._watchdog_s * 1e6))
        with self._log.open("ab") as log:
            return fork(command, environment, log)
