"""A small lab of real processes on the simulated board: broker, link, one agent with three machines, in virtual time."""

import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from server.demo import watch
from server.demo.board_client import BoardClient
from server.demo.broker import Broker
from server.demo.cast import Cast
from server.demo.lab import Lab, make_lab
from server.demo.lab_people import MILLING, PRINTING, Holder
from server.demo.processes import clean_environment
from server.demo.site import Site
from server.demo.stage import Stage, books, free_port, own_broker, raised

START = datetime(2026, 10, 14, 7, 0, tzinfo=UTC)  # a Wednesday, 09:00 on the lab's clock
AGENT = "agent-1"


@dataclass(frozen=True, slots=True)
class Interval:
    """The relay of a machine was closed from–until (ms); ``why`` it opened."""

    machine: str
    on_ms: int
    off_ms: int | None
    why: str


class SmallLab:
    def __init__(
        self, site: Site, lab: Lab, stage: Stage, board: BoardClient, broker: Broker, numbers: dict[int, int]
    ) -> None:
        self.site = site
        self.lab = lab
        self.stage = stage
        self.board = board
        self.broker = broker
        self.numbers = numbers
        self.now_s = int(START.timestamp())

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    def start(self) -> None:
        self.stage.start_server("link")
        self.stage.start_agent(AGENT)
        self.lists_in_force()

    def lists_in_force(self) -> None:
        self.stage.until(lambda: watch.all_sent(self.now), "the lists to be sent")
        self.board.settle(revisions=watch.revisions(), receipted=True, connected=True)

    def pass_time(self, seconds: int, fine: bool = True) -> None:
        self.now_s += seconds
        self.board.advance(self.now_s, fine=fine)

    def tap(self, machine: str, card: str) -> None:
        """Hold a card to a reader, and one second goes by."""
        self.board.tap(machine, card, 2)
        self.pass_time(1)

    def is_on(self, machine: str) -> bool:
        last = [edge for edge in self.edges() if edge["machine"] == machine]
        return bool(last) and last[-1]["level"] == 1

    def edges(self) -> list[dict[str, object]]:
        file = self.site.board / "edges.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def intervals(self) -> list[Interval]:
        """Every time a relay was closed, by start."""
        running: dict[str, int] = {}
        done = []
        for edge in self.edges():
            machine, at = str(edge["machine"]), int(str(edge["t_ms"]))
            if edge["level"] == 1:
                running[machine] = at
            elif machine in running:
                done.append(Interval(machine, running.pop(machine), at, str(edge["why"])))
        done += [Interval(machine, at, None, "") for machine, at in running.items()]
        return sorted(done, key=lambda interval: (interval.on_ms, interval.machine))

    def outbox(self) -> dict[tuple[str, int], str]:
        """What the agent's state file holds: (outbox, n) → kind."""
        with sqlite3.connect(self.site.agent_settings(AGENT).parent / "agent.db") as connection:
            rows = [json.loads(payload) for (payload,) in connection.execute("SELECT payload FROM event")]
        connection.close()
        return {(row["outbox"], row["n"]): row["kind"] for row in rows}

    def holder(self, index: int) -> Holder:
        return self.lab.holders[index]

    def start_killable(self, name: str, points: Path, kill_at: int) -> None:
        """Start link or the agent with numbered kill points (``killable.py``)."""
        if name == AGENT:
            program = ["agent", "run", "--config", str(self.site.agent_settings(AGENT))]
        else:
            program = ["server", name]
        command: Sequence[str] = [sys.executable, "-m", "tests.system.killable", str(points), str(kill_at), *program]
        environment = {**clean_environment(), "PROLAB_CONFIG": str(self.site.settings)}
        self.stage.processes.start(name, command, environment)


@contextmanager
def small_lab() -> Iterator[SmallLab]:
    """Nothing but broker and board is running yet; ``start()`` starts link and agent and waits for the list."""
    whole = make_lab(1, date(2026, 10, 1))
    machines = tuple(machine for machine in whole.machines if machine.agent == AGENT)
    able = [holder for holder in whole.holders if {PRINTING, MILLING} <= holder.skills and len(holder.tenants) == 1]
    lab = replace(whole, machines=machines, holders=tuple(able[:6]))
    home = Path(tempfile.mkdtemp(prefix="prolab-"))
    site = Site(home)
    site.make()
    try:
        with (
            books(site, lab, Cast((), lab.holders), START) as numbers,
            own_broker(site, lab) as (broker, access),
            raised(site, lab, access, int(START.timestamp()), free_port(), virtual=True) as (stage, board),
        ):
            yield SmallLab(site, lab, stage, board, broker, numbers)
    finally:
        shutil.rmtree(home)
