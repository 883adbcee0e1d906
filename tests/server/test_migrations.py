"""The migrations make exactly the tables the models describe."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from server.migrations import all_tables, current_revision, newest_revision, upgrade


def test_the_migrated_tables_are_the_ones_the_models_describe(database_url):
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, all_tables()) == []


def test_a_missing_column_would_be_seen(database_url):
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        connection.execute(text("ALTER TABLE skill DROP COLUMN name"))
        context = MigrationContext.configure(connection)

        assert [difference[0] for difference in compare_metadata(context, all_tables())] == ["add_column"]


def test_migrating_twice_changes_nothing(database_url):
    upgrade(database_url)

    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        assert current_revision(connection) == newest_revision() == "0001"


def test_two_processes_may_migrate_at_once(databases):
    url = databases(migrated=False)
    migrate = [sys.executable, "-c", "import sys; from server.migrations import upgrade; upgrade(sys.argv[1])", url]

    processes = [subprocess.Popen(migrate) for _ in range(2)]

    assert [process.wait(60) for process in processes] == [0, 0]
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert "usage_session" in inspect(connection).get_table_names()


def test_a_machine_has_one_open_session_at_most(database_url):
    engine = create_engine(database_url, poolclass=NullPool)
    metadata = all_tables()

    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))  # no machines and payers needed here
        sessions = metadata.tables["usage_session"]
        row = {
            "machine_id": 1, "holder_number": 1, "payer_id": 1, "started_at": datetime(2026, 10, 1, tzinfo=UTC),
            "occupied_s": 0, "powered_s": 0, "time_quality": "synced", "revision": 1, "taps": 0, "simulated": False,
        }  # fmt: skip
        connection.execute(sessions.insert(), {"id": "a", "state": "ended", **row})
        connection.execute(sessions.insert(), {"id": "b", "state": "open", **row})
        with pytest.raises(IntegrityError):
            connection.execute(sessions.insert(), {"id": "c", "state": "open", **row})
