"""Sixty boards open at once, on the real server with real sockets: who comes next is still answered."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import pytest
from flask import Flask

from server.dashboard.feed import HEARTBEAT_S, MAX_STREAMS
from server.db import db, make_app
from server.domain.roles import Role
from tests.floor import Floor, furnish
from tests.server.signed_in import log_in
from tests.waiting import until

ROOT = Path(__file__).parents[2]
BOARDS = 60
PAGE = "/map?view=list"
ANSWER_S = 5.0  # generous: the machine the tests run on does other things too. After this a board would look anyway


class Lab:
    """A web process under gunicorn, as `prolab web` runs it, on its own database."""

    def __init__(self, folder: Path, database_url: str, *options: str) -> None:
        self.port = free_port()
        self.cookie = f"prolab={log_in(Role.MANAGER)}"
        config = folder / "prolab.toml"
        config.write_text(
            f'database_url = "{database_url}"\ndata_dir = "data"\nlab_name = "Halle"\nsite_key = "{"ab" * 32}"\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = 1883\npassword = "x"\n[web]\nport = {self.port}\n'
        )
        conf = ROOT / "server" / "deploy" / "gunicorn_conf.py"
        command = [sys.executable, "-m", "gunicorn", "-c", str(conf), *options]
        self.log = folder / "web.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, env=os.environ | {"PROLAB_CONFIG": str(config)}, stdout=log, stderr=log, cwd=folder
            )
        try:
            until(self.answers)
        except AssertionError:
            self.stop()  # nobody else knows of it yet
            raise

    def answers(self) -> bool:
        try:
            return self.get("/wall")[0] == 200
        except OSError:
            return False

    def get(self, path: str, timeout: float = ANSWER_S) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            connection.request("GET", path, headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def streams(self) -> int:
        count: int = json.loads(self.get("/healthz")[1])["streams"]
        return count

    def worker_mib(self) -> float:
        """Memory of the process that serves (the only child of the one we started)."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        status = Path(f"/proc/{children[0]}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def stop(self) -> float:
        """Asks it to stop, as systemd does. Returns the seconds it took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        return time.monotonic() - begun


class Board:
    """A browser that has opened the stream."""

    def __init__(self, port: int, cookie: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.sendall(
            f"GET /map/events?face=list HTTP/1.1\r\nHost: lab\r\nAccept-Language: en\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        self.heard = b""

    def hear(self, words: bytes, timeout: float = 10) -> Self:
        """Reads until these words have come."""
        self.socket.settimeout(timeout)
        while words not in self.heard:
            more = self.socket.recv(65536)
            assert more, f"closed before {words!r}"
            self.heard += more
        return self

    def status(self) -> int:
        self.hear(b"\r\n\r\n")
        return int(self.heard.split(b" ", 2)[1])

    def ended(self) -> bool:
        self.socket.settimeout(10)
        while self.socket.recv(65536):
            pass
        return True

    def close(self) -> None:
        self.socket.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def books(sqlite_url: str) -> Iterator[Flask]:
    app = make_app(sqlite_url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def floor(books: Flask, now: datetime) -> Floor:
    return furnish(now)


@pytest.fixture
def start(tmp_path: Path, sqlite_url: str, books: Flask) -> Iterator[Callable[..., Lab]]:
    labs: list[Lab] = []

    def started(*options: str) -> Lab:
        labs.append(Lab(tmp_path, sqlite_url, *options))
        return labs[-1]

    yield started
    for lab in labs:
        lab.stop()


@pytest.fixture
def open_boards() -> Iterator[Callable[[Lab, int], list[Board]]]:
    boards: list[Board] = []

    def opened(lab: Lab, number: int) -> list[Board]:
        new = [Board(lab.port, lab.cookie) for _ in range(number)]
        boards.extend(new)
        return new

    yield opened
    for board in boards:
        board.close()


Start = Callable[..., Lab]
OpenBoards = Callable[[Lab, int], list[Board]]


def test_sixty_boards_turn_together_and_the_next_request_is_answered(
    floor: Floor, start: Start, open_boards: OpenBoards, record_property: Callable[[str, object], None]
) -> None:
    lab = start()
    boards = [board.hear(b'id=\\"t-m24\\"') for board in open_boards(lab, BOARDS)]
    before = time.monotonic()
    status, page = lab.get(PAGE)
    answered = time.monotonic() - before
    before = time.monotonic()
    floor.start("m5")
    for board in boards:
        board.hear(b'id=\\"t-m5\\" data-state=\\"use\\"')
    turned = time.monotonic() - before
    memory = lab.worker_mib()
    record_property("answered_ms", round(answered * 1000))
    record_property("turned_ms", round(turned * 1000))
    record_property("memory_mib", round(memory))

    assert (status, page.count('class="tile"')) == (200, 24)
    assert lab.streams() == BOARDS
    assert answered < ANSWER_S
    assert turned < ANSWER_S
    assert memory < 140  # MiB, on a Pi of 1 GiB


def test_with_a_thread_for_each_board_and_none_to_spare_nobody_else_is_answered(
    floor: Floor, start: Start, open_boards: OpenBoards
) -> None:
    """The control: what the threads to spare are for, and that the test above would notice."""
    lab = start("--threads", str(BOARDS))
    for board in open_boards(lab, BOARDS):
        board.hear(b'id=\\"t-m24\\"')

    with pytest.raises(TimeoutError):
        lab.get(PAGE, timeout=1.5)


def test_boards_beyond_the_limit_are_refused_and_pages_still_answered(
    floor: Floor, start: Start, open_boards: OpenBoards
) -> None:
    lab = start()
    seen = [board.status() for board in open_boards(lab, MAX_STREAMS + 3)]

    assert sorted(seen) == [200] * MAX_STREAMS + [503] * 3
    assert lab.get(PAGE)[0] == 200
    assert lab.worker_mib() < 160  # nearly four times as many boards


def test_boards_that_leave_free_their_places_at_once(floor: Floor, start: Start, open_boards: OpenBoards) -> None:
    lab = start()
    boards = [board.hear(b'id=\\"t-m24\\"') for board in open_boards(lab, BOARDS)]
    for board in boards:
        board.close()

    until(lambda: lab.streams() == 0, HEARTBEAT_S / 2)  # long before it speaks to them again


def test_a_stopping_server_ends_its_streams_and_does_not_wait_for_them(
    floor: Floor, start: Start, open_boards: OpenBoards
) -> None:
    lab = start()
    boards = [board.hear(b'id=\\"t-m24\\"') for board in open_boards(lab, BOARDS)]
    seconds = lab.stop()

    assert all(board.ended() for board in boards)
    assert lab.process.returncode == 0
    assert seconds < 15  # with streams left open gunicorn would wait for its graceful timeout
    assert "Traceback" not in lab.log.read_text()
