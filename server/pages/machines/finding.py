"""The list of machines: who is in it by what was typed and chosen, and what the columns say. A lab has dozens of them, so
all are read and compared here; nothing about a person is.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from server.billing.gaps import kinds_here
from server.billing.tariffs import load_tariffs
from server.dashboard.board import AgentFacts, State, Tile, tile_of
from server.dashboard.service import denied_at, machine_facts
from server.db import db, reading
from server.domain.money import whole_cents
from server.domain.pricelist import in_force
from server.domain.rating import an_hour
from server.domain.tariffs import Tariff, Use, tariff_for
from server.machines.models import Agent, Machine, MachineLive, MachineSkill
from server.pages.people.names import folded
from server.pages.prices.sentences import headline
from server.training.models import Skill
from server.usage.models import UsageSession
from server.web.here import zone


class Show(StrEnum):
    """Which machines the list shows; without a choice, all of the lab."""

    HERE = ""
    RUNNING = "running"
    OUT = "out"
    WITHOUT_PRICE = "without_price"
    WITHOUT_SKILL = "without_skill"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Prices:
    """What an hour costs the kinds of tenant there are, in cents: from, to, and the kinds nobody has named a price for.
    ``said``: the price in words, where it is one and the same for all who have one."""

    lowest: int | None
    highest: int | None
    missing: tuple[str, ...]
    said: str = ""


@dataclass(frozen=True, slots=True)
class MachineRow:
    code: str
    name: str
    category: str
    room: str
    risk: str
    agent: str
    service: str
    note: str
    skills: tuple[str, ...]
    prices: Prices
    tile: Tile
    ended_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.tile.started is not None


@dataclass(frozen=True, slots=True)
class RoomOfRows:
    name: str
    rows: tuple[MachineRow, ...]

    @property
    def free(self) -> int:
        return sum(row.tile.state is State.FREE for row in self.rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    typed: str = ""
    room: str = ""
    category: str = ""
    show: Show = Show.HERE


def find_machines(asked: Asked, now: datetime) -> list[RoomOfRows]:
    """The machines asked for, by room in the order of the rooms' names; those that stand nowhere come last."""
    with reading():
        rows = _rows(asked.show is Show.ENDED, now)
    rooms: dict[str, list[MachineRow]] = defaultdict(list)
    for row in rows:
        if _fits(row, asked):
            rooms[row.room].append(row)
    return [RoomOfRows(name, tuple(rooms[name])) for name in sorted(rooms, key=lambda name: (name == "", folded(name)))]


def count_of_machines() -> tuple[int, int]:
    """How many the lab has, and how many have gone from it."""
    with reading() as session:
        ended = [at is not None for at in session.scalars(select(Machine.ended_at))]
    return ended.count(False), ended.count(True)


def _fits(row: MachineRow, asked: Asked) -> bool:
    words = folded(asked.typed).split()
    text = folded(" ".join((row.name, row.code, row.category, row.room, row.agent, *row.skills)))
    chosen = (not asked.room or row.room == asked.room) and (not asked.category or row.category == asked.category)
    return chosen and _is_shown(row, asked.show) and all(word in text for word in words)


def _is_shown(row: MachineRow, show: Show) -> bool:
    match show:
        case Show.RUNNING:
            return row.is_running
        case Show.OUT:
            return row.tile.state in {State.LOCK, State.OFF, State.FAULT}
        case Show.WITHOUT_PRICE:
            return bool(row.prices.missing)
        case Show.WITHOUT_SKILL:
            return not row.skills
        case _:
            return True


def _rows(ended: bool, now: datetime) -> list[MachineRow]:
    wanted = (
        select(Machine, Agent, MachineLive, UsageSession.started_at)
        .join(Agent, Agent.id == Machine.agent_id)
        .outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
        .outerjoin(UsageSession, UsageSession.id == MachineLive.session)
        .where(Machine.ended_at.is_not(None) if ended else Machine.ended_at.is_(None))
        .order_by(Machine.id)
    )
    skills, tariffs, kinds = _skills(), in_force(load_tariffs(), now), kinds_here()
    denied = denied_at(now)

    def tile(machine: Machine, agent: Agent, live: MachineLive | None, started: datetime | None) -> Tile:
        known = AgentFacts(agent.name, agent.online, agent.last_seen_at)
        return tile_of(machine_facts(machine, known, live, started, denied=denied.get(machine.id, "")), now)

    return [
        _row(
            machine,
            tile(machine, agent, live, started),
            agent.name,
            skills,
            _prices(machine, tariffs, kinds, now),
        )
        for machine, agent, live, started in db.session.execute(wanted)
    ]


def _row(machine: Machine, tile: Tile, agent: str, skills: Mapping[int, list[str]], prices: Prices) -> MachineRow:
    return MachineRow(
        machine.code,
        machine.name,
        machine.category,
        machine.room or "",
        machine.risk,
        agent,
        machine.service,
        machine.service_note,
        tuple(skills.get(machine.id, ())),
        prices,
        tile,
        machine.ended_at,
    )


def _skills() -> Mapping[int, list[str]]:
    wanted = select(MachineSkill.machine_id, Skill.name).join(Skill, Skill.id == MachineSkill.skill_id)
    names: dict[int, list[str]] = defaultdict(list)
    for machine_id, name in db.session.execute(wanted.order_by(Skill.name)):
        names[machine_id].append(name)
    return names


def _prices(machine: Machine, tariffs: Collection[Tariff], kinds: Collection[str], now: datetime) -> Prices:
    found = {kind: tariff_for(tariffs, Use(machine.code, machine.category, "", kind), now) for kind in kinds}
    cents = [whole_cents(an_hour(tariff, now, zone())) for tariff in found.values() if tariff is not None]
    missing = tuple(kind for kind, tariff in found.items() if tariff is None)
    said = {headline(tariff.rule) for tariff in found.values() if tariff is not None}
    return Prices(min(cents, default=None), max(cents, default=None), missing, said.pop() if len(said) == 1 else "")
