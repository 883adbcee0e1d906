"""Agents without a box: an outbox in memory and a connection that says at the broker what ``agent/link.py`` would.

Fifty of them fit into one process, which real agents do not; their events begin where a real one's are on disk already.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

from paho.mqtt.client import MQTTMessage

from tests.bench.commits import CommitLog
from tests.bench.lab import BenchLab
from tests.server.paper_agent import PaperAgent
from tests.system.wired_agent import WiredAgent
from tests.waiting import until
from wire.messages import DenialReason, MachineState, MachineStatus, decode_receipt
from wire.topics import Leaf

PAYER = "brumevent"


class LightAgent(WiredAgent):
    """Like a WiredAgent, but notes when it sent and when it heard, and does not look into its lists."""

    def __init__(self, lab: BenchLab, name: str, random: Random) -> None:
        self.tapped_ns: list[int] = []  # by event
        self.receipts: list[tuple[int, int]] = []  # number stored through, when (ns)
        self._random = random
        self._running: dict[str, tuple[str, datetime]] = {}  # by machine: session and start
        self._machines = [machine.code for machine in lab.lab.machines if machine.agent == name]
        self._since_ms = dict.fromkeys(self._machines, int(time.time() * 1000))  # when each last changed
        self._published = self._acknowledged = 0
        super().__init__(lab.broker, PaperAgent(name, str(uuid4())), lab.access.passwords[name])
        self.client.on_publish = self._on_publish

    def tap(self) -> None:
        """Somebody starts or ends a machine here, or is refused: the event goes out, and after it the new status."""
        machine = self._random.choice(self._machines)
        self.tapped_ns.append(time.monotonic_ns())
        self._note(machine)
        self.push()
        self.say_status()

    def note(self) -> None:
        """The same, left in the outbox for the next ``push``."""
        self._note(self._random.choice(self._machines))

    def say_status(self) -> None:
        self.reports(last_n=len(self.paper.sent), synced=True, machines=tuple(map(self._status, self._machines)))

    def says(self, leaf: Leaf, payload: bytes, retain: bool = False) -> None:
        self._published += 1
        super().says(leaf, payload, retain)

    def delivered(self) -> bool:
        """True when the broker has all of it."""
        return self._acknowledged == self._published

    def _on_publish(self, *_: Any) -> None:
        self._acknowledged += 1

    def _note(self, machine: str) -> None:
        now = datetime.now(UTC)
        if self._random.random() < 0.1:
            self.paper.denies(machine, now, DenialReason.QUALIFICATION_MISSING)
            return
        self._since_ms[machine] = int(now.timestamp() * 1000)
        if machine in self._running:
            session, began = self._running.pop(machine)
            self.paper.ends(session, machine, began, int((now - began).total_seconds()), PAYER)
        else:
            session = str(uuid4())
            self._running[machine] = (session, now)
            self.paper.starts(session, machine, now, PAYER)

    def _status(self, machine: str) -> MachineStatus:
        if machine not in self._running:
            return MachineStatus(machine, MachineState.IDLE, self._since_ms[machine])
        return MachineStatus(machine, MachineState.RUNNING, self._since_ms[machine], self._running[machine][0], 0)

    def _on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        if message.topic.endswith(Leaf.RECEIPT):
            self.through = decode_receipt(bytes(message.payload)).through.get(self.paper.outbox, self.through)
            self.receipts.append((self.through, time.monotonic_ns()))


@contextmanager
def connected(lab: BenchLab, names: tuple[str, ...]) -> Iterator[list[LightAgent]]:
    """These agents, at the broker and known to the link; they leave at the end."""
    random = Random("light agents")
    agents = [LightAgent(lab, name, random) for name in names]
    try:
        for agent in agents:
            until(agent.client.is_connected)
            agent.say_status()
        yield agents
    finally:
        for agent in agents:
            agent.leaves()


def all_receipted(agents: list[LightAgent]) -> Callable[[], bool]:
    return lambda: all(agent.receipted() for agent in agents)


def to_commit(agents: list[LightAgent], commits: CommitLog) -> list[float]:
    """Seconds from each tap to its row being committed."""
    moments = commits.committed_at()
    taken = []
    for agent in agents:
        for n, tapped in enumerate(agent.tapped_ns, 1):
            at = moments[agent.paper.outbox].of(n)
            assert at is not None, f"event {n} of {agent.name} was never stored"
            taken.append((at - tapped) / 1e9)
    return taken


def to_receipt(agents: list[LightAgent]) -> list[float]:
    """Seconds from each tap to the receipt that covers it."""
    taken = []
    for agent in agents:
        receipts = iter(sorted(agent.receipts, key=lambda receipt: receipt[1]))
        through, at = 0, 0
        for n, tapped in enumerate(agent.tapped_ns, 1):
            while through < n:
                through, at = next(receipts)
            taken.append((at - tapped) / 1e9)
    return taken
