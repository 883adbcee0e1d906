"""Runs one of our programs with numbered kill points, and kills it at the one that is asked for.

A point is the moment just before and just after each commit to a database, each change of an output and each publish or
acknowledgement. They are numbered as they come, by wrapping the libraries that do these things, and never by a list: what
the program does decides how many there are.

    python -m tests.system.killable POINTS_FILE KILL_AT agent run --config agent.toml
    python -m tests.system.killable POINTS_FILE KILL_AT server link

KILL_AT 0 kills at none. Points are counted from the moment the file POINTS_FILE.armed exists, and each is written to
POINTS_FILE as it comes.
"""

import os
import runpy
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_BEGINS_COMMIT = ("COMMIT", "END")


class Points:
    def __init__(self, file: Path, kill_at: int) -> None:
        self._file = file
        self._armed = file.with_name(file.name + ".armed")
        self._kill_at = kill_at
        self._count = 0
        self._lock = threading.Lock()

    def pass_by(self, name: str) -> None:
        with self._lock:
            if not self._armed.exists():
                return
            self._count += 1
            with self._file.open("a") as file:
                file.write(f"{self._count} {name}\n")
            if self._count == self._kill_at:
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
    points = Points(Path(sys.argv[1]), int(sys.argv[2]))
    program, *arguments = sys.argv[3:]
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
