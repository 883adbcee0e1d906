"""Runs one of our programs with numbered kill points, and kills it at the one that is asked for. As often as is asked for.

A point is the moment just before and just after each commit to a database, each change of an output and each publish or
acknowledgement. They are numbered as they come, by wrapping the libraries that do these things, and never by a list: what
the program does decides how many there are.

    python -m tests.system.killable ARM agent run --config agent.toml
    python -m tests.system.killable ARM server link

Loading a program takes far longer than what it does between two kills. So this process loads it once, and for each line it
reads forks a process that runs it from its first line on, and answers with that process's number.

Nothing is counted until the file ARM exists. It says "KILL_AT POINTS": the number to be killed at, 0 for none, and the file
to which each point is written as it comes. Whenever it says something new, the count begins anew.
"""

import ctypes
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_BEGINS_COMMIT = ("COMMIT", "END")
_ENDS_WITH_ITS_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG


class Points:
    def __init__(self, arm: Path) -> None:
        self._arm = arm
        self._order = ""
        self._count = 0
        self._lock = threading.Lock()

    def pass_by(self, name: str) -> None:
        with self._lock, suppress(FileNotFoundError):
            order = self._arm.read_text()
            if order != self._order:
                self._order, self._count = order, 0
            kill_at, _, file = order.partition(" ")
            self._count += 1
            with Path(file).open("a") as points:
                points.write(f"{self._count} {name}\n")
            if self._count == int(kill_at):
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.pass_by(f"before {name}")
            result = function(*args, **kwargs)
            self.pass_by(f"after {name}")
            return result

        return wrapped


def _watch_sqlite(points: Points) -> None:
    """The agent's state file: a commit is a COMMIT that is executed, or the end of a statement outside a transaction."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            commits = sql.lstrip().upper().startswith(_BEGINS_COMMIT)
            return points.around("commit", super().execute)(sql, *args) if commits else super().execute(sql, *args)

        def commit(self) -> None:
            points.around("commit", super().commit)()

        def __exit__(self, *raised: object) -> Any:
            if raised[0] is not None:
                return super().__exit__(*raised)  # type: ignore[arg-type]
            return points.around("commit", super().__exit__)(*raised)

    connect = sqlite3.connect

    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **{"factory": Watched, **kwargs})
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]


def _watch_sqlalchemy(points: Points) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    DefaultDialect.do_commit = points.around("commit", DefaultDialect.do_commit)  # type: ignore[method-assign]


def _watch_mqtt(points: Points) -> None:
    from paho.mqtt.client import Client

    Client.publish = points.around("publish", Client.publish)  # type: ignore[method-assign]
    Client.ack = points.around("ack", Client.ack)  # type: ignore[method-assign]


def _watch_pins(points: Points) -> None:
    from gpiozero import OutputDevice

    OutputDevice._write = points.around("pin", OutputDevice._write)


def _load_agent(points: Points) -> Callable[[], None]:
    _watch_sqlite(points)
    _watch_pins(points)
    import_module("agent.hardware.simulated")
    import_module("agent.running")  # what main() would import for each process anew
    from agent.__main__ import main

    return main


def _load_server(points: Points) -> Callable[[], None]:
    """With all its tables, which every command knows before it does anything else."""
    _watch_sqlalchemy(points)
    import_module("server.link")
    from sqlalchemy.orm import configure_mappers

    from server.cli import main
    from server.migrations import all_tables

    all_tables()
    configure_mappers()
    return main


def _forked_for_each_line() -> bool:
    """True in each process that is forked, False in the one that forks, once it is asked for no more."""
    while sys.stdin.readline():
        with suppress(ChildProcessError):  # its number is used again only now, when nobody looks at it any more
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not (child := os.fork()):
            return True
        print(child, flush=True)
    return False


def main() -> None:
    points = Points(Path(sys.argv[1]))
    program, *arguments = sys.argv[2:]
    _watch_mqtt(points)
    run = _load_agent(points) if program == "agent" else _load_server(points)  # and nothing of it runs yet
    if _forked_for_each_line():
        ctypes.CDLL(None).prctl(_ENDS_WITH_ITS_PARENT, signal.SIGTERM)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        sys.argv = [program, *arguments]
        run()


if __name__ == "__main__":
    main()
