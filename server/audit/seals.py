"""Seals on rows of the books: the hash of each row as the program wrote it. One byte changed by other hands shows, and where.

A table is sealed by ``watch``: whatever the program adds to it, changes or removes there through its rows carries its seal
along, in the same transaction. ``broken`` compares. It is no secret and keeps nobody out: whoever can write both can seal anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, delete, event, insert, inspect, select, update

from server.audit.models import LedgerSeal
from server.db import db


def watch(model: type[Any], *but: str) -> None:
    """Seal the rows of this table from now on, all of each ``but`` for these columns: they change, and are proven otherwise.

    Rows must be added, changed and removed one by one through the session; statements for many at once pass by.
    """

    def added(_mapper: Any, connection: Connection, row: Any) -> None:
        put(connection, model.__tablename__, _key(row), _values(row, but))

    def changed(_mapper: Any, connection: Connection, row: Any) -> None:
        found = update(LedgerSeal).where(LedgerSeal.of == model.__tablename__, LedgerSeal.row == _key(row))
        connection.execute(found.values(sha256=_sha256(_values(row, but))))

    def removed(_mapper: Any, connection: Connection, row: Any) -> None:
        connection.execute(delete(LedgerSeal).where(LedgerSeal.of == model.__tablename__, LedgerSeal.row == _key(row)))

    event.listen(model, "after_insert", added)
    event.listen(model, "after_update", changed)
    event.listen(model, "after_delete", removed)


def put(connection: Connection, table: str, key: str, values: Any) -> None:
    """Seal what is new: one row, or several that stand and fall together. A seal of something that was there before goes."""
    connection.execute(delete(LedgerSeal).where(LedgerSeal.of == table, LedgerSeal.row == key))
    connection.execute(insert(LedgerSeal).values(of=table, row=key, sha256=_sha256(values)))


def broken(model: type[Any], *but: str) -> Iterator[str]:
    """Sentences about rows of this table that are not as they were written. Inside ``reading()``."""
    rows = db.session.scalars(select(model).execution_options(populate_existing=True))
    yield from differing(model.__tablename__, ((_key(row), _values(row, but)) for row in rows))


def differing(table: str, rows: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """The same of rows given by key and values."""
    wanted = select(LedgerSeal.row, LedgerSeal.sha256).where(LedgerSeal.of == table)
    sealed: dict[str, str] = dict(db.session.execute(wanted).all())
    for key, values in rows:
        seal = sealed.pop(key, None)
        if seal is None:
            yield f"{table} {key}: no program of ours has written this row"
        elif seal != _sha256(values):
            yield f"{table} {key}: not as it was written"
    yield from (f"{table} {key}: it was written, and is not there" for key in sealed)


def _key(row: Any) -> str:
    return "+".join(str(value) for value in inspect(row).mapper.primary_key_from_instance(row))


def _values(row: Any, but: tuple[str, ...]) -> dict[str, Any]:
    columns = inspect(row).mapper.column_attrs
    return {column.key: getattr(row, column.key) for column in columns if column.key not in but}


def _sha256(values: Any) -> str:
    said = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(said.encode()).hexdigest()


def _plain(value: Any) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return str(value)
