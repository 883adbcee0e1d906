"""A simulated board for tests: the real process, driven over its socket, and small scripted agents to plug into it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.reports import Connected
from tests.agent.fakes import Box, a_list

AGENT_SCRIPT = Path(__file__).with_name("board_scripted_agent.py")
START_MS = 1_767_225_600_000  # 2026-01-01T00:00Z
MACHINES = [{"machine": f"p{n}", "agent": f"agent-{n}", "relay": 17} for n in (1, 2)]


class Driver:
    """One connection to the board's socket, as a driver or, in some tests, as an agent written by hand."""

    def __init__(self, directory: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(20)
        self._socket.connect(str(directory / "board.sock"))
        self._lines = self._socket.makefile("rb")

    def send(self, message: dict[str, Any]) -> None:
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> dict[str, Any] | None:
        """The next message, or None when the board has closed the connection."""
        line = self._lines.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


class Bench:
    """The board of one test, and the processes plugged into it."""

    def __init__(self, directory: Path, **config: Any) -> None:
        self.directory = directory
        plain = {"virtual": True, "start_ms": START_MS, "machines": MACHINES, **config}
        (directory / "board.json").write_text(json.dumps(plain))
        self.board = _python(directory / "board.log", "-m", "agent.hardware.board", str(directory))
        self.agents: list[subprocess.Popen[str]] = []
        assert _line_of(self.board) == "ready"
        self.driver = Driver(directory)

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """The board's answer, be it an error."""
        self.driver.send({"id": 1, "do": do, "timeout_s": 20, **fields})
        return self.driver.receive() or {}

    def do(self, do: str, **fields: Any) -> dict[str, Any]:
        answer = self.ask(do, **fields)
        assert answer.get("ok"), answer
        return answer

    def advance(self, seconds: float, fine: bool = False) -> dict[str, Any]:
        """To so many seconds after the start of virtual time."""
        return self.do("advance", to_ms=START_MS + int(seconds * 1000), fine=fine)

    def agent(self, name: str = "agent-1", *habits: str) -> subprocess.Popen[str]:
        """A scripted agent, just before it waits for the first time. See board_scripted_agent.py for its habits."""
        process = _python(self.directory / f"{name}.log", str(AGENT_SCRIPT), str(self.directory), name, *habits)
        self.agents.append(process)
        assert _line_of(process) == "waiting", (self.directory / f"{name}.log").read_text()
        return process

    def edges(self) -> list[tuple[float, str, int, str]]:
        """Each edge as (seconds after the start, machine, level, why)."""
        return [((e["t_ms"] - START_MS) / 1000, e["machine"], e["level"], e["why"]) for e in self.rows("edges.jsonl")]

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.directory / name).read_text().splitlines()]

    def close(self) -> None:
        self.driver.close()
        for process in (*self.agents, self.board):
            end(process)


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes a board with other settings than usual."""
    made: list[Bench] = []

    def make(**config: Any) -> Bench:
        made.append(Bench(tmp_path, **config))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(benches: Callable[..., Bench]) -> Bench:
    """A board in virtual time, with one machine at each of two agents."""
    return benches()


@pytest.fixture(scope="module")
def lasting_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One board for all tests of a file that leave it as it was."""
    bench = Bench(tmp_path_factory.mktemp("board"))
    yield bench
    bench.close()


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes], how: int = signal.SIGKILL) -> None:
    if process.poll() is None:
        process.send_signal(how)
    process.wait(timeout=60)
    if process.stdout is not None:
        process.stdout.close()


def _python(log: Path, *arguments: str) -> subprocess.Popen[str]:
    with log.open("w") as errors:
        return subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=errors, text=True)


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """Connected, with a list that lets Ada and Bob use both printers."""
    box = Box(tmp_path)
    yield box.tell(Connected()).give(a_list())
    box.close()
