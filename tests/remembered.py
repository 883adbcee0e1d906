"""What furnishes a fresh database, done once a test run: what it writes is kept, and sent to the next fresh database as it is.

The services that write it are tried each for themselves, and with their tests; here they would only be paid for again, in
every test that begins with the same lab: a fifth of what the tests of the server cost.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event

from server.db import db, in_one_go, writing

P = ParamSpec("P")
R = TypeVar("R")

_written: set[str] = set()  # URLs of the databases in which something was committed
_Statements = list[tuple[str, Any]]  # each with what goes into it: a list where that is many rows
_listeners: list[_Statements] = []


@event.listens_for(Engine, "commit")
def _note(connection: Connection) -> None:
    _written.add(connection.engine.url.render_as_string())


def remembered(furnish: Callable[P, R]) -> Callable[P, R]:
    """Let ``furnish`` work once on each kind of database; from then on a fresh one is given what it wrote, and the caller a
    copy of what it returned. Where something was written before, it works as ever: what it finds there may matter to it.

    What makes a lab differ is an argument of ``furnish``, never something that a test has put in another's place."""
    kept: dict[object, tuple[_Statements, R]] = {}

    @wraps(furnish)
    def furnished(*args: P.args, **more: P.kwargs) -> R:
        engine = db.engine
        if engine.url.render_as_string() in _written:
            return furnish(*args, **more)
        key = (engine.dialect.name, args, *sorted(more.items()))
        if key not in kept:
            with _listening(engine) as statements:
                result = furnish(*args, **more)
            kept[key] = statements, deepcopy(result)
            return result
        statements, result = kept[key]
        _write(statements)
        return deepcopy(result)

    return furnished


@contextmanager
def _listening(engine: Engine) -> Iterator[_Statements]:
    """The list of what is written inside, as the driver is told it; complete at the end."""
    heard: _Statements = []

    def hear(connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners.pop()
        event.remove(engine, "before_cursor_execute", hear)


def _write(statements: _Statements) -> None:
    """Straight through the driver; who listens just now is told."""
    with writing() as session:
        connection = session.connection()
        cursor = connection.connection.cursor()
        with in_one_go(connection):
            for statement, parameters in statements:
                (cursor.executemany if isinstance(parameters, list) else cursor.execute)(statement, parameters)
        cursor.close()
    for heard in _listeners:
        heard.extend(statements)
