"""The evidence: every event as it came, in one chain of hashes that nobody can change a link of unseen.

The chain runs over a salted hash of each payload, so that a payload can be erased with its salt and the chain stays
whole. Events are numbered here, not by the database: one ingest writes at a time, and the numbers have no holes.
"""

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, select

from server.usage.models import Event, EventPayload
from wire.messages import Envelope, SessionAdopted, SessionEnded, SessionStarted

SALT_BYTES = 16
GENESIS = "0" * 64
_LINKED = ("outbox", "n", "agent_id", "kind", "session", "simulated", "payload_hash")
_OF_ONE_SESSION = frozenset({SessionStarted.KIND, SessionEnded.KIND, SessionAdopted.KIND})
_HEAD = select(Event.id, Event.chain_hash).order_by(Event.id.desc()).limit(1)
_EVENT = insert(cast("Table", Event.__table__))
_PAYLOAD = insert(cast("Table", EventPayload.__table__))


def payload_hash(salt: bytes, payload: bytes) -> str:
    return hashlib.sha256(salt + payload).hexdigest()


def chain_hash(before: str, event: Mapping[str, Any]) -> str:
    """Over all that is kept of an event but its payload, which has a hash of its own."""
    said = [event[name] for name in _LINKED]
    return hashlib.sha256("\n".join([before, event["received_at"].isoformat(), *map(str, said)]).encode()).hexdigest()


class Chain:
    """Appends to the evidence, inside one ``writing()`` that no other ingest shares the time of."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        head = connection.execute(_HEAD).one_or_none()
        self._last_id: int = 0 if head is None else head.id
        self._head: str = GENESIS if head is None else head.chain_hash
        self._now = now
        self._events: list[dict[str, Any]] = []
        self._payloads: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._events)

    @property
    def next_id(self) -> int:
        return self._last_id + 1

    def add(self, agent_id: int, envelope: Envelope, payload: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._last_id += 1
        event = {
            "id": self._last_id,
            "outbox": envelope.outbox,
            "n": envelope.n,
            "agent_id": agent_id,
            "kind": envelope.kind,
            "session": _session(envelope),
            "received_at": self._now.astimezone(UTC),
            "simulated": envelope.simulated,
            "payload_hash": payload_hash(salt, payload),
        }
        self._head = chain_hash(self._head, event)
        self._payloads.append({"event_id": self._last_id, "salt": salt, "payload": payload})
        self._events.append({**event, "chain_hash": self._head})

    def save(self) -> None:
        if self._events:
            self._connection.execute(_EVENT, self._events)
            self._connection.execute(_PAYLOAD, self._payloads)


def _session(envelope: Envelope) -> str | None:
    """The session an event names, where it is one that was looked into; what only newer agents say is not."""
    name = envelope.body.get("session") if envelope.kind in _OF_ONE_SESSION else None
    return name if isinstance(name, str) else None
