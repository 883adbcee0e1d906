"""What an agent says of itself: retained while it is connected, and spoken for it by the broker when it is gone.

A status changes the agent's row and the live board; it is no evidence, and no session is opened or closed by it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from server.db import db
from server.domain.usage import moment
from server.jobs.service import announce_all
from server.machines.models import Agent, Machine
from server.usage.counts import Count, Tally
from server.usage.intake import OUTBOXES_AN_AGENT, Incoming
from server.usage.live import Board
from server.usage.models import Outbox
from wire.messages import Status, WireError, decode_status


def hear(message: Incoming, now: datetime, tally: Tally) -> bool:
    """Take in one status, inside ``writing()``. True when it was the agent's own and of its present boot."""
    try:
        status = decode_status(message.payload)
    except WireError as error:
        tally.note(Count.UNREADABLE_STATUS, f"{message.agent}: {error}")
        return False
    agent: Agent | None = db.session.scalar(select(Agent).where(Agent.name == message.agent))
    if agent is None:
        tally.note(Count.UNKNOWN_AGENT, message.agent)
        return False
    if status.agent != agent.name:
        tally.note(Count.FOREIGN_STATUS, f"{agent.name} spoke for {status.agent}")
        return False
    if not status.online and status.boot != agent.boot:
        tally.note(Count.LATE_WILL, agent.name)
        return False
    _take_over(agent, status, now, tally)
    return True


def _take_over(agent: Agent, status: Status, now: datetime, tally: Tally) -> None:
    same_boot, turned = status.boot == agent.boot, status.online != agent.online
    agent.online = status.online
    if status.online:
        agent.boot, agent.version = status.boot[:64], status.version[:40]
        agent.revision, agent.synced, agent.understands = status.revision, status.synced, list(status.understands)
        agent.outbox, agent.last_n, agent.last_seen_at = status.outbox, status.last_n, now
        _meet_outbox(agent, now, tally)
    ids = dict(db.session.execute(select(Machine.code, Machine.id).where(Machine.agent_id == agent.id)).all())
    board = Board(db.session.connection(), ids.values(), now)
    for machine in status.machines:
        if machine.machine in ids:
            board.reports(ids[machine.machine], machine, moment(status.at_ms) if same_boot else None)
        else:
            tally.note(Count.FOREIGN_MACHINE, f"{agent.name}: {machine.machine}")
    board.save()
    announce_all([("machine", code) for code, id_ in ids.items() if turned or id_ in board.turned], now)


def _meet_outbox(agent: Agent, now: datetime, tally: Tally) -> None:
    """An outbox gets its place with the first word of it, so that the receipt names it: stored through 0."""
    if agent.outbox is None:
        return
    known = db.session.get(Outbox, str(UUID(agent.outbox)))
    own = select(func.count()).select_from(Outbox).where(Outbox.agent_id == agent.id)
    if known is None and (db.session.scalar(own) or 0) >= OUTBOXES_AN_AGENT:
        tally.note(Count.TOO_MANY_OUTBOXES, agent.name)
    elif known is None:
        db.session.add(Outbox(id=agent.outbox, agent_id=agent.id, last_n=0, first_seen_at=now))
    elif known.agent_id != agent.id:
        tally.note(Count.FOREIGN_OUTBOX, f"{agent.name}: outbox {agent.outbox} belongs to another agent")
