"""The link between a real broker and the books: what is sent is stored once, whoever dies on the way."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import func, select

from server.db import db, reading
from server.demo.broker import Broker
from server.lists.outgoing import WAITS_FOR_EVENTS_S
from server.machines import service as machines
from server.machines.models import Agent, MachineLive
from server.settings import Settings
from server.usage import counts, ledger
from server.usage.models import Event, Outbox, UsageSession
from tests.server.paper_agent import PaperAgent, furnish, poison, uuid
from tests.system.wired_agent import LinkProcess, Sender, WiredAgent, running_link, settings_for
from tests.waiting import until
from wire.messages import MachineStatus, Service
from wire.topics import Leaf

PASSWORDS = {"server": "server's", "agent-1": "one", "agent-2": "two", "stranger": "nobody registered me"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path / "broker")
    for name, password in PASSWORDS.items():
        running.add_user(name, password)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def settings(database_url: str, broker: Broker, tmp_path: Path, app: Flask, now: datetime) -> Settings:
    furnish(now)
    return settings_for(database_url, broker, tmp_path, PASSWORDS["server"])


@pytest.fixture
def link(settings: Settings, tmp_path: Path) -> Iterator[LinkProcess]:
    with running_link(settings, tmp_path) as running:
        yield running


@pytest.fixture
def wire(broker: Broker) -> Iterator[Callable[[PaperAgent], WiredAgent]]:
    wired: list[WiredAgent] = []

    def connect(paper: PaperAgent) -> WiredAgent:
        wired.append(WiredAgent(broker, paper, PASSWORDS[paper.name]))
        until(wired[-1].client.is_connected)
        return wired[-1]

    yield connect
    for one in wired:
        one.leaves()


def counted() -> dict[str, int]:
    return counts.totals()


def stored() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def deliver(agent: WiredAgent, within_s: float = 20.0) -> None:
    """Until everything has its receipt, sending again what has none for a while, as an agent does."""
    for _ in range(3):
        agent.push()
        try:
            until(agent.receipted, within_s / 3)
        except AssertionError:
            agent.again()
        else:
            return
    raise AssertionError(f"receipted through {agent.through} of {len(agent.paper.sent)}")


def test_what_an_agent_sends_is_stored_and_receipted_and_the_receipt_is_kept(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(PaperAgent())
    agent.paper.starts(uuid(1), "p1", now)

    deliver(agent)
    again = wire(PaperAgent("agent-2"))
    agent.leaves()
    returned = wire(agent.paper)

    until(returned.receipted)
    assert again.through == 0
    with reading() as session:
        assert session.scalars(select(UsageSession.id)).all() == [uuid(1)]


def test_nothing_an_agent_can_send_stops_the_link(
    link: LinkProcess, wire: Callable[..., WiredAgent], broker: Broker, now: datetime
) -> None:
    agent, paper = wire(PaperAgent()), PaperAgent(outbox=uuid("poison"))
    until(lambda: agent.lists)
    good = PaperAgent().boots(now).payload
    bad = poison(paper, now).payload
    future = paper.boots(now + timedelta(hours=1)).payload
    unknown = json.dumps({"outbox": paper.outbox, "n": 3, "kind": "coffee", "body": {}}).encode()
    for payload in (
        b"",
        b"\xff\xfe",
        good[:40],
        b"[" * 9000,
        good[:-1] + b" " * 2_000_000 + b"}",
        bad,
        future,
        unknown,
    ):
        agent.says(Leaf.EVENTS, payload)
    for payload in (b"", b"{}", b"\xff", b'{"agent":"agent-2","online":true,"boot":"x"}', b"[" * 9000):
        agent.says(Leaf.STATUS, payload)
    stranger = Sender(broker, "stranger", PASSWORDS["stranger"])
    until(stranger.client.is_connected)
    stranger.says(Leaf.EVENTS, good)
    agent.paper.boots(now)

    deliver(agent)
    until(lambda: counted().get("unknown_agent"))
    until(lambda: counted().get("unreadable_status") == 4)
    stranger.leaves()

    found = counted()
    expected = {"unreadable": 5, "our_fault": 1, "future": 1, "unknown_kind": 1, "rejected": 2}
    expected |= {"unknown_agent": 1, "foreign_status": 1, "unreadable_status": 4}
    assert {name: found.get(name) for name in expected} == expected
    assert stored() == 2
    assert ledger.verify_ledger() == []


def test_a_link_with_a_wrong_password_goes_on_trying_and_gets_in_when_it_is_right(
    settings: Settings, broker: Broker, tmp_path: Path, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    broker.add_user("server", "another")
    agent = wire(PaperAgent())
    agent.paper.boots(now)
    with running_link(settings, tmp_path) as link:
        until(lambda: counted().get("disconnected"))
        refused = stored()
        broker.add_user("server", PASSWORDS["server"])

        deliver(agent)

        assert (refused, stored()) == (0, 1)
        assert "refused" in link.said()


def beyond(share: int, *agents: WiredAgent) -> Callable[[], bool]:
    """Whether the server has stored more than so many of what one of them sent."""
    return lambda: any(agent.through > share for agent in agents)


def load(now: datetime, outbox: int, count: int) -> PaperAgent:
    """Sessions of three minutes one after the other, up to now."""
    paper = PaperAgent(f"agent-{outbox}", uuid("load", outbox))
    machine = {1: "p1", 2: "c1"}[outbox]
    for number in range(count // 2):
        start = now - timedelta(minutes=4 * (count // 2 - number))
        paper.starts(uuid(outbox, number), machine, start)
        paper.ends(uuid(outbox, number), machine, start, 180)
    return paper


def test_three_broker_kills_under_load_lose_nothing_and_store_nothing_twice(
    link: LinkProcess, broker: Broker, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agents = [wire(load(now, 1, 600)), wire(load(now, 2, 600))]
    for through in (100, 250, 400):
        for agent in agents:
            agent.push()
        until(beyond(through, *agents))
        broker.kill()
        broker.start()
        until(lambda: all(agent.client.is_connected() for agent in agents))
        for agent in agents:
            agent.again()

    for agent in agents:
        deliver(agent)

    assert stored() == 1200
    assert counted()["disconnected"] >= 3
    with reading() as session:
        states = session.execute(select(UsageSession.state, func.count()).group_by(UsageSession.state)).all()
        assert [tuple(row) for row in states] == [("ended", 600)]
    assert ledger.verify_ledger() == []


def test_a_link_killed_under_load_loses_nothing_and_stores_nothing_twice(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(load(now, 1, 1000))
    agent.push()
    for share in (200, 600):
        until(beyond(share, agent))
        link.kill()
        link.start()

    deliver(agent)

    assert stored() == 1000
    assert ledger.verify_ledger() == []


def test_a_link_that_is_told_to_stop_finishes_what_it_has_begun(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(load(now, 1, 1000))
    agent.push()
    until(lambda: agent.through > 100)

    code = link.stop()
    through = agent.through
    with reading() as session:
        last_n = session.scalars(select(Outbox.last_n)).one()

    assert code == 0
    assert until(lambda: agent.through == last_n or None)
    assert through <= last_n == stored()
    assert "Traceback" not in link.said()


def test_after_the_broker_lost_everything_lists_and_receipts_are_there_again(
    link: LinkProcess, broker: Broker, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(PaperAgent())
    agent.paper.boots(now)
    deliver(agent)
    first = until(lambda: agent.lists)[-1].revision
    agent.leaves()
    broker.kill()
    broker.start()

    returned = wire(agent.paper)

    until(returned.receipted)
    # What the broker had not confirmed comes again first, if it comes.
    assert until(lambda: [one for one in returned.lists if one.revision > first])


def test_a_change_is_in_the_agents_list_soon_and_only_where_it_says_something_else(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent, other = wire(PaperAgent()), wire(PaperAgent("agent-2"))
    agent.reports()
    other.reports()
    until(lambda: agent.lists and other.lists)

    machines.clear_latch("p1", 12, "checked", actor="desk", now=datetime.now(UTC))

    changed = until(lambda: [one for one in agent.lists if one.machines[0].clear_latch_upto])
    assert changed[-1].machines[0].clear_latch_upto == 12
    assert len(other.lists) == 1


def test_an_agent_with_events_the_server_does_not_have_gets_its_list_when_they_are_stored(
    settings: Settings, tmp_path: Path, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    behind, control = wire(PaperAgent()), wire(PaperAgent("agent-2"))
    behind.paper.boots(now)
    behind.reports(last_n=1, revision=99)
    control.reports()
    with running_link(settings, tmp_path):
        until(lambda: control.lists)
        machines.set_service("p1", Service.OUT, actor="desk", now=datetime.now(UTC))
        until(lambda: control.client.is_connected() and seen("agent-1"))
        before = list(behind.lists)

        deliver(behind)

        caught_up = until(lambda: behind.lists, WAITS_FOR_EVENTS_S / 2)  # by itself it would come after all of it
        assert before == []
        assert caught_up[0].revision > 99


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_while_the_database_is_away_events_wait_and_none_is_rejected(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(PaperAgent())
    agent.paper.boots(now)
    deliver(agent)
    url = db.engine.url
    db.session.remove()
    db.engine.dispose()
    with psycopg.connect(host=url.host, port=url.port, user=url.username, dbname="postgres", autocommit=True) as admin:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format
        name = sql.Identifier(str(url.database))
        admin.execute(allow(name, sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database])
        agent.paper.boots(now)
        agent.push()
        until(lambda: "the database is away" in link.said())
        through = agent.through
        admin.execute(allow(name, sql.SQL("true")))

    until(agent.receipted)

    assert through == 1
    assert stored() == 2
    assert until(lambda: counted().get("database_away"))
    assert "rejected" not in counted()


def seen(agent: str) -> bool:
    with reading() as session:
        return session.scalar(select(Agent.boot).where(Agent.name == agent)) == "boot-1"


def live(machine_id: int) -> MachineLive | None:
    with reading() as session:
        return session.get(MachineLive, machine_id)


def test_a_status_is_shown_and_the_late_will_of_an_earlier_boot_is_not_believed(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(PaperAgent())
    at_ms = int(now.timestamp() * 1000)
    state = MachineStatus("p1", "out_of_service", at_ms, faults=("reader",))

    agent.reports(boot="boot-1", at_ms=at_ms)
    agent.reports(boot="boot-2", at_ms=at_ms, version="1.2", machines=(state,), synced=True)
    agent.reports(boot="boot-1", online=False)
    until(lambda: counted().get("late_will"))

    with reading() as session:
        row = session.scalars(select(Agent).where(Agent.name == "agent-1")).one()
        assert (row.online, row.boot, row.version, row.synced) == (True, "boot-2", "1.2", True)
    shown = live(1)
    assert shown is not None
    assert (shown.state, shown.faults) == ("out_of_service", ["reader"])
    agent.reports(boot="boot-2", online=False)
    until(lambda: not online("agent-1"))


def online(agent: str) -> bool:
    with reading() as session:
        return bool(session.scalar(select(Agent.online).where(Agent.name == agent)))


def test_the_receipt_names_an_outbox_of_which_nothing_is_stored_yet(
    link: LinkProcess, wire: Callable[..., WiredAgent], now: datetime
) -> None:
    agent = wire(PaperAgent())

    agent.reports(last_n=5)

    until(lambda: seen("agent-1"))
    with reading() as session:
        assert session.execute(select(Outbox.id, Outbox.last_n)).all() == [(agent.paper.outbox, 0)]
