"""Does at the live demo what somebody at its bench asks for: cables, agents, relays, and whether the makers go on."""

import time
from typing import Any

from server.demo.board_client import BoardClient
from server.demo.cables import Cables
from server.demo.control import Answer
from server.demo.stage import Stage

_FRAMES = 3
_PRESS_S = 0.2


class Hands:
    """``resting``: the makers of the timetable have stopped, so that whoever is at the bench has the machines alone."""

    def __init__(self, stage: Stage, board: BoardClient, cables: Cables | None) -> None:
        self._stage = stage
        self._board = board
        self._cables = cables
        self._killed: set[str] = set()
        self._marked: dict[str, set[str]] = {"break": set(), "stop": set(), "weld": set()}
        self.resting = False

    def do(self, request: dict[str, Any]) -> Answer:
        """Raises ValueError for what cannot be done, in words."""
        match request:
            case {"do": "state"}:
                return self._state()
            case {"do": "tap", "machine": str(machine), "card": str(card)}:
                self._board.tap(machine, card, _FRAMES)
            case {"do": "press", "machine": str(machine), "button": "button" | "problem" as button}:
                self._press(machine, button)
            case {"do": "rest", "on": bool(resting)}:
                self.resting = resting
            case {"do": str(act), "machine": str(machine), "on": bool(on)} if machine in self._machines():
                self._set(act, machine, on)
            case {"do": str(act), "agent": str(agent), "on": bool(on)} if agent in self._stage.lab.agents():
                self._set_agent(act, agent, on)
            case _:
                raise ValueError(f"this demo cannot do {request}")
        return {}

    def _set(self, act: str, machine: str, on: bool) -> None:
        """What stays as it is set: a broken relay, a pressed stop, a welded contactor."""
        match act:
            case "break":
                self._board.spoil(machine, on)
            case "stop":
                self._board.press(machine, "estop", on)
            case "weld":
                self._board.weld(machine, on)
            case _:
                raise ValueError(f"this demo cannot {act} a machine")
        marked = self._marked[act]
        (marked.add if on else marked.discard)(machine)

    def _set_agent(self, act: str, agent: str, on: bool) -> None:
        match act:
            case "plug":
                self._plug(agent, on)
            case "run":
                self._run(agent, on)
            case _:
                raise ValueError(f"this demo cannot {act} an agent")

    def _state(self) -> Answer:
        return {
            "board": self._board.state(),
            "pulled": sorted(self._cables.pulled) if self._cables else [],
            "killed": sorted(self._killed),
            "broken": sorted(self._marked["break"]),
            "stopped": sorted(self._marked["stop"]),
            "welded": sorted(self._marked["weld"]),
            "resting": self.resting,
        }

    def _machines(self) -> set[str]:
        return {machine.code for machine in self._stage.lab.machines}

    def _press(self, machine: str, button: str) -> None:
        self._board.press(machine, button, down=True)
        time.sleep(_PRESS_S)
        self._board.press(machine, button, down=False)

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
