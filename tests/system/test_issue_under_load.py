"""Forty invoices are issued and rendered while agents send: nobody waits for a receipt because of it."""

import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from paho.mqtt.client import Client, MQTTMessage
from sqlalchemy import func, select

from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document
from server.db import db, reading, writing
from server.demo.broker import Broker
from server.people import service as people
from server.people.models import TenantKind
from server.settings import Settings
from tests.server.billing_lab import CLOSING, MONTH, OPENED, close, furnish, use
from tests.server.paper_agent import PaperAgent, uuid
from tests.system.forked import Forked, fork
from tests.system.wired_agent import LinkProcess, WiredAgent, running_link, settings_for
from tests.waiting import until

PASSWORDS = {"server": "server's", "agent-1": "one"}
INVOICES = 40
SESSIONS_EACH = 5
EVERY_S = 0.04  # twice the taps of a full lab
WAITS_AT_MOST_S = 5.0  # far above what is aimed at: the computer the tests run on does other things too
FROZEN_S = 1.0


class Timed(WiredAgent):
    """Notes for each event how many seconds it waited for its receipt."""

    def __init__(self, broker: Broker, paper: PaperAgent, password: str) -> None:
        self.said_at: list[float] = []
        self.waited: list[float] = []
        super().__init__(broker, paper, password)

    def uses_a_printer(self) -> None:
        """A start and an end, at their moment."""
        number = len(self.paper.sent) // 2
        start = CLOSING - timedelta(hours=20) + timedelta(seconds=10 * number)
        self.paper.starts(uuid("load", number), "p1", start, payer="acme-1")
        self.paper.ends(uuid("load", number), "p1", start, 8, payer="acme-1")
        self.said_at += [time.monotonic()] * 2
        self.push()

    def goes_on(self, until_done: Callable[[], bool]) -> list[float]:
        """Start and end sessions at a steady rate, whether or not anybody answers. The seconds each event waited."""
        first, began = len(self.waited), time.monotonic()
        while not until_done():
            self.uses_a_printer()
            time.sleep(max(0.0, began + (len(self.said_at) - first) / 2 * EVERY_S - time.monotonic()))
        until(self.receipted)
        return self.waited[first:]

    def _on_message(self, client: Client, data: object, message: MQTTMessage) -> None:
        super()._on_message(client, data, message)
        now = time.monotonic()
        self.waited += [now - said for said in self.said_at[len(self.waited) : self.through]]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path / "broker")
    for name, password in PASSWORDS.items():
        running.add_user(name, password)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def settings(
    database_url: str, broker: Broker, tmp_path: Path, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """A lab on the day on which it closes its month; every process takes the time from a simulated board's file."""
    board = tmp_path / "board.map"
    board.write_bytes(struct.pack("<q", round(CLOSING.timestamp() * 1000)).ljust(mmap.PAGESIZE, b"\0"))
    monkeypatch.setenv("PROLAB_BOARD", str(board))
    monkeypatch.setenv("PROLAB_DEMO", "true")
    a_month_to_invoice()
    close(specimen=True)
    return settings_for(database_url, broker, tmp_path, PASSWORDS["server"])


@pytest.fixture
def link(settings: Settings, tmp_path: Path) -> Iterator[LinkProcess]:
    with running_link(settings, tmp_path) as running:
        yield running


@pytest.fixture
def agent(link: LinkProcess, broker: Broker) -> Iterator[Timed]:
    wired = Timed(broker, PaperAgent(), PASSWORDS["agent-1"])
    until(wired.client.is_connected)
    yield wired
    wired.leaves()


def a_month_to_invoice() -> None:
    by: dict[str, Any] = {"actor": "test", "now": OPENED}
    furnish()
    with writing():
        for number in range(INVOICES):
            code = f"t{number:02}"
            people.add_tenant(code, f"Atelier {number}", TenantKind.COMPANY, **by)
            house = people.add_establishment(
                code, f"Atelier {number} SARL", "1 rue", "68100", "Mulhouse", "FR", f"1{number:08}", None, **by
            )
            people.set_treatment(house.id, "fr_business", date(2026, 1, 1), "test", **by)
            people.set_bill_to(code, house.id, date(2026, 1, 1), **by)
            people.add_payer(code, f"{code}-1", "Atelier", code, **by)
            for _ in range(SESSIONS_EACH):
                use(f"{code}-1", simulated=True)


@contextmanager
def process(link: LinkProcess, log: Path, *arguments: str) -> Iterator[Forked]:
    """One of our commands, in the environment of the link."""
    with log.open("ab") as file:
        running = fork([sys.executable, "-m", "server.cli", *arguments], link._environment, file)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(60)


def documents(*states: str) -> int:
    """How many there are, numbered or already issued."""
    wanted = select(func.count()).select_from(Document).where(Document.state.in_(states or ("numbered", "issued")))
    with reading() as session:
        return session.scalar(wanted) or 0


def for_seconds(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def p99(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99)]


def tell(what: str, waits: list[float]) -> None:
    middle = sorted(waits)[len(waits) // 2]
    print(f"\n{what}: {len(waits)} receipts, p50 {middle * 1000:.1f} ms, p99 {p99(waits) * 1000:.1f} ms", end="")


def test_receipts_keep_coming_while_forty_invoices_are_issued_and_rendered(
    link: LinkProcess, agent: Timed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with process(link, tmp_path / "work.log", "work"):
        quiet = agent.goes_on(for_seconds(1))
        with process(link, tmp_path / "issue.log", "issue", MONTH):
            agent.goes_on(lambda: documents() > 0)
            busy = agent.goes_on(lambda: documents("issued") == INVOICES)

    tell(f"quiet, {db.engine.dialect.name}", quiet)
    tell(f"while {INVOICES} invoices are issued and rendered", busy)
    record_property("ingest_p99_ms_while_40_invoices_are_issued", round(p99(busy) * 1000, 1))
    assert p99(busy) < WAITS_AT_MOST_S
    assert len(list((tmp_path / "documents").glob("DEMO-*.pdf"))) == INVOICES
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Charge)) == INVOICES * SESSIONS_EACH
    assert len(agent.waited) == len(agent.paper.sent)
    assert verify_billing(tmp_path / "documents") == []


def test_a_link_that_stands_still_for_a_moment_would_be_noticed(link: LinkProcess, agent: Timed) -> None:
    """The control: the figures above are those of the receipts."""
    agent.goes_on(for_seconds(0.3))
    stopped = time.monotonic()
    os.kill(link.process.pid, signal.SIGSTOP)

    def goes_on_again() -> bool:
        if time.monotonic() - stopped > FROZEN_S:
            os.kill(link.process.pid, signal.SIGCONT)
            return True
        return False

    waits = agent.goes_on(goes_on_again)

    assert p99(waits) > 0.8 * FROZEN_S
