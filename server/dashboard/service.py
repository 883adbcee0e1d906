"""Reads the books for the live board: a handful of queries in one short snapshot, no person in any of them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from server.bookings.facts import ahead
from server.care.facts import denials
from server.dashboard.board import (
    AgentFacts,
    Board,
    MachineFacts,
    rooms_of,
    tile_of,
)
from server.dashboard.plan import MachineFact, Rect, RoomFact, lay_out
from server.dashboard.today import figures_of, happenings_since
from server.dashboard.troubles import silent_agents, troubles_of
from server.db import db, reading
from server.domain.bookings import Ahead
from server.domain.period import day_of, day_start
from server.machines.models import Agent, Machine, MachineLive, Room
from server.usage.models import UsageSession

_BOOKED_AHEAD = timedelta(hours=12)  # what comes later is for the calendar


def read_board(now: datetime, zone: ZoneInfo) -> Board:
    """Everything the board shows at ``now``. ``zone`` is the lab's, for what "today" means."""
    day = day_of(now, zone)
    midnight = day_start(day, zone)
    with reading():
        agents = _agents()
        machines = _machines(agents, ahead(now, now + _BOOKED_AHEAD), denied_at(now))
        rooms = _rooms()
        return Board(
            day,
            rooms_of((tile_of(facts, now) for facts in machines), (room.name for room in rooms)),
            tuple(troubles_of(machines, list(agents.values()), now)),
            happenings_since(midnight, {facts.code: facts.name for facts in machines}),
            figures_of(day, now, zone),
            silent_agents(machines, list(agents.values()), now),
            len(agents),
            lay_out(rooms, [MachineFact(facts.code, facts.room, facts.at) for facts in machines]),
        )


def _rooms() -> list[RoomFact]:
    wanted = select(Room.name, Room.x, Room.y, Room.width, Room.height).order_by(Room.id)
    return [
        RoomFact(name, Rect(x, y, width, height) if width else None)
        for name, x, y, width, height in db.session.execute(wanted)
    ]


def _agents() -> dict[int, AgentFacts]:
    rows = db.session.execute(
        select(Agent.id, Agent.name, Agent.online, Agent.last_seen_at)
        .where(Agent.ended_at.is_(None))
        .order_by(Agent.id)
    )
    return {number: AgentFacts(name, online, seen) for number, name, online, seen in rows}


def denied_at(now: datetime) -> dict[int, str]:
    """By a machine's id: the first reason that keeps everybody away from it. Inside ``reading()``."""
    found = {number: [one.reason.value for one in facts if one.since <= now] for number, facts in denials().items()}
    return {number: reasons[0] for number, reasons in found.items() if reasons}


def _machines(agents: dict[int, AgentFacts], booked: dict[int, Ahead], denied: dict[int, str]) -> list[MachineFacts]:
    """Every machine with its agent's last report; the start comes from the ledger, from the report until it is there."""
    wanted = (
        select(Machine, MachineLive, UsageSession.started_at)
        .outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
        .outerjoin(UsageSession, UsageSession.id == MachineLive.session)
        .where(Machine.ended_at.is_(None))
        .order_by(Machine.id)
    )
    return [
        machine_facts(
            machine, agents[machine.agent_id], live, started, booked.get(machine.id), denied.get(machine.id, "")
        )
        for machine, live, started in db.session.execute(wanted)
    ]


def machine_facts(
    machine: Machine,
    agent: AgentFacts,
    live: MachineLive | None,
    started: datetime | None,
    booked: Ahead | None = None,
    denied: str = "",
) -> MachineFacts:
    """One machine's facts from its rows. ``started``: of the session its agent reports, if the ledger has it."""
    return MachineFacts(
        machine.code,
        machine.name,
        machine.room or "",
        agent,
        machine.service,
        machine.service_note,
        machine.max_s,
        live=live.state if live else None,
        started=started or (live.since if live else None),
        latched=live.latched if live else False,
        faults=tuple(live.faults) if live else (),
        problem=live.problem if live else False,
        working=live.running if live else None,
        lacks=tuple(live.lacks) if live else (),
        bypass_until=machine.bypass_until,
        booked=booked,
        denied=denied,
        at=None if machine.x is None or machine.y is None else (machine.x, machine.y),
    )
