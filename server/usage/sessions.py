"""The sessions that one batch of events touches: read together, changed in memory, written together."""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, literal_column, or_, select, update

from server.db import db
from server.domain import usage
from server.domain.usage import Session, SessionState
from server.usage.models import UsageSession

_NAMES = tuple(field.name for field in fields(Session))
_TABLE: Any = UsageSession.__table__
_COLUMNS = [_TABLE.c[name] for name in _NAMES]
_INSERT = insert(_TABLE)
IS_OPEN = _TABLE.c.state == literal_column("'open'")  # written out, so that SQLite takes the partial index
_READ = select(*_COLUMNS)
_TOUCHED = select(*_COLUMNS).where(
    or_(
        _TABLE.c.id.in_(bindparam("ids", expanding=True)),
        and_(IS_OPEN, _TABLE.c.machine_id.in_(bindparam("machines", expanding=True))),
    )
)
_UPDATE = update(_TABLE).where(_TABLE.c.id == bindparam("key"))
_UPDATE = _UPDATE.values({name: bindparam(name) for name in _NAMES if name != "id"})


def read(*conditions: ColumnElement[bool]) -> list[Session]:
    """Sessions by condition, in the order of their start. Inside ``reading()`` or ``writing()``.

    Ordered here: told to order the few that are open, SQLite goes through all sessions by their start instead.
    """
    found = [Session(*row) for row in db.session.execute(_READ.where(*conditions))]
    return sorted(found, key=lambda session: (session.started_at, session.id))


class Sessions:
    """A working copy. ``latest`` gives each touched machine's latest start so far."""

    def __init__(self, connection: Connection, ids: Collection[str], latest: dict[int, datetime | None]) -> None:
        self._connection = connection
        touched = {"ids": list(ids), "machines": list(latest)}
        rows = connection.execute(_TOUCHED, touched).all() if ids or latest else []
        self._by_id = {row.id: Session(*row) for row in rows}
        self._stored = frozenset(self._by_id)
        self._open = {session.machine_id: session.id for session in self._by_id.values() if session.state == "open"}
        self._latest = dict(latest)
        self.touched: dict[str, int] = {}  # session id → machine id

    def start(self, session: Session) -> bool:
        """Take in a start. True when the session is now the one that is open on its machine."""
        if session.id in self._by_id:
            return False
        latest = self._latest.get(session.machine_id)
        if latest is not None and latest > session.started_at:
            self._put(usage.closed(session))
            return False
        self._make_way(session)
        self._put(session)
        return True

    def end(self, session: Session) -> bool:
        """Take in an end, whether its start is known or not. False when the session has ended before."""
        known = self._by_id.get(session.id)
        if known is not None and known.state == SessionState.ENDED:
            return False
        self._make_way(session)
        self._put(session)
        return True

    def confirm(self, session_id: str, occupied_s: int) -> None:
        """Take in a checkpoint. One of a session nobody knows is passed over: its end will say all."""
        known = self._by_id.get(session_id)
        if known is not None:
            longer = usage.confirmed(known, occupied_s)
            if longer is not known:
                self._put(longer)

    def save(self) -> None:
        """Write what changed: closings first, because a machine has at most one open session at any moment."""
        changed = [self._by_id[session_id] for session_id in self.touched]
        stored = [session for session in changed if session.id in self._stored]
        self._write(_UPDATE, [_row(session, "key") for session in stored if session.state != SessionState.OPEN])
        self._write(_INSERT, [_row(session, "id") for session in changed if session.id not in self._stored])
        self._write(_UPDATE, [_row(session, "key") for session in stored if session.state == SessionState.OPEN])

    def _write(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def _make_way(self, session: Session) -> None:
        """Close what is still open on the machine and began before: two sessions cannot be on one relay."""
        before = self._by_id.get(self._open.get(session.machine_id, ""))
        if before is not None and before.id != session.id and before.started_at <= session.started_at:
            self._put(usage.closed(before))

    def _put(self, session: Session) -> None:
        machine = session.machine_id
        self._by_id[session.id] = session
        self.touched[session.id] = machine
        if session.state == SessionState.OPEN:
            self._open[machine] = session.id
        elif self._open.get(machine) == session.id:
            del self._open[machine]
        latest = self._latest.get(machine)
        self._latest[machine] = session.started_at if latest is None else max(latest, session.started_at)


def _row(session: Session, key: str) -> dict[str, Any]:
    row = {name: getattr(session, name) for name in _NAMES}
    row[key] = row.pop("id")
    return row
