"""Reads the books for the live board: a handful of queries in one short snapshot, no person in any of them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.billing.models import Draft
from server.dashboard.board import (
    AgentFacts,
    Board,
    MachineFacts,
    Trouble,
    Worry,
    rooms_of,
    silent_agents,
    tile_of,
    troubles_of,
)
from server.dashboard.today import figures_of, happenings_since
from server.db import db, reading
from server.domain.period import day_of, day_start
from server.jobs.models import Job
from server.machines.models import Agent, Machine, MachineLive
from server.usage.models import RejectedEvent, UsageSession


def read_board(now: datetime, zone: ZoneInfo) -> Board:
    """Everything the board shows at ``now``. ``zone`` is the lab's, for what "today" means."""
    day = day_of(now, zone)
    midnight = day_start(day, zone)
    with reading():
        agents = _agents()
        machines = _machines(agents)
        return Board(
            day,
            rooms_of(tile_of(facts, now) for facts in machines),
            (*troubles_of(machines, list(agents.values()), now), *_troubles_in_the_books()),
            happenings_since(midnight, {facts.code: facts.name for facts in machines}),
            figures_of(day, now, zone),
            silent_agents(machines, list(agents.values()), now),
            len(agents),
        )


def _agents() -> dict[int, AgentFacts]:
    rows = db.session.execute(
        select(Agent.id, Agent.name, Agent.online, Agent.last_seen_at)
        .where(Agent.ended_at.is_(None))
        .order_by(Agent.id)
    )
    return {number: AgentFacts(name, online, seen) for number, name, online, seen in rows}


def _machines(agents: dict[int, AgentFacts]) -> list[MachineFacts]:
    """Every machine with its agent's last report; the start comes from the ledger, from the report until it is there."""
    wanted = (
        select(Machine, MachineLive, UsageSession.started_at)
        .outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
        .outerjoin(UsageSession, UsageSession.id == MachineLive.session)
        .where(Machine.ended_at.is_(None))
        .order_by(Machine.id)
    )
    return [_facts(machine, live, started, agents) for machine, live, started in db.session.execute(wanted)]


def _facts(
    machine: Machine, live: MachineLive | None, started: datetime | None, agents: dict[int, AgentFacts]
) -> MachineFacts:
    return MachineFacts(
        machine.code,
        machine.name,
        machine.room or "",
        agents[machine.agent_id],
        machine.service,
        machine.service_note,
        machine.max_s,
        live=live.state if live else None,
        started=started or (live.since if live else None),
        latched=live.latched if live else False,
        faults=tuple(live.faults) if live else (),
    )


def _troubles_in_the_books() -> list[Trouble]:
    """What waits for a person on the server's side: counted, never named."""
    rejected, last = db.session.execute(select(func.count(), func.max(RejectedEvent.received_at))).one()
    held = db.session.scalar(select(func.count()).where(Draft.held != "")) or 0
    failed = db.session.scalar(select(func.count()).where(Job.state == "failed")) or 0
    found = [
        Trouble(Worry.REJECTED, since=last, count=rejected),
        Trouble(Worry.HELD, count=held),
        Trouble(Worry.JOB_FAILED, count=failed),
    ]
    return [trouble for trouble in found if trouble.count]
