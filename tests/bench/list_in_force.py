"""From a change in the books to the list that enforces it on the agent: real link, real broker, one real agent, real time.

Eight agents' lists depend on each change; the other seven are light ones. Measured from the end of the transaction to the
agent's own status, in which it says that the new list is in force (and has been written to its disk).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

from paho.mqtt.client import MQTTMessage
from sqlalchemy import select

from server.db import reading
from server.demo.site import SERVER
from server.people import service as people
from server.people.models import Token
from tests.bench.figures import Lines, spread
from tests.bench.lab import BenchLab, bench_lab
from tests.bench.light_agents import connected
from tests.system.wired_agent import Sender
from tests.waiting import until
from wire.messages import decode_status
from wire.topics import Leaf, Topic

AIM_MS = {99: 1000.0}
_AGENT = "agent-1"
_random = Random("pauses")


class Listener(Sender):
    """Hears what the agent says of itself, with the server's account."""

    def __init__(self, lab: BenchLab) -> None:
        self.revision = 0
        self.heard = 0.0  # when it said so first
        super().__init__(lab.broker, SERVER, lab.access.passwords[SERVER])

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        super()._on_connect(client, data, flags, reason, more)
        client.subscribe(str(Topic(_AGENT, Leaf.STATUS)), 1)

    def _on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        revision = decode_status(bytes(message.payload)).revision
        if revision > self.revision:
            self.revision, self.heard = revision, time.monotonic()


def measure(quick: bool) -> Lines:
    sizes = ((1_200, 15, AIM_MS), (10_000, 3, None)) if quick else ((1_200, 120, AIM_MS), (10_000, 25, None))
    for holders, changes, aims in sizes:
        with bench_lab(holders=holders) as lab:
            lab.start_link()
            lab.stage.start_agent(_AGENT)
            with connected(lab, lab.lab.agents()[1:]), _listening(lab) as listener:
                lab.until_lists_sent()
                until(lambda: listener.revision, 60)
                time.sleep(3)  # what the link still owes to agents it has not heard of at first
                taken = [_change(listener, number) for number in range(changes)]
        yield from spread(f"{holders:,} holders, 8 agents: change → list in force", taken, aims)


def _change(listener: Listener, number: int) -> float:
    """Block somebody's badge, or give it back. Seconds until the agent enforces it."""
    with reading() as session:
        ref = session.scalars(select(Token.ref).order_by(Token.id)).all()[number // 2]
    before = listener.revision
    change = people.unblock_token if number % 2 else people.block_token
    change(ref, "bench", actor="bench", now=datetime.now(UTC))
    changed = time.monotonic()
    until(lambda: listener.revision > before, 30)
    time.sleep(_random.uniform(0.1, 0.4))  # so that no change keeps time with the link's looking for changes
    return listener.heard - changed


@contextmanager
def _listening(lab: BenchLab) -> Iterator[Listener]:
    listener = Listener(lab)
    try:
        until(listener.client.is_connected)
        yield listener
    finally:
        listener.leaves()
