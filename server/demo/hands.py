"""Does at the live demo what somebody at its bench asks for: cables, agents, relays, and whether the makers go on."""

from typing import Any

from server.demo.board_client import BoardClient
from server.demo.cables import Cables
from server.demo.control import Answer
from server.demo.stage import Stage

_FRAMES = 3


class Hands:
    """``resting``: the makers of the timetable have stopped, so that whoever is at the bench has the machines alone."""

    def __init__(self, stage: Stage, board: BoardClient, cables: Cables | None) -> None:
        self._stage = stage
        self._board = board
        self._cables = cables
        self._killed: set[str] = set()
        self._broken: set[str] = set()
        self.resting = False

    def do(self, request: dict[str, Any]) -> Answer:
        """Raises ValueError for what cannot be done, in words."""
        match request:
            case {"do": "state"}:
                return self._state()
            case {"do": "tap", "machine": str(machine), "card": str(card)}:
                self._board.tap(machine, card, _FRAMES)
            case {"do": "rest", "resting": bool(resting)}:
                self.resting = resting
            case {"do": "break", "machine": str(machine), "broken": bool(broken)} if machine in self._machines():
                self._break(machine, broken)
            case {"do": "plug", "agent": str(agent), "plugged": bool(plugged)} if agent in self._stage.lab.agents():
                self._plug(agent, plugged)
            case {"do": "run", "agent": str(agent), "running": bool(running)} if agent in self._stage.lab.agents():
                self._run(agent, running)
            case _:
                raise ValueError(f"this demo cannot do {request}")
        return {}

    def _state(self) -> Answer:
        return {
            "board": self._board.state(),
            "pulled": sorted(self._cables.pulled) if self._cables else [],
            "killed": sorted(self._killed),
            "broken": sorted(self._broken),
            "resting": self.resting,
        }

    def _machines(self) -> set[str]:
        return {machine.code for machine in self._stage.lab.machines}

    def _break(self, machine: str, broken: bool) -> None:
        self._board.spoil(machine, broken)
        (self._broken.add if broken else self._broken.discard)(machine)

    def _plug(self, agent: str, plugged: bool) -> None:
        if self._cables is None:
            raise ValueError("this demo uses somebody else's broker: its cables are not ours to pull")
        (self._cables.plug if plugged else self._cables.pull)(agent)

    def _run(self, agent: str, running: bool) -> None:
        if running and agent in self._killed:
            self._stage.start_agent(agent)
            self._killed.discard(agent)
        elif not running and agent not in self._killed:
            self._stage.processes.kill(agent)
            self._killed.add(agent)
