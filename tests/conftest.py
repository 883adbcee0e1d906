"""Databases for the tests: a fresh one each, on SQLite and on a real PostgreSQL that the tests start themselves.

Nothing here is imported until a test asks for a database, so the pure tests stay fast.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask

Databases = Callable[..., str]  # databases(migrated=True) -> the URL of a database nobody else uses


_LONG = ("test_kill_points", "test_demo", "test_kill_work", "nothing_on_it_is_cut_off")
_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30  # bytes

# Databases and state files live in memory where there is room: no test pulls the plug, so none is about the disk itself,
# and a fresh database costs a sixth of the time.
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ["TMPDIR"] = str(_MEMORY)  # for the processes that tests start, too
    tempfile.tempdir = None  # asked for again

# What one program has compiled of ours, the next finds: tests start hundreds, and each would spend a fifth of a second on it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A run in the background has Ctrl-C switched off, and every process it starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes goes first, so that it does not end alone on one core."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in _LONG))


def pytest_collection_finish() -> None:
    """What is loaded by now stays, so the garbage collector need not go through it again and again, and a test of pages makes
    so many objects that it may come more seldom: an eighth of the processor's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 5, 5)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Makes fresh databases of one kind; a test that asks for it runs once on each kind."""
    made: Databases = request.getfixturevalue(f"{request.param}_databases")
    return made


@pytest.fixture
def database_url(databases: Databases) -> str:
    """A fresh database with every table; a test that asks for it runs on SQLite and on PostgreSQL."""
    return databases()


@pytest.fixture
def sqlite_url(sqlite_databases: Databases) -> str:
    return sqlite_databases()


@pytest.fixture
def postgres_url(postgresql_databases: Databases) -> str:
    return postgresql_databases()


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The bare application on a fresh database, its context pushed: services can be called."""
    from server.db import closing_database, make_app

    application = make_app(database_url)
    with application.app_context(), closing_database():
        yield application


@pytest.fixture
def now() -> datetime:
    """A working morning: Wednesday 14 October 2026, 10:00 in Mulhouse."""
    return datetime(2026, 10, 14, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Lab:
    """A lab as small as it can be: one tenant with one payer, one holder with one badge, one machine she may use."""

    holder: int
    token: str  # ref
    fingerprint: str
    membership: str  # ref
    qualification: str  # ref
    establishment: int
    tenant: str = "acme"
    payer: str = "acme-rd"
    agent: str = "agent-1"
    machine: str = "p1"
    skill: str = "printing"


@pytest.fixture
def lab(app: Flask, now: datetime) -> Lab:
    """One lab on a fresh database, everything in it valid from a month before ``now``."""
    from tests.first_lab import furnish

    return furnish(now)


SITE_KEY = bytes(range(32))


# --- SQLite: one migrated file, copied ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from server.migrations import upgrade
    from tests.statements import share_compiled

    share_compiled()
    template = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{template}")
    return template


@pytest.fixture
def sqlite_databases(_sqlite_template: Path, tmp_path: Path) -> Databases:
    numbers = itertools.count(1)

    def make(migrated: bool = True) -> str:
        path = tmp_path / f"lab-{next(numbers)}.db"
        if migrated:
            shutil.copyfile(_sqlite_template, path)
        return f"sqlite:///{path}"

    return make


# --- PostgreSQL: one server a test run, one migrated template, copied by the server itself ------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own on a loopback port: the URL of it without a database name."""
    from tests.postgres import PostgresError, running_postgres

    try:
        with running_postgres() as server:
            yield server
    except PostgresError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def _postgres_template(postgres: str) -> str:
    from server.migrations import upgrade
    from tests.postgres import administer
    from tests.statements import share_compiled

    share_compiled()
    administer(postgres, "CREATE DATABASE template_lab")
    upgrade(f"{postgres}/template_lab")
    return "template_lab"


@pytest.fixture
def postgresql_databases(postgres: str, _postgres_template: str) -> Iterator[Databases]:
    from tests.postgres import administer, create_database

    made: list[str] = []

    def make(migrated: bool = True) -> str:
        made.append(create_database(postgres, _postgres_template if migrated else "template0"))
        return f"{postgres}/{made[-1]}"

    yield make
    for name in made:
        administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")
