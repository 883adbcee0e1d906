"""Sixty live boards open on the real web server: how long a change that staff saves takes, and the next page.

Link and agents are there too, so each save also has eight lists compiled and all boards drawn anew.
"""

import selectors
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from random import Random
from threading import Event, Thread

from server.domain.roles import Role
from server.machines import service as machines
from tests.bench.figures import Lines, spread
from tests.bench.lab import BenchLab, Database, bench_lab
from tests.bench.light_agents import connected
from tests.server.signed_in import log_in
from tests.system.test_boards import Board
from wire.messages import Service

BOARDS = 60
AIM_MS = {95: 200.0}


def measure(quick: bool) -> Lines:
    saves = 20 if quick else 200
    for database in Database:
        with bench_lab(database=database) as lab:
            lab.start_link()
            start_web(lab)
            with connected(lab, lab.lab.agents()), open_boards(lab.web_port) as cookie:
                lab.until_lists_sent()
                taken = [_save_and_look(lab, number, cookie) for number in range(saves)]
        saved, answered = zip(*taken, strict=True)
        yield from spread(f"{database}: a save with {BOARDS} boards open", saved, AIM_MS)
        yield from spread(f"{database}: the page asked for right after it", answered)


def start_web(lab: BenchLab) -> None:
    lab.start_part("web")
    lab.stage.until(lambda: _answers(lab.web_port), "the web server to answer")


@contextmanager
def open_boards(port: int) -> Iterator[str]:
    """All of them have drawn themselves once, and go on reading. Yields the cookie they are logged in with."""
    cookie = f"prolab={log_in(Role.MANAGER)}"
    boards = [Board(port, cookie).hear(b"event: board") for _ in range(BOARDS)]
    closing_time = Event()
    reader = Thread(target=_read_on, args=(boards, closing_time))
    reader.start()
    try:
        yield cookie
    finally:
        closing_time.set()
        reader.join()
        for board in boards:
            board.close()


def _read_on(boards: list[Board], closing_time: Event) -> None:
    with selectors.DefaultSelector() as selector:
        for board in boards:
            selector.register(board.socket, selectors.EVENT_READ, board.socket)
        while not closing_time.is_set():
            for key, _ in selector.select(0.1):
                key.data.recv(65536)


def _save_and_look(lab: BenchLab, number: int, cookie: str) -> tuple[float, float]:
    """Take a machine out of service, or back in; then ask for the page. Seconds that each took."""
    machine = lab.lab.machines[number // 2 % len(lab.lab.machines)]
    service = Service.IN if number % 2 else Service.OUT
    began = time.perf_counter()
    machines.set_service(machine.code, service, "bench", actor="bench", now=datetime.now(UTC))
    saved = time.perf_counter()
    assert _get(lab.web_port, "/map", cookie) == 200
    answered = time.perf_counter()
    time.sleep(_random.uniform(0.1, 0.3))
    return saved - began, answered - saved


def _get(port: int, path: str, cookie: str = "") -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def _answers(port: int) -> bool:
    try:
        return _get(port, "/login") == 200
    except OSError:
        return False


_random = Random("pauses")
