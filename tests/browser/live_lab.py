"""A small lab in real time and the live board in Chromium: from a badge at a reader to the picture on the screen.

Everything between is real: reader, agent, state file, broker, link, database, web process, stream, browser.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path

from playwright.sync_api import Browser, Page

from server.demo.board_client import BoardClient
from server.demo.cast import Cast
from server.demo.lab import Lab, make_lab
from server.demo.lab_people import MILLING, PRINTING
from server.demo.site import Site
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.demo.watch import all_in_force
from server.domain.roles import Role
from tests.server.signed_in import log_in

FLOOR = "/map"
AGENT = "agent-1"
FRAMES = 2
AWAY_S = 0.35  # a card that is to count again must have been away for 300 ms

# Resolves with the moment (ms since 1970) at which the changed tile is drawn: a mutation is drawn with the next frame.
_WATCH = """(id) => {
  const state = () => document.getElementById(id).dataset.state, before = state();
  window.turned = new Promise((done) => {
    const observer = new MutationObserver(() => {
      if (state() === before) return;
      observer.disconnect();
      requestAnimationFrame(() => done(Date.now()));
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
  });
}"""
_TURNED = "(patience) => Promise.race([turned, new Promise((done) => setTimeout(done, patience, null))])"


@dataclass(frozen=True, slots=True)
class LiveLab:
    """``machines``: those of the one agent. ``card``: a badge that may use all of them."""

    board: BoardClient
    machines: tuple[str, ...]
    card: str
    page: Page

    def turns(self, patience_s: float) -> Iterator[float]:
        """All machines are started in turn, and then ended. The seconds from each badge to its tile on the screen."""
        for machine in self.machines:
            yield self._tap_to_screen(machine, patience_s)
        for machine in self.machines:
            _rest()
            self._tap(machine)  # asks whether it is to end; the next one says yes
        for machine in self.machines:
            _rest()
            yield self._tap_to_screen(machine, patience_s)
        _rest()

    def _tap_to_screen(self, machine: str, patience_s: float) -> float:
        self.page.evaluate(_WATCH, f"t-{machine}")
        began = time.time()
        self._tap(machine)
        turned_ms: int | None = self.page.evaluate(_TURNED, patience_s * 1000)
        if turned_ms is None:
            raise TimeoutError(f"the tile of {machine} has not turned within {patience_s:g} s")
        return turned_ms / 1000 - began

    def _tap(self, machine: str) -> None:
        self.board.tap(machine, self.card, FRAMES)


@contextmanager
def live_lab(browser: Browser) -> Iterator[LiveLab]:
    """Everything runs, the list is in force, and the live board is open. All of it is gone afterwards."""
    now = datetime.now(UTC)
    with ExitStack() as stack:
        site = Site(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prolab-"))))
        site.make()
        lab = _lab(now.date())
        stack.enter_context(books(site, lab, Cast((), lab.holders), now))
        _, access = stack.enter_context(own_broker(site, lab))
        port = free_port()
        stage, board = stack.enter_context(raised(site, lab, access, int(now.timestamp()), port, virtual=False))
        _start(stage, port)
        page = stack.enter_context(_floor(browser, f"http://127.0.0.1:{port}"))
        machines = tuple(machine.code for machine in lab.machines)
        yield LiveLab(board, machines, lab.holders[0].card, page)


def _lab(today: date) -> Lab:
    """The demo's first agent and a few people who may use all its machines, open at all hours."""
    whole = make_lab(1, today.replace(day=1))
    machines = tuple(machine for machine in whole.machines if machine.agent == AGENT)
    codes = {None, *(machine.code for machine in machines)}
    able = [holder for holder in whole.holders if {PRINTING, MILLING} <= holder.skills]
    tariffs = tuple(tariff for tariff in whole.tariffs if tariff.machine in codes)
    return replace(whole, machines=machines, holders=tuple(able[:3]), tariffs=tariffs, hours=())


def _start(stage: Stage, port: int) -> None:
    stage.start_agent(AGENT)
    stage.start_server("link", "web")
    stage.until(lambda: _answers(port), "the web process")
    stage.until(all_in_force, "the agent")


@contextmanager
def _floor(browser: Browser, address: str) -> Iterator[Page]:
    """Logged in, and the stream has said its first word."""
    with closing(browser.new_context()) as context:
        context.add_cookies([{"name": "prolab", "value": log_in(Role.MANAGER), "url": address}])
        page = context.new_page()
        page.goto(address + FLOOR)
        page.wait_for_function("() => document.body.dataset.heard")
        yield page


def _answers(port: int) -> bool:
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 600
    except OSError:
        return False


def _rest() -> None:
    time.sleep(AWAY_S)
