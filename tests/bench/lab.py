"""A lab of real processes for the benches: broker, database, simulated board, and as many agents and holders as wanted."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select

from server.db import reading
from server.demo.broker import Broker
from server.demo.cast import Cast
from server.demo.lab import Lab, Machine, make_lab
from server.demo.processes import clean_environment
from server.demo.site import Access, Site
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.lists.models import PublishedList
from tests.bench.commits import CommitLog
from tests.bench.crowd import add_crowd
from tests.postgres import create_database, running_postgres

_LINK = "link"
_READY_WITHIN_S = 120.0  # ten thousand holders, on a machine that has other things to do


class Database(StrEnum):
    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"


class _Site(Site):
    """A demo's folder whose database may be elsewhere."""

    def __init__(self, directory: Path, database_url: str | None) -> None:
        super().__init__(directory)
        self._database_url = database_url

    @property
    def database_url(self) -> str:
        return self._database_url or super().database_url


@dataclass(frozen=True, slots=True)
class BenchLab:
    """Broker and board run; everything else is started by whoever measures it. The books are open in this process."""

    site: Site
    lab: Lab
    stage: Stage
    broker: Broker
    access: Access
    web_port: int

    def start_link(self, batch: int | None = None) -> CommitLog:
        """The real link with a stopwatch at its commits; ``batch`` limits what it stores at once. Returns when connected."""
        commits = CommitLog(self.site.directory / "commits.log")
        arguments = [str(commits.file), *([str(batch)] if batch else [])]
        self._start(_LINK, "tests.bench.commits", *arguments)
        self.stage.until(lambda: "connected to the broker" in self._said(_LINK), "the link to connect")
        return commits

    def stop_link(self) -> None:
        self.stage.processes.stop(_LINK)
        (self.site.logs / f"{_LINK}.log").unlink()  # the next one's connection is looked for in it

    def start_part(self, part: str) -> None:
        self._start(part, "server.cli", part)

    def run_command(self, *arguments: str) -> None:
        """One of ``prolab``'s commands, from its beginning to its end."""
        command = [sys.executable, "-m", "server.cli", *arguments]
        environment = clean_environment() | self._environment
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

    def pid(self, name: str) -> int:
        return self.stage.processes._children[name].pid

    def until_lists_sent(self) -> None:
        """Until every agent was sent a list."""
        self.stage.until(lambda: _lists_sent() == len(self.lab.agents()), "the lists to be sent", _READY_WITHIN_S)

    def _start(self, name: str, module: str, *arguments: str) -> None:
        self.stage.processes.start(name, [sys.executable, "-m", module, *arguments], self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return {"PROLAB_CONFIG": str(self.site.settings), "PROLAB_DATABASE_URL": self.site.database_url}

    def _said(self, name: str) -> str:
        return (self.site.logs / f"{name}.log").read_text()


@contextmanager
def bench_lab(agents: int = 8, holders: int = 300, database: Database = Database.SQLITE) -> Iterator[BenchLab]:
    """A fresh one in a temporary folder; all of it is gone afterwards."""
    now = datetime.now(UTC)
    lab = _lab(agents, now.date() - timedelta(days=1))
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="prolab-bench-"))
        site = _Site(Path(home), stack.enter_context(_database(database)))
        site.make()
        stack.enter_context(books(site, lab, Cast((), lab.holders), now))
        add_crowd(holders - len(lab.holders))
        broker, access = stack.enter_context(own_broker(site, lab))
        port = free_port()
        stage, _ = stack.enter_context(raised(site, lab, access, int(now.timestamp()), port, virtual=False))
        yield BenchLab(site, lab, stage, broker, access, port)


def _lab(agents: int, price_change: date) -> Lab:
    """The demo's, with as many agents as wanted, open at all hours."""
    whole, machines = make_lab(1, price_change), _machines(agents)
    codes = {None, *(machine.code for machine in machines)}
    tariffs = tuple(tariff for tariff in whole.tariffs if tariff.machine in codes)
    return replace(whole, machines=machines, tariffs=tariffs, hours=())


@contextmanager
def _database(kind: Database) -> Iterator[str | None]:
    if kind is Database.SQLITE:
        yield None
        return
    with running_postgres(durable=True) as server:
        yield f"{server}/{create_database(server)}"


def _machines(agents: int) -> tuple[Machine, ...]:
    """Two printers and a milling machine beside each agent."""
    machines = []
    for number in range(1, agents + 1):
        beside = ((f"p{2 * number - 1}", "printer", 17), (f"p{2 * number}", "printer", 27), (f"c{number}", "cnc", 22))
        machines += [
            Machine(code, code.upper(), category, f"agent-{number}", relay, "low", None, "warn", "Halle")
            for code, category, relay in beside
        ]
    return tuple(machines)


def _lists_sent() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(PublishedList)) or 0
