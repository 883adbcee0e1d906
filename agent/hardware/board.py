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
from typing import Any

from agent.hardware.board_agents import AgentSide
from agent.hardware.board_edges import Records
from agent.hardware.board_map import PinBank, create, read_config
from agent.hardware.board_readers import Reader
from agent.hardware.board_request import field, one_of, patience_s
from agent.hardware.board_server import Switchboard
from agent.hardware.board_steps import Stepper
from agent.hardware.board_time import BoardTime
from agent.hardware.board_wires import CONTACTS, PRESSED, Harness

_PIN_POLL_S = 0.005
_IDLE_S = 1.0


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
        self._harness = Harness(config.places, banks)
        self._stepper = Stepper(self._switch, self._agents.values(), self._records, self._time)
        self._stopped = False

    def run(self) -> None:
        """Until asked to stop, or until the process that started this one is no more."""
        parent = os.getppid()
        while not self._stopped and os.getppid() == parent:
            self._switch.pump(_IDLE_S if self._config.virtual else _PIN_POLL_S)
            if not self._config.virtual:
                self._look()
            while self._switch.requests:
                line, request = self._switch.requests.popleft()
                line.send({"id": request.get("id"), **self._answer(request)})

    def stop(self) -> None:
        self._stopped = True

    def _look(self) -> None:
        self._records.look(self._time.now_ms())
        self._harness.look(self._time.now_ms())

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
            "press": self._press,
            "contact": self._contact,
            "mains": self._mains,
            "reader": self._reader,
            "stop": self._stop,
        }
        if request["do"] not in does:
            raise ValueError(f"{request['do']!r} is nothing this board does")
        return does[request["do"]](request)

    def _tap(self, request: dict[str, Any]) -> dict[str, Any]:
        machine, card = field(request, "machine", str), field(request, "card", str)
        frames = field(request, "frames", int, 2)
        if machine not in self._readers or frames < 1:
            raise ValueError(f"no reader at {machine!r}, or {frames} frames")
        side = next(side for side in self._agents.values() if machine in side.readers)
        if self._config.virtual:
            self._stepper.until(lambda: side.lacks_reader(machine), patience_s(request))
        written = self._readers[machine].present(card, frames, is_heard=side.line is not None)
        self._records.tap(self._time.now_ms(), machine, card, frames, written)
        return {"t_ms": self._time.now_ms(), "bytes": written}

    def _advance(self, request: dict[str, Any]) -> dict[str, Any]:
        self._only_in_virtual_time()
        to_ms, fine = field(request, "to_ms", int), field(request, "fine", bool, False)
        if to_ms < self._time.now_ms():
            raise ValueError(f"{to_ms} is past: it is {self._time.now_ms()}")
        steps = self._stepper.advance(to_ms, fine, patience_s(request))
        return {"t_ms": to_ms, "steps": steps}

    def _settle(self, request: dict[str, Any]) -> dict[str, Any]:
        self._only_in_virtual_time()
        revisions = field(request, "revision", dict, {})
        for agent in revisions:
            self._side({"agent": agent})
            field(revisions, agent, int)
        receipted, connected = field(request, "receipted", bool, False), field(request, "connected", bool, False)
        self._stepper.until_settled(revisions, receipted, connected, patience_s(request))
        self._records.look(self._time.now_ms())
        return {"t_ms": self._time.now_ms()}

    def _state(self, request: dict[str, Any]) -> dict[str, Any]:
        self._records.look(self._time.now_ms())
        places = self._config.places
        pins = {p.machine: self._agents[p.agent].bank.read(p.relay) for p in places}
        return {
            "t_ms": self._time.now_ms(),
            "agents": {side.name: side.describe() for side in self._agents.values()},
            "power": self._harness.describe(),
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
        machine = field(request, "machine", str)
        place = next((place for place in self._config.places if place.machine == machine), None)
        if place is None:
            raise ValueError(f"board.json names no machine {machine!r}")
        broken, lets_go = field(request, "broken", bool), field(request, "lets_go", bool, True)
        self._agents[place.agent].bank.spoil(place.relay, broken, lets_go)
        return {}

    def _press(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answered once the wire is as it was asked for."""
        name, down = one_of(request, "input", PRESSED), field(request, "down", bool)
        self._harness.of(field(request, "machine", str)).press(name, down)
        self._look()
        return {}

    def _contact(self, request: dict[str, Any]) -> dict[str, Any]:
        self._harness.of(field(request, "machine", str)).contactor.does = one_of(request, "does", CONTACTS)
        self._look()
        return {}

    def _mains(self, request: dict[str, Any]) -> dict[str, Any]:
        """Of one Pi and its machines. A Pi without mains lets its pins fall when its agent dies, and starts none."""
        self._only_in_real_time()
        side, on = self._side(request), field(request, "on", bool)
        side.mains = on
        self._harness.set_mains(side.name, on)
        if not on:
            side.plan_boot(new_boot=True, synced=True, wall_offset_ms=0)
            if side.line is None:
                self._switch.power_cycle(side)
        self._look()
        return {}

    def _reader(self, request: dict[str, Any]) -> dict[str, Any]:
        """Pull a reader's plug, or put it back in."""
        self._only_in_real_time()
        machine, plugged = field(request, "machine", str), field(request, "plugged", bool)
        if machine not in self._readers:
            raise ValueError(f"no reader at {machine!r}")
        reader = self._readers[machine]
        (reader.plug_in if plugged else reader.pull_out)()
        return {}

    def _next_boot(self, request: dict[str, Any]) -> dict[str, Any]:
        side = self._side(request)
        new_boot, synced = field(request, "new_boot", bool), field(request, "synced", bool, True)
        side.plan_boot(new_boot, synced, field(request, "wall_offset_ms", int, 0))
        if new_boot and side.line is None:
            self._switch.power_cycle(side)
        return {}

    def _only_in_virtual_time(self) -> None:
        if not self._config.virtual:
            raise ValueError("time is real here: it does not wait for agents, and nobody moves it")

    def _only_in_real_time(self) -> None:
        if self._config.virtual:
            raise ValueError("time is virtual here: nobody would tell when an agent has noticed")

    def _side(self, request: dict[str, Any]) -> AgentSide:
        name = field(request, "agent", str)
        if name not in self._agents:
            raise ValueError(f"board.json names no agent {name!r}")
        return self._agents[name]


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
