"""A small lab in real time, for a browser: from a badge at a reader to the picture on the screen.

Everything between is real: reader, agent, state file, broker, link, database, web process, stream, browser.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from server.demo.board_client import BoardClient
from server.demo.cast import Cast
from server.demo.lab import ZONE, Lab, make_lab
from server.demo.lab_people import MILLING, PRINTING
from server.demo.site import KEY_ID, Site
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.demo.watch import all_in_force
from server.domain.roles import Role
from server.lists.service import compile_all, needs_publishing
from tests.server.signed_in import log_in
from tests.waiting import listens, until

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
class RealLab:
    """One agent with its machines, the server's processes, and whoever logs in. ``codes``: the machines."""

    stage: Stage
    board: BoardClient
    lab: Lab
    address: str

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(machine.code for machine in self.lab.machines)

    def tap(self, machine: str, card: str) -> None:
        self.board.tap(machine, card, FRAMES)

    def panel(self, machine: str) -> str:
        """All that the box shows, one line each."""
        with suppress(FileNotFoundError):
            shown: dict[str, Any] = json.loads((self.stage.site.board / "panels" / f"{machine}.json").read_text())
            return "\n".join(filter(None, [shown["head"], shown["right"], *shown["lines"], shown["hint"]]))
        return ""

    def shows(self, machine: str, words: str) -> None:
        """Wait until the box shows these words; an answer stays for four seconds."""
        shown: list[str] = []

        def stands_there() -> bool:
            shown.append(self.panel(machine))
            return words in shown[-1]

        try:
            until(stands_there)
        except AssertionError as error:
            raise AssertionError(f"{machine} shows no {words!r}, but {list(dict.fromkeys(shown))}") from error

    def is_on(self, machine: str) -> bool:
        """Whether its relay is driven."""
        driven: bool = self.board.state()["pins"][machine]["driven"]
        return driven

    def lists_in_force(self) -> None:
        """Wait until whatever has been decided so far is what the agent goes by."""
        until(lambda: _nothing_to_send() and all_in_force())

    def log_in(self, context: BrowserContext, role: Role) -> None:
        context.add_cookies([{"name": "prolab", "value": log_in(role), "url": self.address}])


def rest() -> None:
    """A hand takes the card away from the reader; only then it counts anew."""
    time.sleep(AWAY_S)


@contextmanager
def real_lab() -> Iterator[RealLab]:
    """Everything runs and the list is in force. All of it is gone afterwards."""
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
        yield RealLab(stage, board, lab, f"http://127.0.0.1:{port}")


def _nothing_to_send() -> bool:
    now = datetime.now(UTC)
    return not needs_publishing(now) and not any(
        one.worth_sending for one in compile_all(now, None, ZONE, KEY_ID).values()
    )


@dataclass(frozen=True, slots=True)
class LiveLab:
    """The lab with its live board open. ``card``: a badge that may use all machines."""

    lab: RealLab
    card: str
    page: Page

    def turns(self, patience_s: float) -> Iterator[float]:
        """All machines are started in turn, and then ended. The seconds from each badge to its tile on the screen."""
        machines = self.lab.codes
        for machine in machines:
            yield self._tap_to_screen(machine, patience_s)
        for machine in machines:
            rest()
            self.lab.tap(machine, self.card)  # asks whether it is to end; the next one says yes
        for machine in machines:
            rest()
            yield self._tap_to_screen(machine, patience_s)
        rest()

    def _tap_to_screen(self, machine: str, patience_s: float) -> float:
        self.page.evaluate(_WATCH, f"t-{machine}")
        began = time.time()
        self.lab.tap(machine, self.card)
        turned_ms: int | None = self.page.evaluate(_TURNED, patience_s * 1000)
        if turned_ms is None:
            raise TimeoutError(f"the tile of {machine} has not turned within {patience_s:g} s")
        return turned_ms / 1000 - began


@contextmanager
def live_lab(browser: Browser) -> Iterator[LiveLab]:
    """The lab, and its live board in a browser whose stream has said its first word."""
    with real_lab() as lab, closing(browser.new_context()) as context:
        lab.log_in(context, Role.MANAGER)
        page = context.new_page()
        page.goto(lab.address + FLOOR)
        page.wait_for_function("() => document.body.dataset.heard")
        yield LiveLab(lab, lab.lab.holders[0].card, page)


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
    machines = [machine.code for machine in stage.lab.machines if machine.agent == AGENT]
    stage.until(lambda: listens(stage.site.logs / f"{AGENT}.log", machines), "its readers")


def _answers(port: int) -> bool:
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status < 600
    except OSError:
        return False
