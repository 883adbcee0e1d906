"""The database: one declarative base, UTC times, and the two ways to open a transaction.

Services use ``db.session`` inside ``writing()`` or ``reading()``; both need an application context (``make_app``).
On SQLite a write begins with BEGIN IMMEDIATE, because a read that later writes fails at once, whatever the busy timeout says.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, scoped_session
from sqlalchemy.types import TypeDecorator

# Every constraint has a name, because a migration can only change what it can name.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})  # rows stay readable after their commit

if TYPE_CHECKING:
    Model = Base  # what a table's class is made of; type checkers do not see through db.Model
else:
    Model = db.Model

_BUSY_MS = 10_000
_LOOK_AGAIN_S = 0.001
_LOOKS = 8_000  # in about ten seconds
_writes: ContextVar[bool] = ContextVar("writes", default=False)


class Stale(Exception):  # noqa: N818 — not a fault: somebody else was faster
    """The row was changed since the one who wants to change it has read it."""


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


def expect_version(row: Versioned, version: int | None) -> None:
    """Raise Stale unless the row is still the one that was read. None: whoever asks has not read it before."""
    if version is not None and row.version != version:
        raise Stale


class Utc(TypeDecorator[datetime]):
    """An aware UTC moment. Raises ValueError for a naive one, on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time for the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_app(database_url: str) -> Flask:
    """A bare application that only knows its database; web adds its pages to it, link and work use it as it is."""
    app = Flask("server")
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)
    return app


@contextmanager
def writing() -> Iterator[scoped_session[Session]]:
    """One short write transaction: committed at the end, rolled back on any error. Nested use joins the outer one."""
    if _writes.get():
        yield db.session
        return
    db.session.rollback()  # a read left open would keep its old snapshot and could not be upgraded
    token = _writes.set(True)
    try:
        yield db.session
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _writes.reset(token)
        db.session.remove()


@contextmanager
def reading() -> Iterator[scoped_session[Session]]:
    """One read snapshot, given back at the end. Inside ``writing()`` it joins that transaction."""
    try:
        yield db.session
    finally:
        if not _writes.get():
            db.session.remove()


@contextmanager
def in_one_go(connection: Connection) -> Iterator[None]:
    """What is written inside is sent without waiting for each answer; on PostgreSQL that saves a way there and back each.

    Nothing inside may ask for rows or for their number. What the database refuses is raised by the end of the block.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    every_error = connection.dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except every_error as error:  # SQLAlchemy has not seen it, but its own are what everybody expects
        raise DBAPIError.instance(None, None, error, every_error, dialect=connection.dialect) from error


@contextmanager
def closing_database() -> Iterator[None]:
    """Give every connection back at the end, for what starts, does something and goes. In the application's context."""
    try:
        yield
    finally:
        db.session.remove()
        db.engine.dispose()


def fold_journal() -> None:
    """On SQLite: take what was committed over from the journal into the file, in a thread where nobody waits for it.

    Left to itself it does so every thousand pages in the middle of somebody's commit, which then waits for the disk twice
    more. That stays, for when this is not called often enough.
    """
    if db.engine.dialect.name != "sqlite":
        return
    with closing(db.engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if _writes.get():
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """Take SQLite's one place for writers as soon as it is free. Raises OperationalError when it is not for ten seconds.

    Left to wait by itself, SQLite looks again after 1, 2, 5 and up to 100 ms, and who comes more often is let in first.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        for _ in range(_LOOKS):
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(_LOOK_AGAIN_S)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what everybody expects
    finally:
        driver.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
