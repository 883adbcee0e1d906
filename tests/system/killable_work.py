"""Does the jobs of ``prolab work`` in processes that are killed at a numbered point. As often as is asked for.

A point is the moment just before and just after each commit, each file that is put in its place, and each page that is set.
They are numbered as they come, by wrapping what does these things, and never by a list.

    python -m tests.system.killable_work

Loading the program takes far longer than what it does between two kills, and so does compiling its SQL. So this process loads it
once, and does the jobs once itself, as a rehearsal: a page is then an empty file, because the threads of whoever sets it would not
live on in what is forked. Each line it reads is a list of orders in JSON, one for each worker that is to run at the same time:
``database``, ``data`` (folder), ``board`` (the time), ``kill_at`` (0: never) and ``points`` (the file to which each point is
written). It answers with their exit codes. A lone order without ``points`` is the rehearsal.
"""

import ctypes
import gc
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.statements import share_compiled

# What the worker loads when it first needs it, which would be once in each process that is forked.
_LOADED_ONCE = ("server.work", "facturx", "pypdf", "segno", "typst", "server.billing.einvoice.terms")
_ENDS_WITH_ITS_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG


class Points:
    """Counts, and at the number that is asked for the process is gone."""

    def __init__(self) -> None:
        self.kill_at = 0
        self.file: Path | None = None
        self._count = 0

    def pass_by(self, name: str) -> None:
        if self.file is None:
            return
        self._count += 1
        with self.file.open("a") as points:
            points.write(f"{self._count} {name}\n")
        if self._count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.pass_by(f"before {name}")
            result = function(*args, **kwargs)
            self.pass_by(f"after {name}")
            return result

        return wrapped


def _watch(points: Points) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    from server.billing import documents
    from server.paper import typeset

    DefaultDialect.do_commit = points.around("commit", DefaultDialect.do_commit)  # type: ignore[method-assign]
    Path.replace = points.around("file", Path.replace)  # type: ignore[method-assign]
    typeset.pdf = points.around("page", typeset.pdf)
    # Held against the norm before, where nothing is written: reading its stylesheets anew for each kill takes a second.
    documents.check = lambda *_content_and_xml: ()  # type: ignore[attr-defined]


def _work(order: dict[str, Any], points: Points) -> None:
    """Everything there is to do, as the worker's loop would, and no more."""
    from server import work
    from server.settings import Mqtt, Settings

    points.kill_at, points.file = order["kill_at"], Path(order["points"]) if "points" in order else None
    mqtt = Mqtt(host="127.0.0.1", port=1, password="none")  # type: ignore[arg-type]
    known: Any = {"lab_name": "Lab", "site_key": "00" * 32, "mqtt": mqtt, "demo": True, "board": order["board"]}
    settings = Settings(database_url=order["database"], data_dir=order["data"], **known)
    while work.run_once(settings):
        pass


def _rehearse(order: dict[str, Any], points: Points) -> None:
    from server.billing import documents

    set_page = documents.pdf  # type: ignore[attr-defined]
    documents.pdf = lambda *_page_and_xml: b""  # type: ignore[attr-defined]
    _work(order, points)
    documents.pdf = set_page  # type: ignore[attr-defined]
    gc.freeze()  # what is there by now stays there, and is shared


def _fork(order: dict[str, Any], points: Points) -> int:
    if child := os.fork():
        return child
    ctypes.CDLL(None).prctl(_ENDS_WITH_ITS_PARENT, signal.SIGKILL)
    os.dup2(2, 1)
    try:
        _work(order, points)
    except BaseException as error:  # noqa: BLE001 — whatever it is, nothing of the parent may run here
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def main() -> None:
    points = Points()
    for name in _LOADED_ONCE:
        import_module(name)
    from sqlalchemy.orm import configure_mappers

    from server.migrations import all_tables

    all_tables()
    configure_mappers()
    _watch(points)
    share_compiled()
    for line in sys.stdin:
        orders = json.loads(line)
        if "points" not in orders[0]:
            _rehearse(orders[0], points)
            orders.clear()
        children = [_fork(order, points) for order in orders]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)


if __name__ == "__main__":
    main()
