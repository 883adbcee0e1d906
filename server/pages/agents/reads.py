"""What the pages know of agents: what each said last of itself, the list it follows, and the machines it gates."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask import abort
from sqlalchemy import func, select

from server.dashboard.board import AgentFacts, is_silent
from server.db import db, reading
from server.lists.models import PublishedList
from server.machines.models import Agent, Machine, MachineLive
from server.usage.models import Event
from wire.messages import AgentStarted, MachineState

_RUNNING = (MachineState.RUNNING, MachineState.ENDING)


class ListState(StrEnum):
    NEVER = "never"  # nothing was published for it yet
    CURRENT = "current"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Gated:
    """A machine of an agent. Only those of the lab are among them, the ended ones are not."""

    code: str
    name: str
    category: str
    room: str
    is_running: bool


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent. ``started_at``: when its program said so last; ``list_at``: when the list it follows was made;
    ``published_at``: when the newest was sent."""

    name: str
    is_silent: bool
    seen_at: datetime | None
    started_at: datetime | None
    version: str
    synced: bool
    list_state: ListState
    list_at: datetime | None
    published_at: datetime | None
    list_size: int
    machines: tuple[Gated, ...]
    ended_at: datetime | None
    paired_at: datetime | None
    revoked_at: datetime | None
    disk_free_mb: int | None

    @property
    def was_never_heard(self) -> bool:
        return self.seen_at is None


def find_agents(now: datetime, ended: bool = False) -> list[AgentRow]:
    """Those that are expected, or those that no longer are; the silent ones first."""
    wanted = Agent.ended_at.is_not(None) if ended else Agent.ended_at.is_(None)
    with reading():
        found = _read(wanted, now)
    return sorted(found, key=lambda agent: not agent.is_silent)


def agent_called(name: str, now: datetime) -> AgentRow:
    with reading():
        found = _read(Agent.name == name, now)
    return found[0] if found else abort(404)


def count_of_agents() -> tuple[int, int]:
    """How many are expected, and how many no longer are."""
    with reading() as session:
        ended = [at is not None for at in session.scalars(select(Agent.ended_at))]
    return ended.count(False), ended.count(True)


def _read(condition: Any, now: datetime) -> list[AgentRow]:
    wanted = select(Agent, PublishedList).outerjoin(PublishedList, PublishedList.agent_id == Agent.id)
    rows = db.session.execute(wanted.where(condition).order_by(Agent.id)).all()
    machines, starts = _machines(), _starts()
    return [_row(agent, sent, machines.get(agent.id, ()), starts.get(agent.id), now) for agent, sent in rows]


def _row(
    agent: Agent, sent: PublishedList | None, machines: tuple[Gated, ...], started: datetime | None, now: datetime
) -> AgentRow:
    running = any(machine.is_running for machine in machines)
    return AgentRow(
        name=agent.name,
        is_silent=is_silent(AgentFacts(agent.name, agent.online, agent.last_seen_at), running, now),
        seen_at=agent.last_seen_at,
        started_at=started,
        version=agent.version,
        synced=agent.synced,
        list_state=_list_state(agent, sent),
        list_at=datetime.fromtimestamp(agent.revision / 1000, UTC) if agent.revision else None,
        published_at=sent.issued_at if sent else None,
        list_size=sent.size if sent else 0,
        machines=machines,
        ended_at=agent.ended_at,
        paired_at=agent.paired_at,
        revoked_at=agent.revoked_at,
        disk_free_mb=agent.disk_free_mb,
    )


def _list_state(agent: Agent, sent: PublishedList | None) -> ListState:
    if sent is None:
        return ListState.NEVER
    return ListState.CURRENT if agent.revision >= sent.revision else ListState.BEHIND


def _starts() -> Mapping[int, datetime]:
    wanted = select(Event.agent_id, func.max(Event.received_at)).where(Event.kind == AgentStarted.KIND)
    return dict(db.session.execute(wanted.group_by(Event.agent_id)).all())


def _machines() -> Mapping[int, tuple[Gated, ...]]:
    wanted = (
        select(Machine, MachineLive.state)
        .outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
        .where(Machine.ended_at.is_(None))
        .order_by(Machine.id)
    )
    found: dict[int, list[Gated]] = defaultdict(list)
    for machine, state in db.session.execute(wanted):
        gated = Gated(machine.code, machine.name, machine.category, machine.room or "", state in _RUNNING)
        found[machine.agent_id].append(gated)
    return {agent: tuple(machines) for agent, machines in found.items()}
