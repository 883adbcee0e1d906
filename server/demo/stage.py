"""Everything that runs during a demo: broker, board, server and agents as processes, and how each is found to be ready."""

import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from server.db import db, make_app
from server.demo.board_client import BoardClient
from server.demo.books import Key, found
from server.demo.broker import HOST, Broker
from server.demo.cast import Cast
from server.demo.lab import Lab
from server.demo.processes import Processes
from server.demo.site import KEY_ID, SERVER, Access, Site
from server.migrations import upgrade

_READY_WITHIN_S = 30.0
_POLL_S = 0.02


class NotReadyError(RuntimeError):
    """Something did not happen in time; the text says what."""


class Stage:
    """The processes of one demo, by name."""

    def __init__(self, site: Site, lab: Lab, access: Access, processes: Processes) -> None:
        self.site = site
        self.lab = lab
        self.access = access
        self.processes = processes

    def start_board(self) -> BoardClient:
        self.processes.start("board", [sys.executable, "-m", "agent.hardware.board", str(self.site.board)])
        self.until(lambda: _answers(self.site), "the simulated board to answer")
        return BoardClient(self.site.board)

    def start_server(self, *parts: str) -> None:
        for part in parts:
            command = [sys.executable, "-m", "server.cli", part]
            self.processes.start(part, command, {"PROLAB_CONFIG": str(self.site.settings)})

    def start_agent(self, agent: str) -> None:
        config = str(self.site.agent_settings(agent))
        self.processes.start(agent, [sys.executable, "-m", "agent", "run", "--config", config])

    def start_agents(self) -> None:
        for agent in self.lab.agents():
            self.start_agent(agent)

    def until(self, done: Callable[[], bool], what: str, within_s: float = _READY_WITHIN_S) -> None:
        """Wait in real time. Raises NotReadyError, or ChildDiedError as soon as a child has died."""
        end = time.monotonic() + within_s
        while not done():
            self.processes.check()
            if time.monotonic() > end:
                raise NotReadyError(f"waited {within_s:g} s in vain for {what}")
            time.sleep(_POLL_S)


@contextmanager
def books(site: Site, lab: Lab, cast: Cast, now: datetime) -> Iterator[dict[int, int]]:
    """A fresh database with the lab in it, open for this process. Yields the holder numbers of this run."""
    upgrade(site.database_url)
    with make_app(site.database_url).app_context():
        try:
            yield found(lab, cast, Key(KEY_ID, site.badge_key), now)
        finally:
            db.session.remove()
            db.engine.dispose()


@contextmanager
def own_broker(site: Site, lab: Lab) -> Iterator[tuple[Broker, Access]]:
    """A broker of our own, with one account for the server and one for each agent. Raises BrokerMissing."""
    broker = Broker(site.directory / "broker")
    passwords = {name: secrets.token_urlsafe(18) for name in (SERVER, *lab.agents())}
    for account, password in passwords.items():
        broker.add_user(account, password)
    try:
        broker.start()
        yield broker, Access(HOST, broker.port, passwords)
    finally:
        broker.stop()


@contextmanager
def raised(
    site: Site,
    lab: Lab,
    access: Access,
    start: int,
    web_port: int,
    virtual: bool,
    children: type[Processes] = Processes,
) -> Iterator[tuple[Stage, BoardClient]]:
    """Everything is configured and the board runs. On the way out all that was started is stopped in order."""
    site.write_settings(access, web_port, virtual)
    site.write_agents(access, lab, virtual)
    site.write_board(lab, start, virtual)
    with children(site.logs) as processes:
        stage = Stage(site, lab, access, processes)
        with closing(stage.start_board()) as board:
            yield stage, board


def free_port(wished: int | None = None) -> int:
    """The port that was wished if nobody has it, else any free one."""
    for port in (wished or 0, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    raise NotReadyError("no port is free")


def _answers(site: Site) -> bool:
    try:
        BoardClient(site.board).close()
    except OSError:
        return False
    return True
