"""A lab as ``prolab init`` leaves it, with real processes: Mosquitto with TLS, link, the door for new agents, agents that were
paired with a code, and a simulated board for their pins and readers."""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.cli.first_lab import FirstLab, make
from server.db import closing_database, make_app, reading
from server.demo.board_client import BoardClient
from server.demo.broker import find_mosquitto
from server.demo.stage import free_port
from server.machines.models import Agent, MachineLive
from server.settings import load_settings
from server.usage.models import Denial, UsageSession
from tests.system.forked import QuickProcesses, run
from tests.waiting import until

NUMBER = "0102030405"
CARD = f"em4100:{NUMBER}"
HOST = "localhost"


class PairedLab:
    def __init__(self, folder: Path, processes: QuickProcesses) -> None:
        self.folder = folder
        self.processes = processes
        self.port = free_port()
        self.broker_port = free_port()
        make(FirstLab(folder / "lab", "Test lab", None, CARD, "ana"), datetime.now(UTC))
        self.settings = folder / "lab" / "prolab.toml"
        text = self.settings.read_text()
        text = re.sub(r"(?<=\[pairing\]\n)port = \d+", f'port = {self.port}\nhost = "127.0.0.1"', text)
        (given,) = re.findall(r"agents_port = (\d+)", text)
        text = text.replace(f"agents_port = {given}", f'agents_port = {self.broker_port}\nagents_host = "{HOST}"')
        self.settings.write_text(text)
        conf = folder / "lab" / "broker" / "broker.conf"
        conf.write_text(conf.read_text().replace(f"listener {given}\n", f"listener {self.broker_port} 127.0.0.1\n"))
        self.url = f"https://{HOST}:{self.port}"
        self.boards: dict[str, BoardClient] = {}

    def start(self, *parts: str) -> None:
        if "broker" in parts:
            conf = self.folder / "lab" / "broker" / "broker.conf"
            self.processes.start("broker", [find_mosquitto(), "-c", str(conf)])
            until(lambda: answers(self.broker_port))
        for part in parts:
            if part != "broker":
                command = [sys.executable, "-m", "server.cli", part]
                self.processes.start(part, command, {"PROLAB_CONFIG": str(self.settings)})
        if "pairing" in parts:
            until(lambda: answers(self.port))

    def prolab(self, *words: str) -> str:
        """What a command at the server prints."""
        return self._run(["server.cli", "--config", str(self.settings), *words]).stdout

    def code(self, *words: str) -> str:
        """A pairing code, as ``prolab agents`` prints it."""
        found = re.search(r"^((?:[A-Z2-7]{4}-){7}[A-Z2-7]{4})$", self.prolab("agents", *words), re.MULTILINE)
        assert found is not None
        return found[1]

    def pair(self, code: str, pi: str = "pi", url: str = "", *more: str) -> subprocess.CompletedProcess[str]:
        """``prolab-agent pair`` on one of our Pis, each a folder."""
        config = self.folder / pi / "agent.toml"
        return self._run(["agent", "pair", url or self.url, code, "--config", str(config), *more], check=False)

    def agent_toml(self, pi: str = "pi") -> Path:
        return self.folder / pi / "agent.toml"

    def run_agent(self, pi: str, agent: str) -> BoardClient:
        """Put its hands on a simulated board, as somebody would check ports and pins, and start it."""
        board = self.folder / f"b-{pi}"
        board.mkdir()
        machine = {"machine": "p1", "agent": agent, "relay": 17}
        plain: dict[str, Any] = {"virtual": False, "start_ms": 0, "kernel_keeps_level": False, "machines": [machine]}
        (board / "board.json").write_text(json.dumps(plain))
        self.processes.start(f"board-{pi}", [sys.executable, "-m", "agent.hardware.board", str(board)])
        file = self.agent_toml(pi)
        text = re.sub(r'"/dev/ttyUSB0"', json.dumps(str(board / "tty" / "p1")), file.read_text())
        file.write_text(f'{text}\n[board]\ndirectory = "{board}"\nvirtual = false\n')
        until(lambda: reachable(board))
        command = [sys.executable, "-m", "agent", "run", "--simulate", "--config", str(file)]
        self.processes.start(pi, command)
        self.boards[pi] = BoardClient(board)
        return self.boards[pi]

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()

    def agent(self, name: str) -> Agent:
        with reading() as session:
            return session.scalars(select(Agent).where(Agent.name == name)).one()

    def agent_names(self) -> set[str]:
        with reading() as session:
            return set(session.scalars(select(Agent.name)))

    def live(self) -> MachineLive:
        with reading() as session:
            return session.scalars(select(MachineLive)).one()

    def sessions(self) -> list[UsageSession]:
        with reading() as session:
            return list(session.scalars(select(UsageSession).order_by(UsageSession.started_at)))

    def denials(self) -> list[Denial]:
        with reading() as session:
            return list(session.scalars(select(Denial).order_by(Denial.event_id)))

    def close(self) -> None:
        for board in self.boards.values():
            board.close()

    def _run(self, words: list[str], check: bool = True) -> subprocess.CompletedProcess[str]:
        return run([sys.executable, "-m", *words], check=check)


def answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def reachable(board: Path) -> bool:
    try:
        BoardClient(board).close()
    except OSError:
        return False
    return True


@contextmanager
def paired_lab(*parts: str) -> Iterator[PairedLab]:
    """``parts``: what runs from the start, of broker, link and pairing."""
    folder = Path(tempfile.mkdtemp(prefix="prolab-"))
    try:
        with ExitStack() as stack:
            processes = stack.enter_context(QuickProcesses(folder / "logs"))
            lab = PairedLab(folder, processes)
            stack.callback(lab.close)
            stack.enter_context(make_app(load_settings(lab.settings).database_url).app_context())
            stack.enter_context(closing_database())
            lab.start(*parts)
            yield lab
    finally:
        shutil.rmtree(folder)
