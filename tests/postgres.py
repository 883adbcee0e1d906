"""A PostgreSQL of our own for tests and benches: on a free loopback port, its data in a temporary folder, stopped at the end."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

_QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
_names = itertools.count(1)
_lines: dict[str, Connection] = {}  # to each running server


class PostgresError(RuntimeError):
    """It is not installed, or one of its programs failed; the text says which and how."""


@contextmanager
def running_postgres(durable: bool = False) -> Iterator[str]:
    """The URL of a running server without a database name. Unless ``durable``, nothing waits for the disk."""
    home = Path(tempfile.mkdtemp(prefix="prolab-pg-"))
    data, port = home / "data", _free_port()
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
    try:
        _run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k {home} {'' if durable else _QUICK}"
        _run("pg_ctl", "-D", data, "-l", home / "log", "-w", "-o", options, "start")
        server = f"postgresql+psycopg://postgres@127.0.0.1:{port}"
        try:
            yield server
        finally:
            if server in _lines:
                _lines.pop(server).close()
            _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home)


def create_database(server: str, template: str = "template0") -> str:
    """A new database on this server. Returns its name."""
    name = f"lab_{os.getpid()}_{next(_names)}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # the quicker one here
    return name


def administer(server: str, statement: str) -> None:
    """Over one connection that stays: a new one for each statement costs more than many a statement."""
    if server not in _lines:
        import psycopg

        _lines[server] = psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True)
    _lines[server].execute(statement.encode())


def _run(program: str, *arguments: object) -> None:
    """Run one of PostgreSQL's programs. It refuses to run as root, so root runs it as ``postgres``."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not folders:
        raise PostgresError("PostgreSQL is not installed: apt-get install postgresql")
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_owner, str(folders[-1] / program), *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False)
        said.seek(0)
        if done.returncode:
            raise PostgresError(f"{program}: {said.read()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
