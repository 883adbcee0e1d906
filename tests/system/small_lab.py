"""A small lab of real processes on the simulated board: broker, link, one agent with three machines, in virtual time."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from server.demo import watch
from server.demo.board_client import BoardClient, BoardError
from server.demo.broker import Broker
from server.demo.cast import Cast
from server.demo.lab import Lab, make_lab
from server.demo.lab_people import MILLING, PRINTING, Holder
from server.demo.processes import clean_environment
from server.demo.site import Site
from server.demo.stage import Stage, books, free_port, own_broker, raised

START = datetime(2026, 10, 14, 7, 0, tzinfo=UTC)  # a Wednesday, 09:00 on the lab's clock
AGENT = "agent-1"
_SETTLED_WITHIN_S = 30


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
        self.victims: dict[str, subprocess.Popen[bytes]] = {}
        self._lacking = ""

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    def start(self) -> None:
        self.stage.start_server("link")
        self.stage.start_agent(AGENT)
        self.lists_in_force()

    def lists_in_force(self) -> None:
        """Wait until every list is out and in force and every event has its receipt. Raises VictimDied at once."""
        deadline = time.monotonic() + _SETTLED_WITHIN_S
        while not self._settled():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not settled: {self._lacking}")
            time.sleep(0.01)

    def _settled(self) -> bool:
        self._lacking = "lists to be sent"
        if not watch.all_sent(self.now):
            return False
        wanted = {"revision": watch.revisions(), "receipted": True, "connected": True, "timeout_s": 1}
        try:
            self.board._ask("settle", **wanted)
        except BoardError as error:
            self._lacking = str(error)
            return False
        return True

    def check(self) -> None:
        self.stage.processes.check()
        for name, victim in self.victims.items():
            if victim.poll() is not None:
                raise VictimDied(name)

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
        command = [sys.executable, "-m", "tests.system.killable", str(points), str(kill_at), *program]
        environment = {**clean_environment(), "PROLAB_CONFIG": str(self.site.settings)}
        with (self.site.logs / f"{name}.log").open("ab") as log:
            self.victims[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def stop(self, name: str) -> None:
        """In order, whichever way it was started."""
        victim = self.victims.pop(name, None)
        if victim is None:
            self.stage.processes.stop(name)
            return
        victim.terminate()
        try:
            victim.wait(10)
        except subprocess.TimeoutExpired:
            victim.kill()
            victim.wait()


class VictimDied(RuntimeError):  # noqa: N818 — that is what happened
    """The process that is to be killed has been."""


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
            running = SmallLab(site, lab, stage, board, broker, numbers)
            try:
                yield running
            finally:
                for name in list(running.victims):
                    running.stop(name)
    finally:
        shutil.rmtree(home)
