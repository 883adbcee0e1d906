"""One file with everything in it: the rows of every table as JSON lines, and the documents. It can be read back into
SQLite and PostgreSQL alike. The secrets of the settings file are not in it: keep that file apart.
"""

import base64
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table, delete, func, insert, inspect, select, text
from sqlalchemy.types import Date, DateTime, LargeBinary, Time, TypeDecorator

from server.db import db, writing
from server.jobs import service as jobs

_FORMAT = 1
_BATCH = 1000
_MANIFEST = "manifest.json"
_NOT_KEPT = {"change"}  # what pollers have seen goes on counting, whatever is restored
_READERS: tuple[tuple[type, Callable[[str], Any]], ...] = (
    (DateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
    (Time, time.fromisoformat),
    (LargeBinary, base64.b64decode),
)


class BackupError(Exception):
    """The backup cannot be taken or read back, in a sentence; nothing was changed."""


def backup(target: Path, documents_dir: Path) -> dict[str, int]:
    """Write all rows, as of one moment, and all documents into ``target``. Returns the number of rows by table."""
    if target.exists():
        raise BackupError(f"{target} exists already")
    part = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            rows = _write(file, documents_dir)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return rows


def restore(source: Path, documents_dir: Path, now: datetime) -> dict[str, int]:
    """Replace every row by those in the backup, in one transaction, and put back documents that are missing.

    Documents that are there already stay: they may be newer, and a document never changes. The caller then lets billing
    adopt those that were issued since. Agents send again what came after. Returns the number of rows by table.
    Inside the caller's ``writing()`` it is part of that transaction.
    """
    try:
        with tarfile.open(source) as tar:
            return _restore(tar, documents_dir, now)
    except (OSError, EOFError, tarfile.TarError, KeyError, ValueError) as error:
        raise BackupError(f"{source} cannot be read back: {error}") from error


def _restore(tar: tarfile.TarFile, documents_dir: Path, now: datetime) -> dict[str, int]:
    with writing() as session:
        connection = session.connection()
        tables = _tables(connection)
        manifest = _manifest(tar, connection, tables)
        _wipe(connection, tables)
        for table in tables:
            _load(tar, connection, table)
        _count_on(connection, tables)
        rows: dict[str, int] = manifest["rows"]
        jobs.announce("access", "restored", now)
        jobs.announce("ingest", "restored", now)
        _put_back_documents(tar, documents_dir)
    return rows


def _tables(connection: Connection) -> list[Table]:
    """Every table in an order in which each comes after those it points to. A table we would forget is an error."""
    tables = [table for table in db.metadata.sorted_tables if table.name not in _NOT_KEPT]
    found = set(inspect(connection).get_table_names()) - _NOT_KEPT - {"alembic_version"}
    if found != {table.name for table in tables}:
        raise BackupError("the database has other tables than this version of prolab; run `prolab migrate` first")
    return tables


def _revision(connection: Connection) -> str:
    revision: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return revision


# --- taking -----------------------------------------------------------------------------------------------------------


def _write(file: IO[bytes], documents_dir: Path) -> dict[str, int]:
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar, _snapshot() as connection:
        rows = {table.name: _dump(tar, connection, table) for table in _tables(connection)}
        manifest = {"format": _FORMAT, "revision": _revision(connection), "rows": rows}
        _add(tar, _MANIFEST, io.BytesIO(json.dumps(manifest).encode()))
        for path in sorted(documents_dir.glob("[!.]*")):  # after the rows: a row never lacks its file
            tar.add(path, f"documents/{path.name}")
    return rows


def _snapshot() -> Connection:
    connection = db.engine.connect()
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


def _dump(tar: tarfile.TarFile, connection: Connection, table: Table) -> int:
    with tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024) as lines:
        count = 0
        ordered = select(table).order_by(*table.primary_key.columns)
        for row in connection.execution_options(yield_per=_BATCH).execute(ordered):
            lines.write(json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() + b"\n")
            count += 1
        header = [column.name for column in table.columns]
        _add(tar, f"tables/{table.name}.columns", io.BytesIO(json.dumps(header).encode()))
        _add(tar, f"tables/{table.name}.jsonl", lines)
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _add(tar: tarfile.TarFile, name: str, content: Any) -> None:
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, io.SEEK_END)
    member.mode = 0o600
    content.seek(0)
    tar.addfile(member, content)


# --- reading back -----------------------------------------------------------------------------------------------------


def _manifest(tar: tarfile.TarFile, connection: Connection, tables: list[Table]) -> dict[str, Any]:
    manifest: dict[str, Any] = json.load(_open(tar, _MANIFEST))
    if manifest["format"] != _FORMAT or set(manifest["rows"]) != {table.name for table in tables}:
        raise BackupError("this backup was taken by another version of prolab")
    if manifest["revision"] != (here := _revision(connection)):
        raise BackupError(f"this backup is of revision {manifest['revision']}, the database of {here}")
    return manifest


def _wipe(connection: Connection, tables: list[Table]) -> None:
    if connection.dialect.name == "postgresql":
        names = ", ".join(map(connection.dialect.identifier_preparer.format_table, tables))
        connection.execute(text(f"TRUNCATE {names}"))  # and nobody else writes meanwhile
        return
    for table in reversed(tables):
        connection.execute(delete(table))


def _load(tar: tarfile.TarFile, connection: Connection, table: Table) -> None:
    names = json.load(_open(tar, f"tables/{table.name}.columns"))
    readers = [_reader(table.columns[name].type) for name in names]
    lines = _open(tar, f"tables/{table.name}.jsonl")
    rows: Iterable[dict[str, Any]] = (
        {name: read(value) for name, read, value in zip(names, readers, json.loads(line), strict=True)}
        for line in lines
    )
    rows = iter(_parents_first(rows, table))
    while some := list(islice(rows, _BATCH)):
        connection.execute(insert(table), some)


def _reader(kind: Any) -> Any:
    plain = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    read = next((reader for known, reader in _READERS if isinstance(plain, known)), None)
    return lambda value: value if value is None or read is None else read(value)


def _parents_first(rows: Iterable[dict[str, Any]], table: Table) -> Iterator[dict[str, Any]]:
    """A table that points to itself: nobody is added before the one above."""
    own = [key for key in table.foreign_keys if key.column.table is table]
    if not own:
        yield from rows
        return
    waiting, known = list(rows), {None}
    while waiting:
        ready = [row for row in waiting if all(row[key.parent.name] in known for key in own)]
        if not ready:
            raise BackupError(f"rows of {table.name} point to rows that are not there")
        yield from ready
        known |= {row[key.column.name] for row in ready for key in own}
        waiting = [row for row in waiting if row not in ready]


def _count_on(connection: Connection, tables: list[Table]) -> None:
    """On PostgreSQL the next new row gets its number from a counter, which knows nothing of the rows put back."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        if (column := table.autoincrement_column) is not None:
            counter = func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(select(func.setval(counter, select(func.max(column)).scalar_subquery())))


def _put_back_documents(tar: tarfile.TarFile, documents_dir: Path) -> None:
    documents_dir.mkdir(parents=True, exist_ok=True)
    for member in tar.getmembers():
        folder, _, name = member.name.rpartition("/")
        target = documents_dir / name
        if folder == "documents" and member.isfile() and not target.exists():
            part = target.with_name(f".{name}.part")
            with part.open("wb") as file:
                shutil.copyfileobj(_open(tar, member.name), file)
            part.rename(target)


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    content = tar.extractfile(name)
    if content is None:
        raise BackupError(f"{name} is not a file")
    return content
