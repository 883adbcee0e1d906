"""Brings a database to the tables this version of prolab expects. Safe to run again, and by two processes at once."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, NullPool, create_engine, event, text

_HERE = Path(__file__).parent
_LOCK = 0x6D696772  # one migration at a time: "migr"


def upgrade(database_url: str) -> None:
    """Bring the database at this URL to the newest revision, making it from nothing if it is empty."""
    engine = create_engine(database_url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _lock_sqlite(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at, None before its first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    return ScriptDirectory(str(_HERE)).get_current_head()


def all_tables() -> MetaData:
    """Every table of every slice."""
    from server.accounts import models as accounts
    from server.audit import models as audit
    from server.billing import models as billing
    from server.bookings import models as bookings
    from server.care import models as care
    from server.collecting import models as collecting
    from server.contracts import models as contracts
    from server.courses import models as courses
    from server.db import db
    from server.exports import models as exports
    from server.handouts import models as handouts
    from server.instruction import models as instruction
    from server.jobs import models as jobs
    from server.lists import models as lists
    from server.machines import models as machines
    from server.mail import models as mail
    from server.people import models as people
    from server.privacy import models as privacy
    from server.supplies import models as supplies
    from server.training import models as training
    from server.usage import models as usage

    slices = (
        accounts,
        audit,
        billing,
        bookings,
        care,
        collecting,
        contracts,
        courses,
        exports,
        handouts,
        instruction,
        jobs,
        lists,
        machines,
        mail,
        people,
        privacy,
        supplies,
        training,
        usage,
    )
    assert all(slices)  # they are read: so their tables are known
    return db.metadata


def _lock_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA busy_timeout=30000")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    return config
