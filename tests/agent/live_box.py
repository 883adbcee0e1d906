"""A real agent in a process of its own on the simulated board, in real time and without a server: it starts from a list on disk."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.hardware.board_map import PinBank, PinState, read_config
from agent.state import State
from tests.agent.conftest import Bench, end
from tests.agent.fakes import KEY, a_list, a_machine
from tests.waiting import until
from wire.messages import encode

RELAY = 17
CARD = "62E3086CED"  # Ada's
DAY_MS = 86_400_000
_SETTINGS = """
name = "agent-1"
language = "en"
simulate = true
state_dir = "state"
site_key = "{key}"
[board]
directory = "{board}"
virtual = false
[broker]
host = "127.0.0.1"
port = 1
password = "nobody listens there"
[[machine]]
id = "p1"
reader = "{board}/tty/p1"
relay = {relay}
"""


class LiveBox:
    """One agent with one machine on ``bench``, which is in real time."""

    def __init__(self, bench: Bench, directory: Path, more_settings: str = "") -> None:
        self.bench = bench
        self.state_dir = directory / "state"
        self.settings = directory / "agent.toml"
        self.settings.write_text(_SETTINGS.format(key=KEY.hex(), board=bench.directory, relay=RELAY) + more_settings)
        self.agent: subprocess.Popen[bytes] | None = None
        self._commands: list[subprocess.Popen[str]] = []
        self._log = directory / "agent.log"
        _give_list(self.state_dir)

    def start(self, meanwhile: Callable[[], None] | None = None) -> None:
        """``meanwhile`` is done over and over until a badge is heard."""
        begins = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "agent", "run", "--config", str(self.settings)]
            self.agent = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: self._listens(begins) or (meanwhile is not None and meanwhile()))

    def tap(self, card: str = CARD) -> None:
        self.bench.do("tap", machine="p1", card=card, frames=2)

    def pin(self) -> PinState:
        directory = self.bench.directory
        return PinBank(directory, read_config(directory).agents, "agent-1").read(RELAY)

    def starts_a_session(self) -> None:
        self.tap()
        until(lambda: self.pin().driven)

    def ends_its_session(self) -> None:
        self.tap()
        time.sleep(0.5)  # what comes sooner is the same card still lying there
        self.tap()
        until(lambda: not self.pin().driven)

    def command(self, *words: str, **how: Any) -> subprocess.Popen[str]:
        """One of the other commands, in a process of its own."""
        command = [sys.executable, "-m", "agent", *words, "--config", str(self.settings)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
        self._commands.append(process)
        return process

    def kill(self) -> None:
        assert self.agent is not None
        end(self.agent)

    def log(self) -> str:
        return self._log.read_text()

    def _listens(self, begins: int) -> bool:
        """The agent has opened its reader, and forgotten what came before: only from then on is a badge heard."""
        assert self.agent is not None
        assert self.agent.poll() is None
        return b"the reader of p1 listens" in self._log.read_bytes()[begins:]

    def close(self) -> None:
        if self.agent is not None:
            end(self.agent)
        for process in self._commands:
            end(process)


def _give_list(directory: Path) -> None:
    """As if the server had sent it just before: Ada may use p1."""
    now_ms = SystemClock().now().wall_ms
    machine = replace(a_machine("p1"), valid_until_ms=now_ms + DAY_MS)
    state = State(directory, simulated=True)
    received = SystemClock().now()
    payload = encode(replace(a_list(machine), issued_ms=now_ms))
    state.write(now_ms, lambda transaction: transaction.put_list(received, payload))
    state.close()
