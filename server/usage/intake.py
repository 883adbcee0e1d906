"""Who sent an event, and is it next in line? Outboxes, their numbers, and what is kept raw because it cannot be used."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from server.machines.models import Agent
from server.usage.counts import Count, Tally, printable
from server.usage.models import Outbox, RejectedEvent, SavedEvent
from wire.messages import MAX_EVENT_BYTES, Envelope, First, Receipt

OUTBOXES_AN_AGENT = 1000  # a new one comes with a new state file; so many come only from a fault, and fill receipts
RAW_A_DAY = 100  # of one agent, of what has no place in an outbox; all of it is counted
_OUTBOX: Any = Outbox.__table__
_AGENTS = select(Agent.name, Agent.id, Outbox.id, Outbox.last_n).outerjoin(Outbox, Outbox.agent_id == Agent.id)
_AGENTS = _AGENTS.where(Agent.name.in_(bindparam("names", expanding=True)))
_OWNER = select(Outbox.agent_id).where(Outbox.id == bindparam("id"))
_REJECT = insert(cast("Table", RejectedEvent.__table__))
_SAVE = insert(cast("Table", SavedEvent.__table__))
_IS_SAVED = select(SavedEvent.n).where(SavedEvent.first_outbox == bindparam("outbox"))
_IS_SAVED = _IS_SAVED.where(SavedEvent.first_n == bindparam("n")).limit(1)
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
    """The agents that one batch comes from and all their outboxes, inside one ``writing()``."""

    def __init__(self, connection: Connection, agents: Iterable[str], now: datetime, tally: Tally) -> None:
        self._connection = connection
        rows = connection.execute(_AGENTS, {"names": list(agents)}).all()
        self._agents = {name: agent_id for name, agent_id, _, _ in rows}
        self._owners = {outbox: agent_id for _, agent_id, outbox, _ in rows if outbox is not None}
        self._last = {outbox: last_n for _, _, outbox, last_n in rows if outbox is not None}
        self._stored = dict(self._last)
        self._raw: list[dict[str, Any]] = []
        self._loose: list[dict[str, Any]] = []
        self._saved: set[tuple[str, int]] = set()
        self._saved_rows: list[dict[str, Any]] = []
        self._now = now
        self._tally = tally

    def next_in_line(self, message: Incoming, envelope: Envelope) -> Arrival | None:
        """The event if it is the next of its outbox, whose number then counts as taken; else None, counted.

        One that an agent saved from a damaged file has another number now; by the first one it is known whether it is new.
        """
        agent_id = self._agents.get(message.agent)
        if agent_id is None:
            self.refuse(message, Count.UNKNOWN_AGENT, "unknown agent")
            return None
        outbox = envelope.outbox
        if (refusal := self._claim(outbox, agent_id)) is not None:
            self.refuse(message, *refusal)
            return None
        last = self._last.setdefault(outbox, 0)
        if envelope.n != last + 1:
            self._tally.note(Count.DUPLICATE if envelope.n <= last else Count.AHEAD, message.agent)
            return None
        self._last[outbox] = envelope.n
        arrival = Arrival(message, agent_id, envelope)
        return arrival if envelope.was is None else self._new_under(envelope.was, arrival)

    def refuse(self, message: Incoming, count: Count, reason: str) -> None:
        """Count what has no place in an outbox, and keep it raw as long as there is not too much of it."""
        self._tally.note(count, f"{message.agent}: {reason}")
        self._loose.append(self._row(message, None, reason))

    def reject(self, arrival: Arrival, reason: str) -> None:
        """Keep raw what was next in line and cannot be used."""
        self._tally.note(Count.REJECTED, f"{arrival.message.agent}: {reason}")
        self._raw.append(self._row(arrival.message, arrival.envelope, reason))

    def save(self) -> None:
        """Write how far each outbox is now."""
        connection = self._connection
        fresh = [id_ for id_ in self._last if id_ not in self._stored]
        moved = [id_ for id_, n in self._stored.items() if self._last[id_] != n]
        if fresh:
            connection.execute(_NEW_OUTBOX, [self._outbox(id_) for id_ in fresh])
        if moved:
            connection.execute(_MOVE_OUTBOX, [{"key": id_, "last_n": self._last[id_]} for id_ in moved])
        if self._saved_rows:
            connection.execute(_SAVE, self._saved_rows)

    def keep_raw(self) -> None:
        """Write what cannot be used."""
        raw = [*self._raw, *self._few_of_the_loose()]
        if raw:
            self._connection.execute(_REJECT, raw)

    def receipts(self) -> dict[str, Receipt]:
        """How far each outbox of these agents is stored once this batch is."""
        through: dict[int, dict[str, int]] = {agent_id: {} for agent_id in self._agents.values()}
        for outbox in sorted(self._last):
            through[self._owners[outbox]][outbox] = self._last[outbox]
        return {name: Receipt(through[agent_id]) for name, agent_id in self._agents.items()}

    def _claim(self, outbox: str, agent_id: int) -> tuple[Count, str] | None:
        """An outbox nobody has used is this agent's from now on. Returns why it is not."""
        owner = self._owners.get(outbox)
        if owner is None:
            owner = self._connection.execute(_OWNER, {"id": outbox}).scalar_one_or_none() or agent_id
            if owner == agent_id and list(self._owners.values()).count(agent_id) >= OUTBOXES_AN_AGENT:
                return Count.TOO_MANY_OUTBOXES, f"it already has {OUTBOXES_AN_AGENT} outboxes"
        if owner != agent_id:
            return Count.FOREIGN_OUTBOX, f"outbox {outbox} belongs to another agent"
        self._owners[outbox] = agent_id
        return None

    def _new_under(self, first: First, arrival: Arrival) -> Arrival | None:
        """None, counted, if it was stored under its first number, or under another that it had since: the file may be damaged
        again before the server has heard of it."""
        if (refusal := self._claim(first.outbox, arrival.agent_id)) is not None:
            self.reject(arrival, f"saved from a damaged file: {refusal[1]}")
            return None
        is_known = first.n <= self._last.get(first.outbox, 0) or self._was_saved(first)
        self._saved.add((first.outbox, first.n))
        came_as = {"outbox": arrival.envelope.outbox, "n": arrival.envelope.n}
        self._saved_rows.append({**came_as, "first_outbox": first.outbox, "first_n": first.n})
        if is_known:
            self._tally.note(Count.DUPLICATE, arrival.message.agent)
        return None if is_known else arrival

    def _was_saved(self, first: First) -> bool:
        known = (first.outbox, first.n) in self._saved
        return known or self._connection.execute(_IS_SAVED, {"outbox": first.outbox, "n": first.n}).first() is not None

    def _few_of_the_loose(self) -> list[dict[str, Any]]:
        if not self._loose:
            return []
        today = (RejectedEvent.n.is_(None)) & (RejectedEvent.received_at > self._now - timedelta(days=1))
        counted = select(RejectedEvent.agent, func.count()).where(today).group_by(RejectedEvent.agent)
        kept = dict(self._connection.execute(counted).all())
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
