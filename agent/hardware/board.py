"""The simulated board: the Pi's pins, its badge readers and its time, in a process of their own (see firmware_notes).

``python -m agent.hardware.board DIR``. Agents drive pins and read badges as on a Pi; whoever drives the demo holds
cards to readers and lets time pass. What the pins did is written to edges.jsonl by this process and by nobody else. In
virtual time the clock stands still until every agent has done all it has to do, and then moves to the next deadline.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from agent.hardware.board_agents import AgentSide
from agent.hardware.board_edges import Records
from agent.hardware.board_map import PinBank, create, read_config
from agent.hardware.board_readers import Reader
from agent.hardware.board_server import Switchboard
from agent.hardware.board_steps import Stepper
from agent.hardware.board_time import BoardTime

T = TypeVar("T")
_PIN_POLL_S = 0.005
_IDLE_S = 1.0
_PATIENCE_S = 30.0


class Board:
    """Everything on the bench, and one request at a time from whoever drives it."""

    def __init__(self, directory: Path) -> None:
        config = read_config(directory)
        create(directory, config)
        banks = {agent: PinBank(directory, config.agents, agent) for agent in config.agents}
        self._config = config
        self._time = BoardTime(directory, config.virtual)
        self._readers = {place.machine: Reader(directory, place.machine) for place in config.places}
        self._agents = {
            agent: AgentSide(
                agent, bank, {p.machine: self._readers[p.machine] for p in config.places if p.agent == agent}
            )
            for agent, bank in banks.items()
        }
        self._records = Records(directory, config, banks)
        self._switch = Switchboard(directory, self._agents, self._records, self._time, config.kernel_keeps_level)
        self._stepper = Stepper(self._switch, self._agents.values(), self._records, self._time)
        self._stopped = False

    def run(self) -> None:
        """Until asked to stop, or until the process that started this one is no more."""
        parent = os.getppid()
        while not self._stopped and os.getppid() == parent:
            self._switch.pump(_IDLE_S if self._config.virtual else _PIN_POLL_S)
            if not self._config.virtual:
                self._records.look(self._time.now_ms())
            while self._switch.requests:
                line, request = self._switch.requests.popleft()
                line.send({"id": request.get("id"), **self._answer(request)})

    def stop(self) -> None:
        self._stopped = True

    def close(self) -> None:
        self._records.look(self._time.now_ms())
        self._records.close()
        for reader in self._readers.values():
            reader.close()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": True, **self._do(request)}
        except (ValueError, OverflowError) as error:
            return {"error": str(error)}

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        does: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "tap": self._tap,
            "advance": self._advance,
            "settle": self._settle,
            "state": self._state,
            "next_boot": self._next_boot,
            "sync": self._sync,
            "break": self._break,
            "stop": self._stop,
        }
        if request["do"] not in does:
            raise ValueError(f"{request['do']!r} is nothing this board does")
        return does[request["do"]](request)

    def _tap(self, request: dict[str, Any]) -> dict[str, Any]:
        machine, card = _field(request, "machine", str), _field(request, "card", str)
        frames = _field(request, "frames", int, 2)
        if machine not in self._readers or frames < 1:
            raise ValueError(f"no reader at {machine!r}, or {frames} frames")
        side = next(side for side in self._agents.values() if machine in side.readers)
        if self._config.virtual:
            self._stepper.until(lambda: side.lacks_reader(machine), _patience_s(request))
        written = self._readers[machine].present(card, frames, is_heard=side.line is not None)
        self._records.tap(self._time.now_ms(), machine, card, frames, written)
        return {"t_ms": self._time.now_ms(), "bytes": written}

    def _advance(self, request: dict[str, Any]) -> dict[str, Any]:
        self._only_in_virtual_time()
        to_ms, fine = _field(request, "to_ms", int), _field(request, "fine", bool, False)
        if to_ms < self._time.now_ms():
            raise ValueError(f"{to_ms} is past: it is {self._time.now_ms()}")
        steps = self._stepper.advance(to_ms, fine, _patience_s(request))
        return {"t_ms": to_ms, "steps": steps}

    def _settle(self, request: dict[str, Any]) -> dict[str, Any]:
        self._only_in_virtual_time()
        revisions = _field(request, "revision", dict, {})
        for agent in revisions:
            self._side({"agent": agent})
            _field(revisions, agent, int)
        receipted, connected = _field(request, "receipted", bool, False), _field(request, "connected", bool, False)
        self._stepper.until_settled(revisions, receipted, connected, _patience_s(request))
        self._records.look(self._time.now_ms())
        return {"t_ms": self._time.now_ms()}

    def _state(self, request: dict[str, Any]) -> dict[str, Any]:
        self._records.look(self._time.now_ms())
        places = self._config.places
        pins = {p.machine: self._agents[p.agent].bank.read(p.relay) for p in places}
        return {
            "t_ms": self._time.now_ms(),
            "agents": {side.name: side.describe() for side in self._agents.values()},
            "pins": {machine: {**pin._asdict(), "driven": pin.driven} for machine, pin in pins.items()},
            "written": {machine: reader.written for machine, reader in self._readers.items()},
            "unread": {machine: reader.unread() for machine, reader in self._readers.items()},
            "lost": {machine: reader.lost for machine, reader in self._readers.items()},
        }

    def _sync(self, request: dict[str, Any]) -> dict[str, Any]:
        self._side(request).set_clock()
        return {}

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        self.stop()
        return {}

    def _break(self, request: dict[str, Any]) -> dict[str, Any]:
        machine = _field(request, "machine", str)
        place = next((place for place in self._config.places if place.machine == machine), None)
        if place is None:
            raise ValueError(f"board.json names no machine {machine!r}")
        self._agents[place.agent].bank.spoil(place.relay, _field(request, "broken", bool))
        return {}

    def _next_boot(self, request: dict[str, Any]) -> dict[str, Any]:
        side = self._side(request)
        new_boot, synced = _field(request, "new_boot", bool), _field(request, "synced", bool, True)
        side.plan_boot(new_boot, synced, _field(request, "wall_offset_ms", int, 0))
        if new_boot and side.line is None:
            self._switch.power_cycle(side)
        return {}

    def _only_in_virtual_time(self) -> None:
        if not self._config.virtual:
            raise ValueError("time is real here: it does not wait for agents, and nobody moves it")

    def _side(self, request: dict[str, Any]) -> AgentSide:
        name = _field(request, "agent", str)
        if name not in self._agents:
            raise ValueError(f"board.json names no agent {name!r}")
        return self._agents[name]


def _field(request: dict[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    value = request.get(name)
    if value is None and default is not None:
        return default
    if type(value) is not kind:
        raise ValueError(f"{name}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def _patience_s(request: dict[str, Any]) -> float:
    match request.get("timeout_s", _PATIENCE_S):
        case int() | float() as seconds:
            return seconds
        case _:
            raise ValueError("timeout_s: expected a number of seconds")


def main() -> None:
    directory = Path(sys.argv[1])
    board = Board(directory)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        board.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    print("ready", flush=True)
    board.run()
    board.close()


if __name__ == "__main__":
    main()
