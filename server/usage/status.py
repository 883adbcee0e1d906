"""What an agent says of itself: retained while it is connected, and spoken for it by the broker when it is gone.

A status changes the agent's row and the live board; it is no evidence, and no session is opened or closed by it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, select, update

from server.db import db
from server.domain.usage import moment
from server.jobs.service import announce_all
from server.machines.models import Agent, Machine
from server.usage.counts import Count, Tally
from server.usage.intake import OUTBOXES_AN_AGENT, Incoming
from server.usage.live import Board
from server.usage.models import Outbox
from wire.messages import Status, WireError, decode_status

_AGENT = select(Agent.id, Agent.name, Agent.boot, Agent.online, Agent.outbox).where(Agent.name == bindparam("name"))
_MACHINES = select(Machine.code, Machine.id).where(Machine.agent_id == bindparam("agent"))
_OWNER = select(Outbox.agent_id).where(Outbox.id == bindparam("id"))
_HAS = select(func.count()).select_from(Outbox).where(Outbox.agent_id == bindparam("agent"))
_ONLINE = select(Agent.id, Agent.name).where(Agent.online)
_CHANGE: Any = update(Agent).where(Agent.id == bindparam("key"))


def hear(message: Incoming, now: datetime, tally: Tally) -> bool:
    """Take in one status, inside ``writing()``. True when it was the agent's own and of its present boot."""
    try:
        status = decode_status(message.payload)
    except WireError as error:
        tally.note(Count.UNREADABLE_STATUS, f"{message.agent}: {error}")
        return False
    connection = db.session.connection()
    agent = connection.execute(_AGENT, {"name": message.agent}).one_or_none()
    if agent is None:
        tally.note(Count.UNKNOWN_AGENT, message.agent)
    elif status.agent != agent.name:
        tally.note(Count.FOREIGN_STATUS, f"{agent.name} spoke for {status.agent}")
    elif not status.online and status.boot != agent.boot:
        tally.note(Count.LATE_WILL, agent.name)
    else:
        _take_over(connection, agent, status, now)
        _meet_outbox(connection, agent, status.outbox, now, tally)
        _show(connection, agent, status, now, tally)
        return True
    return False


def miss(heard: Collection[str], now: datetime) -> list[str]:
    """Everybody but these is not there, inside ``writing()``. Returns the names of those who were taken to be."""
    connection = db.session.connection()
    gone = {id_: name for id_, name in connection.execute(_ONLINE) if name not in heard}
    if gone:
        connection.execute(update(Agent).where(Agent.id.in_(gone)).values(online=False))
        codes = connection.execute(select(Machine.code).where(Machine.agent_id.in_(gone))).scalars()
        announce_all([("machine", code) for code in codes], now)
    return sorted(gone.values())


def _take_over(connection: Connection, agent: Any, status: Status, now: datetime) -> None:
    facts: dict[str, Any] = {"online": status.online}
    if status.online:  # a last will knows nothing more
        facts |= {"boot": status.boot[:64], "version": status.version[:40], "synced": status.synced}
        facts |= {"revision": status.revision, "understands": list(status.understands)}
        facts |= {"outbox": status.outbox, "last_n": status.last_n, "last_seen_at": now}
    connection.execute(_CHANGE.values(**facts), {"key": agent.id})


def _meet_outbox(connection: Connection, agent: Any, outbox: str | None, now: datetime, tally: Tally) -> None:
    """An outbox gets its place with the first word of it, so that the receipt names it: stored through 0."""
    if outbox is None or outbox == agent.outbox:
        return
    owner = connection.execute(_OWNER, {"id": str(UUID(outbox))}).scalar_one_or_none()
    if owner is None and connection.execute(_HAS, {"agent": agent.id}).scalar_one() >= OUTBOXES_AN_AGENT:
        tally.note(Count.TOO_MANY_OUTBOXES, agent.name)
    elif owner is None:
        connection.execute(insert(Outbox).values(id=outbox, agent_id=agent.id, last_n=0, first_seen_at=now))
    elif owner != agent.id:
        tally.note(Count.FOREIGN_OUTBOX, f"{agent.name}: outbox {outbox} belongs to another agent")


def _show(connection: Connection, agent: Any, status: Status, now: datetime, tally: Tally) -> None:
    """Turn the machines of this agent on the live board."""
    ids = {code: id_ for code, id_ in connection.execute(_MACHINES, {"agent": agent.id})}  # noqa: C416 — rows, not pairs
    board = Board(connection, ids.values(), now)
    said_at = moment(status.at_ms) if status.boot == agent.boot else None
    for machine in status.machines:
        if machine.machine in ids:
            board.reports(ids[machine.machine], machine, said_at)
        else:
            tally.note(Count.FOREIGN_MACHINE, f"{agent.name}: {machine.machine}")
    board.save()
    turned = status.online != agent.online
    announce_all([("machine", code) for code, id_ in ids.items() if turned or id_ in board.turned], now)
