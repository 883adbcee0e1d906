"""All that must survive a power cut, in one SQLite file: the outbox, what runs, the last list, latches, the last time.

One thread writes (the main loop); the link reads with a connection of its own. Every transaction is on the disk when it
returns: ``synchronous=FULL`` lost none of the acknowledged rows when power was cut, NORMAL lost hundreds.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from agent.machine import Latch, Memory, Session
from agent.state_file import FILE_NAME, ROW_BYTES, open_file
from agent.state_rescue import ensure_sound
from wire.codec import decode, encode
from wire.messages import Body, Revocation, Stamp, decode_envelope, encode_envelope, encode_event

T = TypeVar("T")
KEPT_MS = 45 * 86_400_000  # receipted events, so that a server restored from a backup gets them again (design rule 8)
_TIDY_AFTER, _TIDY_AT_LAST_AFTER = 50, 500  # writes: about one megabyte of journal, and ten


class StateUnwritable(Exception):  # noqa: N818 — it says what is the matter
    """The disk did not take it. Nothing of the transaction is stored."""


class Position(NamedTuple):
    """``through``: the server has stored everything up to this number, by its last receipt."""

    outbox: str
    last_n: int
    through: int


class StoredList(NamedTuple):
    received: Stamp
    payload: bytes


class Transaction:
    """What can be written; all of it or nothing."""

    def __init__(self, connection: sqlite3.Connection, position: Position, simulated: bool, wall_ms: int) -> None:
        self._connection = connection
        self._simulated = simulated
        self._wall_ms = wall_ms
        self.position = position

    def append(self, event: Body) -> int:
        """Put an event into the outbox. Returns its number."""
        outbox, last_n, through = self.position
        n = last_n + 1
        self._insert(n, encode_event(outbox, n, event, self._simulated))
        self.position = Position(outbox, n, through)
        return n

    def put_running(self, session: Session) -> None:
        self._connection.execute("INSERT OR REPLACE INTO running VALUES (?, ?)", (session.machine, encode(session)))

    def drop_running(self, machine: str) -> None:
        self._connection.execute("DELETE FROM running WHERE machine = ?", (machine,))

    def put_latch(self, machine: str, latch: Latch) -> None:
        self._connection.execute("INSERT OR REPLACE INTO latch VALUES (?, ?, ?)", (machine, latch.n, encode(latch)))

    def drop_latch(self, machine: str) -> None:
        self._connection.execute("DELETE FROM latch WHERE machine = ?", (machine,))

    def put_memory(self, machine: str, memory: Memory) -> None:
        self._connection.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (machine, encode(memory)))

    def put_list(self, received: Stamp, payload: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO list VALUES (1, ?, ?)", (encode(received), payload))

    def unreported(self, revoked: Iterable[Revocation]) -> tuple[Revocation, ...]:
        """Those not reported before; from now on all of ``revoked`` count as reported, and what has left it is forgotten.

        The moment is part of it: what was given back and taken again while we were away is news, not the same.
        """
        known = set(self._connection.execute("SELECT kind, ref, at_ms FROM reported"))
        current = {(str(one.kind), one.ref, one.at_ms): one for one in revoked}
        gone = "DELETE FROM reported WHERE kind = ? AND ref = ? AND at_ms = ?"
        self._connection.executemany(gone, known - current.keys())
        self._connection.executemany("INSERT INTO reported VALUES (?, ?, ?)", current.keys() - known)
        return tuple(one for key, one in current.items() if key not in known)

    def receipt(self, through: int) -> None:
        self.position = self.position._replace(through=through)

    def forget_old(self) -> None:
        """Drop what was receipted and is older than 45 days."""
        limits = (self.position.through, self._wall_ms - KEPT_MS)
        self._connection.execute("DELETE FROM event WHERE n <= ? AND wall_ms < ?", limits)

    def renew_outbox(self, after: int) -> None:
        """Give the events after ``after`` to a new outbox, numbered from 1: the old numbers no longer fit the server's."""
        rows = self._connection.execute("SELECT n, payload FROM event WHERE n > ? ORDER BY n", (after,)).fetchall()
        self._connection.execute("DELETE FROM event")
        self._connection.execute("UPDATE latch SET n = 0")
        self.position = Position(str(uuid4()), 0, 0)
        for n, (_, payload) in enumerate(rows, 1):
            old = decode_envelope(payload)
            self._insert(n, encode_envelope(replace(old, outbox=self.position.outbox, n=n)))
            self.position = self.position._replace(last_n=n)

    def _insert(self, n: int, payload: bytes) -> None:
        self._connection.execute("INSERT INTO event VALUES (?, ?, ?)", (n, self._wall_ms, payload))


