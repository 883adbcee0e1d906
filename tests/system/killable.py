"""Runs one of our programs with numbered kill points, and kills it at the one that is asked for.

A point is the moment just before and just after each commit to a database, each change of an output and each publish or
acknowledgement. They are numbered as they come, by wrapping the libraries that do these things, and never by a list: what
the program does decides how many there are.

    python -m tests.system.killable ARM agent run --config agent.toml
    python -m tests.system.killable ARM server link

Nothing is counted until the file ARM exists. It says "KILL_AT POINTS": the number to be killed at, 0 for none, and the file
to which each point is written as it comes. Whenever it says something new, the count begins anew.
"""

import os
import runpy
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_BEGINS_COMMIT = ("COMMIT", "END")


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
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:  # type: ignore[override]
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
        return connect(*args, **{"factory": Watched, **kwargs})

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


def main() -> None:
    points = Points(Path(sys.argv[1]))
    program, *arguments = sys.argv[2:]
    _watch_mqtt(points)
    if program == "agent":
        _watch_sqlite(points)
        _watch_pins(points)
        sys.argv = ["prolab-agent", *arguments]
        runpy.run_module("agent", run_name="__main__")
    else:
        _watch_sqlalchemy(points)
        sys.argv = ["prolab", *arguments]
        runpy.run_module("server.cli", run_name="__main__")


if __name__ == "__main__":
    main()
