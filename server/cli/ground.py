"""What every command stands on: settings that are complete, a database that is up to date, and refusals in words.

Imports wait until they are needed, as in the commands.
"""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from server.settings import Settings


class CannotStart(click.ClickException):
    exit_code = 2


def who() -> str:
    """Who sits at the keyboard, for the journal."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def settings_or_stop() -> "Settings":
    from server.settings import SettingsError, load_settings

    try:
        return load_settings(None)
    except SettingsError as error:
        raise CannotStart(str(error)) from None


def bring_up_to_date(settings: "Settings") -> None:
    from server.migrations import upgrade

    with database_errors(settings):
        upgrade(settings.database_url)


@contextmanager
def open_books(settings: "Settings") -> Iterator[None]:
    """The application context on a database that is there and up to date."""
    from server.db import closing_database, db, make_app
    from server.migrations import all_tables, current_revision, newest_revision

    all_tables()
    with database_errors(settings):
        app = make_app(settings.database_url)
    with app.app_context(), closing_database():
        with database_errors(settings), db.engine.connect() as connection:
            found = current_revision(connection)
        if found != newest_revision():
            raise CannotStart(f"the database is at revision {found}, not {newest_revision()}: run `prolab migrate`")
        yield


@contextmanager
def database_errors(settings: "Settings") -> Iterator[None]:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError, OperationalError

    try:
        yield
    except ArgumentError as error:
        raise CannotStart(f"database_url cannot be read: {error}") from None
    except OperationalError as error:
        url = make_url(settings.database_url).render_as_string(hide_password=True)
        raise CannotStart(f"the database {url} does not answer: {error.orig}") from None


@contextmanager
def refusals() -> Iterator[None]:
    """What was asked cannot be done: its sentence, and no traceback."""
    from server.domain.refusals import Refusal
    from server.jobs.backup import BackupError

    try:
        yield
    except (Refusal, BackupError) as error:
        raise click.ClickException(str(error)) from None


def log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
