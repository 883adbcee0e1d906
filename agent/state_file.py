"""The SQLite file behind ``state.py``: its tables, and how it is opened so that what was written stays written."""

import sqlite3
from pathlib import Path
from uuid import uuid4

FILE_NAME = "agent.db"
ROW_BYTES = 64 * 1024
LOCKED_S = 0.2  # so long the main loop waits for another program that writes here, and somebody waits for the main loop
SCHEMA = """
CREATE TABLE outbox (id TEXT NOT NULL, last_n INTEGER NOT NULL, through INTEGER NOT NULL, wall_ms INTEGER NOT NULL);
CREATE TABLE event (n INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE running (machine TEXT PRIMARY KEY, session BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE latch (machine TEXT PRIMARY KEY, n INTEGER NOT NULL, latch BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE memory (machine TEXT PRIMARY KEY, memory BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE list (only INTEGER PRIMARY KEY CHECK (only = 1), received BLOB NOT NULL, payload BLOB NOT NULL);
CREATE TABLE reported (
    kind TEXT NOT NULL, ref TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (kind, ref, at_ms)
) WITHOUT ROWID;
"""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection whose every commit is on the disk when it returns. An empty file gets its tables and a new outbox."""
    connection = sqlite3.connect(path, timeout=LOCKED_S, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # or else a rescue would find what was deleted long ago
    connection.execute("PRAGMA journal_size_limit = 1048576")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # see State.tidy()
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone():
        connection.executescript(
            f"BEGIN IMMEDIATE; {SCHEMA}; INSERT INTO outbox VALUES ('{uuid4()}', 0, 0, 0); COMMIT;"
        )
    return connection
