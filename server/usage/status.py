"""What an agent says of itself: retained while it is connected, and spoken for it by the broker when it is gone.

A status changes the agent's row and the live board; it is no evidence, and no session is opened or closed by it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, select, update

from server.db import db
from server.domain.usage import moment
from server.jobs.service import announce_all
from server.machines.models import Agent, Machine, MachineLive
from server.usage import live
from server.usage.counts import Count, Tally
from server.usage.intake import OUTBOXES_AN_AGENT, Incoming
from server.usage.live import Board
from server.usage.models import Outbox
from wire.messages import Status, WireError, decode_status

_LARGEST_MB = 2**31 - 1
_AGENT: Any = Agent.__table__
_SAYS = (
    *("online", "boot", "version", "synced", "revision", "understands", "outbox", "last_n", "last_seen_at"),
    "disk_free_mb",
)
_KNOWN = select(Agent.name, Agent.id, Agent.boot, Agent.online, Agent.outbox, Machine.code, Machine.id, *live.COLUMNS)
_KNOWN = _KNOWN.outerjoin(Machine, Machine.agent_id == Agent.id)
_KNOWN = _KNOWN.outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
_KNOWN = _KNOWN.where(Agent.name.in_(bindparam("names", expanding=True)))
_OWNER = select(Outbox.agent_id).where(Outbox.id == bindparam("id"))
_HAS = select(func.count()).select_from(Outbox).where(Outbox.agent_id == bindparam("agent"))
_ONLINE = select(Agent.id, Agent.name).where(Agent.online)
_CHANGE = update(_AGENT).where(_AGENT.c.id == bindparam("key"))
_IS_GONE = _CHANGE.values(online=False)
_SPEAKS = _CHANGE.values({name: bindparam(name) for name in _SAYS})


@dataclass(slots=True)
class _Known:
    """One agent as it stands, changed by each of its statuses; its machines by code."""

    id: int
    name: str
    boot: str
    online: bool
    outbox: str | None
    machines: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # what is to be written of it


class Statuses:
    """What one batch of statuses says, read together and written together, inside one ``writing()``."""

    def __init__(self, connection: Connection, names: Collection[str], now: datetime, tally: Tally) -> None:
        self._connection = connection
        self._now = now
        self._tally = tally
        rows = connection.execute(_KNOWN, {"names": list(names)}).all()
        self._agents: dict[str, _Known] = {}
        for name, id_, boot, online, outbox, code, machine_id, *_ in rows:
            agent = self._agents.setdefault(name, _Known(id_, name, boot, online, outbox))
            if code is not None:
                agent.machines[code] = machine_id
        self._board = Board(connection, (row[7:] for row in rows), now)
        self._turned: dict[str, int] = {}  # machines by code that look different, for they are there again or are gone

    def hear(self, message: Incoming) -> bool:
        """Take in one. True when it was the agent's own and of its present boot."""
        try:
            status = decode_status(message.payload)
        except WireError as error:
            self._tally.note(Count.UNREADABLE_STATUS, f"{message.agent}: {error}")
            return False
        agent = self._agents.get(message.agent)
        if agent is None:
            self._tally.note(Count.UNKNOWN_AGENT, message.agent)
        elif status.agent != agent.name:
            self._tally.note(Count.FOREIGN_STATUS, f"{agent.name} spoke for {status.agent}")
        elif not status.online and status.boot != agent.boot:
            self._tally.note(Count.LATE_WILL, agent.name)
        else:
            self._meet_outbox(agent, status.outbox)
            self._show(agent, status)
            self._take_over(agent, status)
            return True
        return False

    def save(self) -> None:
        """Write everything, and announce the machines that look different, each once."""
        heard = [agent for agent in self._agents.values() if agent.facts]
        gone = [{"key": agent.id} for agent in heard if "boot" not in agent.facts]
        speaking = [{"key": agent.id, **agent.facts} for agent in heard if "boot" in agent.facts]
        if gone:
            self._connection.execute(_IS_GONE, gone)
        if speaking:
            self._connection.execute(_SPEAKS, speaking)
        self._board.save()
        machines = ((code, id_) for agent in heard for code, id_ in agent.machines.items())
        turned = [code for code, id_ in machines if code in self._turned or id_ in self._board.turned]
        announce_all([("machine", code) for code in turned], self._now)

    def _take_over(self, agent: _Known, status: Status) -> None:
        agent.online = agent.facts["online"] = status.online
        if status.online:  # a last will knows nothing more
            agent.boot, agent.outbox = status.boot[:64], status.outbox
            agent.facts |= {"boot": agent.boot, "version": status.version[:40], "synced": status.synced}
            agent.facts |= {"revision": status.revision, "understands": list(status.understands)}
            agent.facts |= {"outbox": status.outbox, "last_n": status.last_n, "last_seen_at": self._now}
            agent.facts |= {"disk_free_mb": _a_number(status.disk_free_mb)}

    def _meet_outbox(self, agent: _Known, outbox: str | None) -> None:
        """An outbox gets its place with the first word of it, so that the receipt names it: stored through 0."""
        if outbox is None or outbox == agent.outbox:
            return
        connection = self._connection
        owner = connection.execute(_OWNER, {"id": str(UUID(outbox))}).scalar_one_or_none()
        if owner is None and connection.execute(_HAS, {"agent": agent.id}).scalar_one() >= OUTBOXES_AN_AGENT:
            self._tally.note(Count.TOO_MANY_OUTBOXES, agent.name)
        elif owner is None:
            place = {"id": outbox, "agent_id": agent.id, "last_n": 0, "first_seen_at": self._now}
            connection.execute(insert(Outbox), place)
        elif owner != agent.id:
            self._tally.note(Count.FOREIGN_OUTBOX, f"{agent.name}: outbox {outbox} belongs to another agent")

    def _show(self, agent: _Known, status: Status) -> None:
        """Turn the machines of this agent on the live board."""
        said_at = moment(status.at_ms) if status.boot == agent.boot else None
        for machine in status.machines:
            if machine.machine in agent.machines:
                self._board.reports(agent.machines[machine.machine], machine, said_at)
            else:
                self._tally.note(Count.FOREIGN_MACHINE, f"{agent.name}: {machine.machine}")
        if status.online != agent.online:
            self._turned |= agent.machines


def _a_number(megabytes: int | None) -> int | None:
    """As a column can hold it; what no disk can have is nothing."""
    return megabytes if megabytes is not None and 0 <= megabytes <= _LARGEST_MB else None


def miss(heard: Collection[str], now: datetime) -> list[str]:
    """Everybody but these is not there, inside ``writing()``. Returns the names of those who were taken to be."""
    connection = db.session.connection()
    gone = {id_: name for id_, name in connection.execute(_ONLINE) if name not in heard}
    if gone:
        connection.execute(update(Agent).where(Agent.id.in_(gone)).values(online=False))
        codes = connection.execute(select(Machine.code).where(Machine.agent_id.in_(gone))).scalars()
        announce_all([("machine", code) for code in codes], now)
    return sorted(gone.values())
