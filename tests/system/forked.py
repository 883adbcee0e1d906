"""Starts our programs without loading them anew each time, for the tests that start hundreds of them.

Loading link or worker takes more than a second of a core, the agent half of one, and most tests ask little else of them. So one
process loads everything once, and for each start forks a process that goes the whole way from ``main`` on: its own arguments,
environment, log, session and signals. It is killed, waited for and found dead by its number as any other; only whoever looks at
its command line would see where it comes from. That each program loads and starts by itself is tried by the demo, whose parts
are started as everywhere else.

    with QuickProcesses(logs) as processes:
        processes.start("link", [sys.executable, "-m", "server.cli", "link"], {"PROLAB_CONFIG": …})
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any

from server.demo.processes import Processes

_LOADED = (
    *("server.link", "server.work", "server.pages.pairing.serving", "server.machines.pairing", "server.reingest"),
    *("sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.postgresql.psycopg"),
    *("agent.running", "agent.hardware.simulated", "agent.hardware.shelly", "agent.hardware.board_agents"),
    *("agent.hardware.board_request", "agent.hardware.board_server", "agent.hardware.board_steps", "agent.pairing"),
)
_ENDS_WITH_ITS_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG
_MESSAGE = 1 << 17  # bytes, at most


class Forked:
    """A process that was forked for us, with what is used of ``subprocess.Popen``."""

    def __init__(self, parent: "_Parent", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._parent = parent
        self._end = os.pidfd_open(pid)  # its number is nobody else's until the exit code has been asked for
        self._lock = Lock()

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, within_s: float | None) -> int | None:
        with self._lock:
            if self.returncode is None and select.select([self._end], [], [], within_s)[0]:
                self.returncode = self._parent.exit_code(self.pid)
                os.close(self._end)
            return self.returncode


class QuickProcesses(Processes):
    """The demo's children: our programs forked, a broker started as any program is."""

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> Any:
        ours = command[0] == sys.executable
        return fork(command, environment, log) if ours else super()._spawn(command, environment, log)


def fork(command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> Forked:
    """Start one of our programs: ``[sys.executable, "-m", module, …]`` or ``[sys.executable, "-c", code]``."""
    assert command[0] == sys.executable
    return _parent().fork(command[1:], environment, log, log)


def run(
    command: Sequence[str], environment: Mapping[str, str] = os.environ, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """One of our commands from its start to its end, as ``subprocess.run`` with what it says captured."""
    with TemporaryFile("w+b") as out, TemporaryFile("w+b") as errors:
        code = _parent().fork(command[1:], environment, out, errors).wait()
        said = [_read(file) for file in (out, errors)]
    done = subprocess.CompletedProcess(list(command), code, *said)
    if check:
        done.check_returncode()
    return done


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _parent() -> "_Parent":
    parent = _Parent()
    atexit.register(parent.leave)
    return parent


class _Parent:
    """Our side of the process that forks."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.system.forked", str(theirs.fileno())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        self._lock = Lock()

    def fork(self, words: Sequence[str], environment: Mapping[str, str], out: IO[bytes], errors: IO[bytes]) -> Forked:
        order = {"words": words, "environment": dict(environment), "folder": str(Path.cwd())}
        return Forked(self, self._asked(order, [out.fileno(), errors.fileno()]))

    def exit_code(self, pid: int) -> int:
        return self._asked({"ended": pid}, [])

    def leave(self) -> None:
        self._line.close()
        self._process.wait()

    def _asked(self, order: dict[str, Any], files: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._line, [json.dumps(order).encode()], files)
            return int(self._line.recv(_MESSAGE))


# --- the process that forks ---------------------------------------------------------------------------------------------


def main() -> None:
    line = socket.socket(fileno=int(sys.argv[1]))
    _load()
    while (heard := socket.recv_fds(line, _MESSAGE, 2))[0]:
        order, files = json.loads(heard[0]), heard[1]
        if "ended" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["ended"], 0)[1])
        elif not (answer := os.fork()):
            line.close()
            _become(order, files)
            return
        for file in files:
            os.close(file)
        line.send(str(answer).encode())


def _load() -> None:
    for name in _LOADED:
        import_module(name)
    from sqlalchemy.orm import configure_mappers

    from server.migrations import all_tables

    all_tables()
    configure_mappers()
    gc.freeze()


def _become(order: dict[str, Any], outputs: list[int]) -> None:
    """This process is the program from here on, as ``python`` would begin it."""
    ctypes.CDLL(None).prctl(_ENDS_WITH_ITS_PARENT, signal.SIGTERM)
    os.setsid()
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    how, what, *arguments = order["words"]
    sys.argv = [what if how == "-m" else how, *arguments]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})


if __name__ == "__main__":
    main()
