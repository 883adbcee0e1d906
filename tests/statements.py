"""SQL compiled once a test run. Each test has a database of its own, and so an engine with empty caches of its own, in which
every statement would be compiled again: half of what a test of a service costs."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect


@cache
def share_compiled() -> None:
    """From here on engines of one kind share what they have compiled: one that was made earlier lends it to all."""
    kept: dict[Any, Any] = {}

    @event.listens_for(Engine, "engine_connect")
    def lend(connection: Connection) -> None:
        engine = connection.engine
        engine._compiled_cache = kept.setdefault(type(engine.dialect), engine._compiled_cache)

    # What is compiled is found again by its dialect, too, and each engine has its own: of one server all are alike.
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
