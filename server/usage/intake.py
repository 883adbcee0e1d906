"""Who sent an event, and is it next in line? Outboxes, their numbers, and what is kept raw because it cannot be used."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from server.db import db
from server.machines.models import Agent
from server.usage.counts import Count, Tally, printable
from server.usage.models import Outbox, RejectedEvent
from wire.messages import MAX_EVENT_BYTES, Envelope

RAW_A_DAY = 100  # of one agent, of what has no place in an outbox; all of it is counted
_OUTBOX: Any = Outbox.__table__
_NEW_OUTBOX = insert(_OUTBOX)
_MOVE_OUTBOX = update(_OUTBOX).where(_OUTBOX.c.id == bindparam("key")).values(last_n=bindparam("last_n"))


class Incoming(NamedTuple):
    """One message on an agent's topic. The broker vouches for the agent's name."""

    agent: str
    payload: bytes


class Arrival(NamedTuple):
    """An event that is next in line in its outbox."""

    message: Incoming
    agent_id: int
    envelope: Envelope


class Intake:
    """The outboxes that one batch touches, inside one ``writing()``."""

    def __init__(self, agents: Iterable[str], outboxes: Iterable[str], now: datetime, tally: Tally) -> None:
        connection = db.session.connection()
        names = select(Agent.name, Agent.id).where(Agent.name.in_(set(agents)))
        self._agents = dict(connection.execute(names).all())
        known = select(Outbox.id, Outbox.agent_id, Outbox.last_n).where(Outbox.id.in_(set(outboxes)))
        rows = connection.execute(known).all()
        self._owners = {id_: agent_id for id_, agent_id, _ in rows}
        self._last = {id_: last_n for id_, _, last_n in rows}
        self._stored = dict(self._last)
        self._raw: list[dict[str, Any]] = []
        self._loose: list[dict[str, Any]] = []
        self._now = now
        self._tally = tally

    def next_in_line(self, message: Incoming, envelope: Envelope) -> Arrival | None:
        """The event if it is the next of its outbox, whose number then counts as taken; else None, counted."""
        agent_id = self._agents.get(message.agent)
        if agent_id is None:
            self.refuse(message, Count.UNKNOWN_AGENT, "unknown agent")
            return None
        outbox = envelope.outbox
        if self._owners.setdefault(outbox, agent_id) != agent_id:
            self.refuse(message, Count.FOREIGN_OUTBOX, f"outbox {outbox} belongs to another agent")
            return None
        last = self._last.setdefault(outbox, 0)
        if envelope.n != last + 1:
            self._tally.note(Count.DUPLICATE if envelope.n <= last else Count.AHEAD, message.agent)
            return None
        self._last[outbox] = envelope.n
        return Arrival(message, agent_id, envelope)

    def refuse(self, message: Incoming, count: Count, reason: str) -> None:
        """Count what has no place in an outbox, and keep it raw as long as there is not too much of it."""
        self._tally.note(count, f"{message.agent}: {reason}")
        self._loose.append(self._row(message, None, reason))

    def reject(self, arrival: Arrival, reason: str) -> None:
        """Keep raw what was next in line and cannot be used."""
        self._tally.note(Count.REJECTED, f"{arrival.message.agent}: {reason}")
        self._raw.append(self._row(arrival.message, arrival.envelope, reason))

    def save(self) -> None:
        """Write how far each outbox is now, and what is kept raw."""
        connection = db.session.connection()
        fresh = [id_ for id_ in self._last if id_ not in self._stored]
        moved = [id_ for id_, n in self._stored.items() if self._last[id_] != n]
        if fresh:
            connection.execute(_NEW_OUTBOX, [self._outbox(id_) for id_ in fresh])
        if moved:
            connection.execute(_MOVE_OUTBOX, [{"key": id_, "last_n": self._last[id_]} for id_ in moved])
        raw = [*self._raw, *self._few_of_the_loose()]
        if raw:
            connection.execute(insert(RejectedEvent), raw)

    def _few_of_the_loose(self) -> list[dict[str, Any]]:
        if not self._loose:
            return []
        today = (RejectedEvent.n.is_(None)) & (RejectedEvent.received_at > self._now - timedelta(days=1))
        counted = select(RejectedEvent.agent, func.count()).where(today).group_by(RejectedEvent.agent)
        kept = dict(db.session.connection().execute(counted).all())
        few = []
        for row in self._loose:
            kept[row["agent"]] = kept.get(row["agent"], 0) + 1
            if kept[row["agent"]] <= RAW_A_DAY:
                few.append(row)
        return few

    def _outbox(self, id_: str) -> dict[str, Any]:
        return {"id": id_, "agent_id": self._owners[id_], "last_n": self._last[id_], "first_seen_at": self._now}

    def _row(self, message: Incoming, envelope: Envelope | None, reason: str) -> dict[str, Any]:
        return {
            "agent": message.agent,
            "outbox": None if envelope is None else envelope.outbox,
            "n": None if envelope is None else envelope.n,
            "received_at": self._now,
            "reason": printable(reason),
            "raw": message.payload[:MAX_EVENT_BYTES],
        }
