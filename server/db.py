"""The database: one declarative base, UTC times, and the two ways to open a transaction.

Services use ``db.session`` inside ``writing()`` or ``reading()``; both need an application context (``make_app``).
On SQLite a write begins with BEGIN IMMEDIATE, because a read that later writes fails at once, whatever the busy timeout says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, scoped_session
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
_writes: ContextVar[bool] = ContextVar("writes", default=False)


class Stale(Exception):  # noqa: N818 — not a fault: somebody else was faster
    """The row was changed since the one who wants to change it has read it."""


class Versioned(Protocol):
    version: Mapped[int]


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
def closing_database() -> Iterator[None]:
    """Give every connection back at the end, for what starts, does something and goes. In the application's context."""
    try:
        yield
    finally:
        db.session.remove()
        db.engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes.get() else "BEGIN")