class State:
    """The state file of one agent. ``lost`` tells of a damaged one that was set aside for it, if there was one."""

    def __init__(self, directory: Path, simulated: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / FILE_NAME
        self._simulated = simulated
        self.lost = ensure_sound(self.path)
        self._connection = open_file(self.path)
        row = self._connection.execute("SELECT id, last_n, through, wall_ms FROM outbox").fetchone()
        self.position = Position(*row[:3])
        self.last_wall_ms: int = row[3]
        self._untidy = 0
        self.free_mb: int | None = None  # to the hundred, as of the last look

    def write(self, wall_ms: int, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one transaction that is on disk on return. Raises StateUnwritable, and then nothing is stored."""
        transaction = Transaction(self._connection, self.position, self._simulated, wall_ms)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            result = work(transaction)
            self._connection.execute(
                "UPDATE outbox SET id = ?, last_n = ?, through = ?, wall_ms = max(wall_ms, ?)",
                (*transaction.position, wall_ms),
            )
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._undo()
            raise StateUnwritable(str(error)) from error
        except BaseException:
            self._undo()
            raise
        self.position = transaction.position
        self.last_wall_ms = max(self.last_wall_ms, wall_ms)
        self._untidy += 1
        return result

    def running(self) -> list[Session]:
        return [decode(Session, row[0], ROW_BYTES) for row in self._all("SELECT session FROM running ORDER BY machine")]

    def latches(self) -> dict[str, Latch]:
        rows = self._all("SELECT machine, n, latch FROM latch")
        return {machine: replace(decode(Latch, latch, ROW_BYTES), n=n) for machine, n, latch in rows}

    def memories(self) -> dict[str, Memory]:
        rows = self._all("SELECT machine, memory FROM memory")
        return {machine: decode(Memory, memory, ROW_BYTES) for machine, memory in rows}

    def stored_list(self) -> StoredList | None:
        for received, payload in self._all("SELECT received, payload FROM list"):
            return StoredList(decode(Stamp, received, ROW_BYTES), payload)
        return None

    def oldest_n(self) -> int | None:
        """The oldest event that can still be sent. Raises StateUnwritable where the file does not answer."""
        try:
            oldest: int | None = self._connection.execute("SELECT min(n) FROM event").fetchone()[0]
        except sqlite3.Error as error:
            raise StateUnwritable(str(error)) from error
        return oldest

    @property
    def untidy(self) -> bool:
        """The journal is worth folding into the file as soon as nobody is there."""
        return self._untidy >= _TIDY_AFTER

    @property
    def too_untidy(self) -> bool:
        return self._untidy >= _TIDY_AT_LAST_AFTER

    def tidy(self) -> None:
        """Fold the journal into the file: left to itself SQLite does that while somebody holds a badge."""
        self._untidy = 0
        with suppress(sqlite3.Error):  # then the next one does it; a disk that is full shows at the next write
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def answers(self) -> None:
        """Ask the disk for something. It may say that it is full or broken; it may not stay silent (see pulse.py)."""
        with suppress(sqlite3.Error, OSError):
            self._connection.execute("SELECT wall_ms FROM outbox").fetchone()
            self.free_mb = shutil.disk_usage(self.path.parent).free // 100_000_000 * 100

    def close(self) -> None:
        self._connection.close()

    def _all(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()

    def _undo(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # the error that matters is being raised; this one says the same again
                self._connection.execute("ROLLBACK")


class Outbox:
    """The link's view of the events, for reading only. Made and used in the link's own thread."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5, isolation_level=None)

    def position(self) -> Position:
        return Position(*self._connection.execute("SELECT id, last_n, through FROM outbox").fetchone())

    def after(self, n: int, limit: int) -> Iterator[tuple[int, bytes]]:
        """Events after ``n`` in order, at most ``limit``."""
        query = "SELECT n, payload FROM event WHERE n > ? ORDER BY n LIMIT ?"
        yield from self._connection.execute(query, (n, limit)).fetchall()

    def close(self) -> None:
        self._connection.close()
