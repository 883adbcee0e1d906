"""Is the state file sound? Looked at before it is used: SQLite's own check, every row read as it will be, and the journal's end.

SQLite notices a page that is bad in its structure. It does not notice a row whose text was damaged, on which the agent would
break or the server would wait for ever, nor a journal that breaks off: it takes what comes before the break for all there is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from agent.machine import Latch, Memory, Session
from agent.state_file import ROW_BYTES
from agent.state_pages import commits_after
from wire.codec import WireError, decode
from wire.messages import Stamp, decode_envelope

_MX_FRAME = slice(16, 20)  # of the index that SQLite keeps of the journal, in this machine's order of bytes
_TORN = 1  # transactions that a power cut may leave unfinished at the journal's end


def problem_in(path: Path) -> str | None:
    """Why the file cannot be used. Raises sqlite3.Error where the trouble is not in the file, such as a full disk."""
    try:
        _finish_what_a_crash_left(path)
        # for reading only: closing it must not fold a damaged journal into the file, and with that be rid of it
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                return str(verdict)
            return next(_wrong_rows(connection), None) or _broken_journal(path)
    except (WireError, ValueError, TypeError) as error:
        return f"a row is damaged: {error}"
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        return str(error)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Of the file's content. Texts that are no UTF-8 come without a code; statements of ours that fail, from a bad schema."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _finish_what_a_crash_left(path: Path) -> None:
    """A rollback journal is there only where power was cut while the file was made; it wants a writer."""
    if path.with_name(f"{path.name}-journal").exists():
        with closing(sqlite3.connect(path, timeout=5)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _wrong_rows(connection: sqlite3.Connection) -> Iterator[str]:
    """Raises WireError, ValueError or TypeError for what cannot be read."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return  # power was cut before it had its tables
    ((outbox, last_n, through, wall_ms),) = connection.execute("SELECT id, last_n, through, wall_ms FROM outbox")
    if str(UUID(outbox)) != outbox or not 0 <= through <= last_n or wall_ms < 0:
        yield "the outbox is damaged"
    yield from _wrong_events(connection, outbox, last_n, through)
    for kind, query in (
        (Session, "SELECT session FROM running"),
        (Latch, "SELECT latch FROM latch"),
        (Memory, "SELECT memory FROM memory"),
        (Stamp, "SELECT received FROM list"),
    ):
        for (row,) in connection.execute(query):
            decode(kind, row, ROW_BYTES)
    connection.execute("SELECT kind, ref, at_ms FROM reported").fetchall()


def _wrong_events(connection: sqlite3.Connection, outbox: str, last_n: int, through: int) -> Iterator[str]:
    waiting = 0
    n = 0
    rows: Iterator[Any] = connection.execute("SELECT n, payload FROM event ORDER BY n")
    for n, payload in rows:
        envelope = decode_envelope(payload)
        if (envelope.outbox, envelope.n) != (outbox, n):
            yield f"event {n} is damaged"
        waiting += n > through
    if waiting != last_n - through or n > last_n:
        yield f"{last_n - through} events should wait to be sent, {waiting} do"


def _broken_journal(path: Path) -> str | None:
    """A power cut leaves at most one transaction unfinished, its own; more than that beyond a break is damage."""
    index = path.with_name(f"{path.name}-shm")
    if not index.exists():
        return None
    with index.open("rb") as opened:
        believed = int.from_bytes(opened.read(20)[_MX_FRAME], "little")
    lost = commits_after(path, believed)
    return f"the journal breaks off before {lost} transactions" if lost > _TORN else None
