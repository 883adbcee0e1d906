"""What is asked several times a second, or on every list, finds its few rows among years of them: SQLite's plans say how.

How long it takes is measured by ``make bench``; here stands what a database must not begin to do again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import event

from server.dashboard.service import read_board
from server.db import closing_database, db, make_app, reading
from server.usage import sessions
from tests.floor import busy
from tests.server.billing_lab import ZONE


@pytest.fixture
def books(sqlite_url: str, now: datetime) -> Iterator[Flask]:
    app = make_app(sqlite_url)
    with app.app_context(), closing_database():
        busy(now)
        yield app


@contextmanager
def plans() -> Iterator[dict[str, str]]:
    """How SQLite goes about each statement of the block, by its text; filled at the end."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    found: dict[str, str] = {}

    def note(_connection: object, _cursor: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        asked.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    with reading() as session:
        connection = session.connection()
        for statement, values in asked:
            if statement.startswith("SELECT"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                found[statement] = "\n".join(row[3] for row in rows)


def test_the_board_takes_the_newest_events_by_their_number(books: Flask, now: datetime) -> None:
    with plans() as found:
        board = read_board(now, ZONE)

    of_events = [plan for statement, plan in found.items() if "event_payload" in statement]
    assert board.happenings
    assert len(of_events) == 1
    assert "ix_event_kind" not in of_events[0]  # by kind it would sort all there are


def test_sessions_that_go_on_are_found_without_the_others(books: Flask) -> None:
    with plans() as found, reading():
        going_on = sessions.read(sessions.IS_OPEN)

    assert going_on
    assert ["one_open_session_a_machine" in plan for plan in found.values()] == [True]
