"""Changes one value by one second or one cent in a copy of a finished run, so that the reconciler can show it finds it."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path

from server.demo.evidence import BOARD, DATABASE, DOCUMENTS, READERS

_BOARD_FILES = ("edges.jsonl", "taps.jsonl")


class Sabotage(StrEnum):
    PIN = "pin"  # an edge one second later
    EVENT = "event"  # a session one second longer in the bytes of its event
    CHARGE = "charge"  # a charge one cent higher
    LINE = "line"  # a row of an invoice one cent higher


def copy_run(finished: Path, copy: Path) -> None:
    """What the reconciler reads, into an empty folder. The run itself is only read."""
    (copy / BOARD).mkdir(parents=True)
    for name in _BOARD_FILES:
        shutil.copyfile(finished / BOARD / name, copy / BOARD / name)
    shutil.copyfile(finished / READERS, copy / READERS)
    shutil.copytree(finished / DOCUMENTS, copy / DOCUMENTS)
    with closing(sqlite3.connect(finished / DATABASE)) as source, closing(sqlite3.connect(copy / DATABASE)) as target:
        source.backup(target)


def apply(sabotage: Sabotage, copy: Path) -> None:
    """Always the value in the middle of its kind."""
    actions: dict[Sabotage, Callable[[Path], None]] = {
        Sabotage.PIN: _pin,
        Sabotage.EVENT: _event,
        Sabotage.CHARGE: _charge,
        Sabotage.LINE: _line,
    }
    actions[sabotage](copy)


def _pin(copy: Path) -> None:
    file = copy / BOARD / "edges.jsonl"
    edges = [json.loads(line) for line in file.read_text().splitlines()]
    falls = [edge for edge in edges if not edge["level"] and edge["why"] == "pin"]
    falls[len(falls) // 2]["t_ms"] += 1000
    file.write_text("".join(json.dumps(edge) + "\n" for edge in edges))


def _event(copy: Path) -> None:
    with closing(sqlite3.connect(copy / DATABASE)) as books, books:
        ended = (
            "SELECT id, payload FROM event JOIN event_payload ON event_id = id WHERE kind = 'session_ended' ORDER BY id"
        )
        rows = books.execute(ended).fetchall()
        event_id, payload = rows[len(rows) // 2]
        envelope = json.loads(payload)
        envelope["body"]["occupied_s"] += 1
        changed = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
        books.execute("UPDATE event_payload SET payload = ? WHERE event_id = ?", (changed, event_id))


def _charge(copy: Path) -> None:
    with closing(sqlite3.connect(copy / DATABASE)) as books, books:
        rows = books.execute("SELECT id FROM charge ORDER BY id").fetchall()
        books.execute("UPDATE charge SET net_cents = net_cents + 1 WHERE id = ?", rows[len(rows) // 2])


def _line(copy: Path) -> None:
    files = sorted((copy / DOCUMENTS).glob("*.json"))
    file = files[len(files) // 2]
    frozen = json.loads(file.read_text())
    frozen["groups"][0]["lines"][0]["net_cents"] += 1
    file.write_text(json.dumps(frozen, ensure_ascii=False))
