"""What the machines and agents themselves show to be wrong, worst first. Pure, like the board it stands on."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from server.dashboard.board import (
    RUNNING,
    AgentFacts,
    MachineFacts,
    State,
    Tile,
    Trouble,
    Worry,
    is_silent,
    planned_end,
    tile_of,
)


def troubles_of(machines: Sequence[MachineFacts], agents: Sequence[AgentFacts], now: datetime) -> list[Trouble]:
    """What the machines and agents themselves show to be wrong, worst first."""
    found = [trouble for facts in machines for trouble in _of_machine(facts, tile_of(facts, now), now)]
    found += _of_agents(machines, agents, now)
    order = list(Worry)
    return sorted(found, key=lambda trouble: (order.index(trouble.worry), trouble.since is None, trouble.since or now))


def silent_agents(machines: Sequence[MachineFacts], agents: Sequence[AgentFacts], now: datetime) -> tuple[str, ...]:
    running = {facts.agent.name for facts in machines if facts.live in RUNNING}
    return tuple(agent.name for agent in agents if is_silent(agent, agent.name in running, now))


def _of_agents(machines: Sequence[MachineFacts], agents: Sequence[AgentFacts], now: datetime) -> list[Trouble]:
    silent = silent_agents(machines, agents, now)
    seen = {agent.name: agent.seen for agent in agents}
    if 1 < len(silent) == len(agents):
        last = max((moment for moment in seen.values() if moment), default=None)
        return [Trouble(Worry.CUT_OFF, since=last)]
    names = {name: tuple(facts.name for facts in machines if facts.agent.name == name) for name in silent}
    return [Trouble(Worry.SILENT, name, since=seen[name], machines=names[name]) for name in silent]


def _of_machine(facts: MachineFacts, tile: Tile, now: datetime) -> Iterable[Trouble]:
    if tile.state is State.FAULT:
        yield Trouble(Worry.FAULT, facts.name, facts.code, why=tile.why)
    if facts.latched:
        yield Trouble(Worry.PROBLEM if facts.problem else Worry.LATCHED, facts.name, facts.code)
    if tile.bypass_until:
        yield Trouble(Worry.BYPASSED, facts.name, facts.code, until=tile.bypass_until)
    if facts.lacks:
        yield Trouble(Worry.LACKS, facts.name, facts.code, why=facts.lacks[0])
    if tile.limit_s and tile.started and not tile.silent:
        over = planned_end(tile)
        if over < now:
            yield Trouble(Worry.OVERTIME, facts.name, facts.code, over)
