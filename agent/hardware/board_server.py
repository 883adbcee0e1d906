"""The simulated board's switchboard: takes connections, tells agents from drivers, notices who has died.

A dead agent's pins fall to their resistors at once, as with ``strict_gpiod``; or, with ``kernel_keeps_level``, stay as
they were until the Pi boots again or a new process takes them.
"""

import selectors
from collections import deque
from pathlib import Path
from typing import Any

from agent.hardware.board_agents import AgentSide
from agent.hardware.board_edges import Records
from agent.hardware.board_lines import Line, listen
from agent.hardware.board_time import BoardTime

PIN, DIED = "pin", "process died"


class Switchboard:
    """``requests`` holds what drivers asked and nobody has answered yet."""

    def __init__(
        self, directory: Path, agents: dict[str, AgentSide], records: Records, time: BoardTime, keeps_level: bool
    ) -> None:
        self.requests: deque[tuple[Line, dict[str, Any]]] = deque()
        self._agents = agents
        self._records = records
        self._time = time
        self._keeps_level = keeps_level
        self._listening = listen(directory)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)

    def pump(self, timeout_s: float) -> bool:
        """Deal with everything that arrives within ``timeout_s``; True if anything did."""
        events = self._selector.select(timeout_s)
        for key, _ in events:
            if key.data is None:
                connection, _ = self._listening.accept()
                self._selector.register(connection, selectors.EVENT_READ, Line(connection))
            else:
                self._serve(key.data)
        return bool(events)

    def power_cycle(self, side: AgentSide) -> None:
        """The Pi lost power: its pins fall whatever its kernel would keep. For an agent that has already died."""
        self._records.look(self._time.now_ms(), PIN, side.name)
        side.bank.fall()
        self._records.look(self._time.now_ms(), DIED, side.name)

    def _serve(self, line: Line) -> None:
        if line.socket.fileno() < 0:
            return  # closed while dealing with another line of the same batch
        for message in line.receive():
            if "do" in message:
                self.requests.append((line, message))
            else:
                self._agent_says(line, message)
        if line.closed:
            self._hang_up(line)

    def _agent_says(self, line: Line, message: dict[str, Any]) -> None:
        try:
            self._take(line, message)
        except (KeyError, ValueError) as error:
            line.send({"error": str(error)})
            line.closed = True

    def _take(self, line: Line, message: dict[str, Any]) -> None:
        match message:
            case {"hello": {"agent": str(name), "pid": int(pid)}}:
                self._hello(line, name, pid)
            case {"wait": dict(report)}:
                self._of(line).take_report(report)
            case _:
                raise ValueError(f"neither hello, wait nor do: {', '.join(message)}")

    def _hello(self, line: Line, name: str, pid: int) -> None:
        if name not in self._agents:
            raise ValueError(f"board.json names no agent {name!r}")
        side = self._agents[name]
        if side.line is not None:
            self._serve(side.line)  # its end may already be waiting here
        if side.line is not None:
            raise ValueError(f"{name} is already connected, as process {side.pid}")
        if not side.mains:
            raise ValueError(f"the Pi of {name} has no mains")
        side.connect(line, pid, self._time.now_ms())

    def _of(self, line: Line) -> AgentSide:
        for side in self._agents.values():
            if side.line is line:
                return side
        raise ValueError("wait before hello")

    def _hang_up(self, line: Line) -> None:
        self._selector.unregister(line.socket)
        line.socket.close()
        for side in self._agents.values():
            if side.line is line:
                self._died(side)

    def _died(self, side: AgentSide) -> None:
        side.disconnect()
        self._records.look(self._time.now_ms(), PIN, side.name)  # what it did last, it did itself
        if side.reboots or not self._keeps_level:
            self.power_cycle(side)
