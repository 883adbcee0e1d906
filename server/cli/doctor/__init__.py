"""``prolab doctor``: looks at everything a server needs, and says for each thing that is wrong what to do about it.

One line a check, worst things not first but in the order in which they depend on each other. No secret is printed.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from server.cli.doctor.books import examine_books
from server.cli.doctor.finding import Finding
from server.cli.doctor.keys import certificates, owners, site_key
from server.clock import clock_for
from server.db import closing_database, db, make_app
from server.link import knock
from server.migrations import all_tables, current_revision, newest_revision
from server.settings import Settings, SettingsError, load_settings

_LEAST_FREE = 1_000_000_000  # bytes: some weeks of events and documents, and room to write a backup
_GIGA = 1_000_000_000


def examine() -> Iterator[Finding]:
    """Every check, as far as one can be made: without settings there is nothing to look at, and without the database
    nothing in it."""
    try:
        settings = load_settings(None)
    except SettingsError as error:
        yield Finding("settings", " ".join(str(error).split()), "correct them, `prolab init` writes a first file")
        return
    yield Finding("settings", "complete")
    now = clock_for(settings.board).now()
    yield from _of_the_computer(settings, now)
    yield _broker(settings)
    yield _smtp(settings)
    yield from _of_the_database(settings, now)


# --- the computer -----------------------------------------------------------------------------------------------------


def _of_the_computer(settings: Settings, now: datetime) -> Iterator[Finding]:
    yield Finding("time zone", f"{settings.timezone}, where it is {now.astimezone(settings.zone):%Y-%m-%d %H:%M}")
    yield site_key(settings, now)
    yield from owners(settings)
    yield from certificates(settings, now)
    yield _writable("data_dir", settings.data_dir)
    yield _writable("documents", settings.documents_dir)
    yield _space(settings.data_dir)


def _writable(check: str, folder: Path) -> Finding:
    """A folder that is made at its first use is writable where the nearest one above it is."""
    try:
        with tempfile.TemporaryFile(dir=_there(folder)):
            return Finding(check, str(folder))
    except OSError as error:
        fix = f"mkdir -p {folder}, and make it belong to who runs prolab: chown -R prolab {folder}"
        return Finding(check, f"{folder} cannot be written as {_us()}: {error.strerror}", fix)


def _there(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _us() -> str:
    return f"user {os.geteuid()}"


def _space(folder: Path) -> Finding:
    there = _there(folder)
    free = shutil.disk_usage(there).free
    said = f"{free / _GIGA:.1f} GB free at {there}"
    fix = "make room, or set data_dir to a larger disk: without room no event is stored and no document made"
    return Finding("disk", said, fix if free < _LEAST_FREE else "")


def _broker(settings: Settings) -> Finding:
    mqtt = settings.mqtt
    problem = knock(mqtt)
    if not problem:
        return Finding("broker", f"{mqtt.host}:{mqtt.port} lets {mqtt.username} in")
    fix = "start Mosquitto, and check host, port, tls and password in [mqtt] against its listener and password file"
    return Finding("broker", f"{mqtt.host}:{mqtt.port} {problem}", fix)


def _smtp(settings: Settings) -> Finding:
    if settings.smtp is not None:
        return Finding("mail", f"by {settings.smtp.host}:{settings.smtp.port}, from {settings.smtp.sender}")
    if settings.demo:
        return Finding("mail", "not set: the demo shows its mails instead")
    fix = "set host and sender in [smtp], and web.address; until then managers hand out links by themselves"
    return Finding("mail", "no mail server is set, so invitations and new passwords are not sent", fix)


# --- the database -----------------------------------------------------------------------------------------------------


def _of_the_database(settings: Settings, now: datetime) -> Iterator[Finding]:
    scheme, _, file = settings.database_url.partition(":///")
    if scheme == "sqlite" and not Path(file).is_file():  # opening it would make one
        fix = "check database_url, or make an empty one with `prolab migrate`, or restore a backup"
        yield Finding("database", f"there is no file {file}", fix)
        return
    try:
        app = make_app(settings.database_url)
        with app.app_context(), closing_database():
            state = _database(app)
            yield state
            if not state.fix:
                yield from examine_books(settings, now)
    except ArgumentError:
        fix = "write it as sqlite:///prolab.db or postgresql+psycopg://prolab@/prolab"
        yield Finding("database", "database_url cannot be read", fix)
    except SQLAlchemyError as error:
        url = make_url(settings.database_url).render_as_string(hide_password=True)
        fix = "start it, and check database_url, its account and the rights on its file"
        yield Finding("database", f"{url} does not answer ({_first_line(error)})", fix)


def _database(app: Flask) -> Finding:
    all_tables()
    with db.engine.connect() as connection:
        found, newest = current_revision(connection), newest_revision()
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=True)
    if found == newest:
        return Finding("database", f"{url}, at revision {found}")
    fix = "stop web, link and work, take a backup, and run `prolab migrate`"
    return Finding("database", f"{url} is at revision {found or 'nothing'}, not {newest}", fix)


def _first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
