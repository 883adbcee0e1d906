"""Two hundred plans open on one web process while ten events a second come in and staff saves a form now and then.

Everything real: broker, link, gunicorn, sockets, forms with their token. The way of an event to a stream begins when link
takes it to store it, and ends when the stream has the message drawn after it; the way before that is what ``committed``
measures.
"""

import re
import selectors
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html import unescape
from http.client import HTTPConnection
from random import Random
from threading import Event, Thread
from urllib.parse import urlencode

from sqlalchemy import select

from server.db import reading
from server.domain.roles import Role
from server.jobs.models import Change
from tests.bench.boards_open import start_web
from tests.bench.figures import Figure, Lines, spread
from tests.bench.lab import BenchLab, bench_lab
from tests.bench.light_agents import LightAgent, connected
from tests.bench.memory import children_of, resident_mib
from tests.bench.pages import processor_s
from tests.server.signed_in import log_in
from tests.system.test_boards import Board

STREAMS, EVENTS_A_SECOND = 200, 10
SAVE_EVERY_S = 1.0
AIM_SAVE_MS, AIM_ARRIVED_MS = {95: 200.0}, {95: 1000.0}
_TOLD = re.compile(rb"id: (\d+)\n")


class Ears:
    """Reads all streams in one thread, and notes when each had a message, and which change that had seen."""

    def __init__(self, boards: list[Board]) -> None:
        self._boards = boards
        self.heard: list[list[tuple[int, float]]] = [[] for _ in boards]  # by stream: change, and when
        self.read_bytes = 0

    def listen(self, closing_time: Event) -> None:
        with selectors.DefaultSelector() as selector:
            for number, board in enumerate(self._boards):
                board.socket.setblocking(False)
                selector.register(board.socket, selectors.EVENT_READ, number)
            while not closing_time.is_set():
                for key, _ in selector.select(0.1):
                    self._take(key.data, self._boards[key.data].socket.recv(1 << 20))

    def arrived(self, changes: list[tuple[int, float]]) -> Iterator[float]:
        """Seconds from each change to the first message that has seen it, at each stream."""
        for told in self.heard:
            at = 0
            for change, moment in changes:
                while at < len(told) and told[at][0] < change:
                    at += 1
                yield told[at][1] - moment if at < len(told) else float("inf")

    def _take(self, number: int, piece: bytes) -> None:
        moment = time.time()
        self.read_bytes += len(piece)
        self.heard[number] += [(int(change), moment) for change in _TOLD.findall(piece)]


def measure(quick: bool) -> Lines:
    seconds = 10 if quick else 60
    with bench_lab(holders=1_200) as lab:
        lab.start_link()
        start_web(lab)
        cookie = f"prolab={log_in(Role.MANAGER)}"
        with connected(lab, lab.lab.agents()) as agents:
            lab.until_lists_sent()
            (web,) = children_of(lab.pid("web"))
            yield Figure("web without a stream", resident_mib(web), "MiB")
            with listening(lab.web_port, cookie) as ears:
                before, began = processor_s(web), time.time()
                saves, pages = _busy(lab, agents, cookie, seconds)
                time.sleep(1.0)  # for what is still on its way
                memory, busy = resident_mib(web), (processor_s(web) - before) / (time.time() - began)
        yield from spread(f"a form saved with {STREAMS} plans open", saves, AIM_SAVE_MS)
        yield from spread("the plan asked for right after it", pages)
        arrived = ears.arrived(_sessions_told(began))
        yield from spread("event taken in → message at a plan", arrived, AIM_ARRIVED_MS)
        yield Figure(f"web with {STREAMS} streams", memory, "MiB", 120)
        yield Figure("web's processor time", busy * 100, "% of one")
        yield Figure("sent to each plan, a minute", ears.read_bytes / STREAMS / seconds * 60 / 1000, "kB")


@contextmanager
def listening(port: int, cookie: str) -> Iterator[Ears]:
    """All streams are open and have drawn themselves once."""
    boards = [Board(port, cookie).hear(b"event: board") for _ in range(STREAMS)]
    ears, closing_time = Ears(boards), Event()
    reader = Thread(target=ears.listen, args=(closing_time,))
    reader.start()
    try:
        yield ears
    finally:
        closing_time.set()
        reader.join()
        for board in boards:
            board.close()


def _busy(lab: BenchLab, agents: list[LightAgent], cookie: str, seconds: int) -> tuple[list[float], list[float]]:
    """Taps at random moments, and a form every second in between. What each save took, and the page after it."""
    saves: list[float] = []
    pages: list[float] = []
    over = Event()
    office = Thread(target=_save_now_and_then, args=(lab, cookie, over, saves, pages))
    office.start()
    random, due = Random("streams"), time.monotonic()
    end = due + seconds
    while due < end:
        due += random.expovariate(EVENTS_A_SECOND)
        time.sleep(max(0.0, due - time.monotonic()))
        random.choice(agents).tap()
    over.set()
    office.join()
    return saves, pages


def _save_now_and_then(lab: BenchLab, cookie: str, over: Event, saves: list[float], pages: list[float]) -> None:
    jar, number = cookie, 0
    while not over.wait(SAVE_EVERY_S):
        number += 1
        machine = lab.lab.machines[number // 2 % len(lab.lab.machines)].code
        with closing(HTTPConnection("127.0.0.1", lab.web_port, timeout=30)) as connection:
            page, jar = _ask(connection, "GET", f"/machines/{machine}/service", jar)
            service = "in" if number % 2 == 0 else "out"
            form = {name: unescape(value) for name, value in _hidden(page)} | {"service": service, "note": "essai"}
            began = time.perf_counter()
            _ask(connection, "POST", f"/machines/{machine}/service", jar, urlencode(form))
            saved = time.perf_counter()
            _ask(connection, "GET", "/map", jar)
            saves.append(saved - began)
            pages.append(time.perf_counter() - saved)


def _hidden(page: str) -> Iterator[tuple[str, str]]:
    for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', page):
        yield re.findall(r'name="([^"]*)"', field)[0], (re.findall(r'value="([^"]*)"', field) or [""])[0]


def _ask(connection: HTTPConnection, method: str, path: str, jar: str, body: str | None = None) -> tuple[str, str]:
    """The page, and the cookies to send next: the token of a form goes with one."""
    headers = {"Cookie": jar, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != (303 if method == "POST" else 200):
        raise RuntimeError(f"{method} {path} answers {answer.status}")
    login = jar.split("; ", maxsplit=1)[0]
    own = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie") or () if "prolab-page" in cookie]
    return text, "; ".join([login, *own]) if own else jar


def _sessions_told(began: float) -> list[tuple[int, float]]:
    """Each session that began or ended: every one of them changes the plan."""
    wanted = select(Change.id, Change.at).where(Change.topic == "session").order_by(Change.id)
    with reading() as session:
        rows = session.execute(wanted).all()
    return [(number, at.timestamp()) for number, at in rows if at.timestamp() >= began]
