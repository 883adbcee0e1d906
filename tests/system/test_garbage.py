"""Nonsense from any side: counted, kept, shown, and whoever speaks sense behind it is heard; no machine notices."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from server.db import reading
from server.demo.site import SERVER
from server.domain.roles import Role
from server.settings import load_settings
from server.usage import counts, ledger
from server.usage.models import Event, EventPayload, RejectedEvent
from tests.server.paper_agent import PaperAgent, poison, uuid
from tests.server.signed_in import log_in
from tests.system.small_lab import AGENT, SmallLab, small_lab
from tests.system.wired_agent import Sender
from tests.waiting import until
from wire.messages import MAX_EVENT_BYTES, AccessList, Fault, decode_access_list, decode_body, decode_envelope, encode
from wire.topics import Leaf, Topic

TODAY, LIST = "/today", "/map?view=list"
STRANGER = "stranger"  # has an account at the broker and stands in no book


@pytest.fixture
def lab() -> Iterator[SmallLab]:
    with small_lab() as running:
        running.start()
        yield running


@pytest.fixture
def account(lab: SmallLab) -> Iterator[Callable[[str], Sender]]:
    """A second connection under somebody's name, for what that somebody would never say."""
    opened: list[Sender] = []

    def log_in(name: str) -> Sender:
        if name == STRANGER:
            lab.broker.add_user(STRANGER, "known to the broker only")
        password = lab.stage.access.passwords.get(name, "known to the broker only")
        opened.append(Sender(lab.broker, name, password))
        until(opened[-1].client.is_connected)
        return opened[-1]

    yield log_in
    for one in opened:
        one.leaves()


@pytest.fixture
def page(lab: SmallLab) -> Callable[[str], str]:
    """A page as the manager's browser gets it, in English."""
    lab.stage.start_server("web")
    address = f"http://127.0.0.1:{load_settings(lab.site.settings).web.port}"
    headers = {"Accept-Language": "en", "Cookie": f"prolab={log_in(Role.MANAGER, now=lab.now)}"}

    def read(path: str) -> str:
        with urlopen(Request(address + path, headers=headers), timeout=60) as answer:
            return str(answer.read().decode())

    def answers() -> bool:
        try:
            return bool(read(TODAY))
        except OSError:  # not there yet, or busy with its first page
            return False

    lab.stage.until(answers, "the pages")
    return read


def its_own_event(lab: SmallLab) -> bytes:
    """One the agent has sent and that is stored already."""
    with closing(sqlite3.connect(lab.state_file)) as connection:
        payload: bytes = connection.execute("SELECT payload FROM event ORDER BY n").fetchone()[0]
    return payload


def placeless(own: bytes) -> list[bytes]:
    """No envelopes: nothing, no text, half an event, nested without end, and one of two megabytes."""
    return [b"", b"\xff\xfe", own[:40], b"[" * 9000, own[:-1] + b" " * 2_000_000 + b"}"]


def numbered(lab: SmallLab) -> PaperAgent:
    """An outbox of five: poison, dated ahead, a body of the wrong shape, a kind nobody knows, and a good one."""
    paper = PaperAgent(AGENT, uuid("nonsense"))
    poison(paper, lab.now)
    paper.boots(lab.now + timedelta(hours=1))
    envelope = {"outbox": paper.outbox, "n": 3, "kind": "session_ended", "body": {"session": 7}}
    paper.sends(json.dumps(envelope).encode())
    paper.sends(json.dumps(envelope | {"n": 4, "kind": "coffee_made"}).encode())
    paper.boots(lab.now)
    return paper


def test_garbage_is_counted_kept_with_its_reason_and_shown_and_what_stands_behind_it_is_stored(
    lab: SmallLab, account: Callable[[str], Sender], page: Callable[[str], str]
) -> None:
    ada, clean, own = lab.holder(0).card, page(TODAY), its_own_event(lab)
    lab.tap("p1", ada)
    paper, loose = numbered(lab), placeless(own)
    stranger, nuisance = account(STRANGER), account(AGENT)

    stranger.says(Leaf.EVENTS, own)
    for payload in (*loose, *(event.payload for event in paper.sent)):
        nuisance.says(Leaf.EVENTS, payload)
    until(lambda: (paper.outbox, 5) in lab.stored() and counts.totals().get("unknown_agent"))
    lab.tap("p2", ada)
    lab.tap("p1", ada)
    lab.tap("p1", ada)
    lab.lists_in_force()

    found = counts.totals()
    expected = {"unreadable": 5, "rejected": 3, "our_fault": 1, "future": 1, "unknown_kind": 1, "unknown_agent": 1}
    assert {name: found.get(name) for name in expected} == expected
    raw: list[tuple[bytes, str, int | None]] = [
        (own, STRANGER, None),
        *((one[:MAX_EVENT_BYTES], AGENT, None) for one in loose),
    ]
    raw += [(event.payload, AGENT, n) for n, event in enumerate(paper.sent[:3], 1)]
    assert Counter((one.raw, one.agent, one.n) for one in rejected()) == Counter(raw)
    behind = {key[1]: kind for key, kind in lab.stored().items() if key[0] == paper.outbox}
    assert behind == {4: "coffee_made", 5: "agent_started"}
    assert lab.outbox().items() <= lab.stored().items()
    assert [one for one in lab.differences() if "power" in one] == []
    assert lab.is_on("p2")
    assert "set aside" not in clean
    assert "9 events set aside" in page(TODAY)
    assert ledger.verify_ledger() == []


def test_what_was_set_aside_says_why(lab: SmallLab, account: Callable[[str], Sender]) -> None:
    paper, nuisance = numbered(lab), account(AGENT)
    nuisance.says(Leaf.EVENTS, its_own_event(lab)[:40])

    for event in paper.sent:
        nuisance.says(Leaf.EVENTS, event.payload)
    until(lambda: (paper.outbox, 5) in lab.stored())

    words = {one.n: one.reason for one in rejected()}
    assert set(words) == {None, 1, 2, 3}
    assert "not JSON" in words[None]
    assert words[1].startswith("our fault: OverflowError")
    assert words[2] == "dated more than five minutes ahead"
    assert "body.session" in words[3]


def rejected() -> list[RejectedEvent]:
    with reading() as session:
        return list(session.scalars(select(RejectedEvent)))


def faults() -> list[str]:
    """The codes of the faults that the agent told of."""
    wanted = select(EventPayload.payload).join(Event, Event.id == EventPayload.event_id).where(Event.kind == Fault.KIND)
    with reading() as session:
        bodies = [decode_body(decode_envelope(payload)) for payload in session.scalars(wanted.order_by(Event.id))]
    return [body.code for body in bodies if isinstance(body, Fault)]


def test_an_agent_keeps_its_list_when_the_servers_account_talks_nonsense(
    lab: SmallLab, account: Callable[[str], Sender], page: Callable[[str], str]
) -> None:
    ada = lab.holder(0).card
    lab.tap("p1", ada)
    known = in_force(lab)
    nobody = replace(known, holders=(), revision=known.revision + 10)
    server = account(SERVER)

    for leaf, payload in (
        (Leaf.ACCESS_LIST, b"\xff"),
        (Leaf.ACCESS_LIST, encode(nobody)[:-40]),
        (Leaf.ACCESS_LIST, encode(replace(nobody, agent="agent-2"))),
        (Leaf.ACCESS_LIST, encode(replace(nobody, key_id="another"))),
        (Leaf.ACCESS_LIST, encode(replace(nobody, revision=known.revision - 1))),
        (Leaf.RECEIPT, b"{}"),
    ):
        server.client.publish(str(Topic(AGENT, leaf)), payload, qos=1)
    until(lambda: "receipt_unreadable" in faults())
    lab.tap("p2", ada)

    assert in_force(lab) == known
    assert lab.is_on("p1")
    assert lab.is_on("p2")
    assert faults() == ["list_unreadable", "list_foreign", "list_wrong_key", "receipt_unreadable"]
    assert "access list cannot be read" in page(LIST)
    lab.lists_in_force()
    assert lab.differences() == []
    server.client.publish(str(Topic(AGENT, Leaf.ACCESS_LIST)), encode(nobody), qos=1)  # control: this one is in order
    lab.board.settle(revisions={AGENT: nobody.revision})
    lab.tap("c1", ada)
    assert not lab.is_on("c1")


def in_force(lab: SmallLab) -> AccessList:
    with closing(sqlite3.connect(lab.state_file)) as connection:
        return decode_access_list(connection.execute("SELECT payload FROM list").fetchone()[0])


def restart_with(lab: SmallLab, password: str) -> None:
    """Somebody writes another password into the agent's settings."""
    file = lab.site.agent_settings(AGENT)
    lab.stop(AGENT)
    lines = file.read_text().splitlines()
    file.write_text("\n".join(f'password = "{password}"' if one.startswith("password") else one for one in lines))
    lab.start_agent()


def test_an_agent_with_a_wrong_password_gates_its_machines_is_shown_and_sends_everything_later(
    lab: SmallLab, page: Callable[[str], str]
) -> None:
    ada = lab.holder(0).card
    before = page(TODAY)
    restart_with(lab, "not this one")
    until(lambda: Fault.KIND in lab.outbox().values())

    lab.tap("p1", ada)
    started = lab.is_on("p1")
    lab.pass_time(100)
    lab.tap("p1", ada)
    lab.tap("p1", ada)
    unheard, during = lab.unreceipted(), page(TODAY)
    restart_with(lab, lab.stage.access.passwords[AGENT])
    lab.lists_in_force()

    assert "1 of 1 agents online" in before
    assert "0 of 1 agents online" in during
    assert started, "a badge never waits for the network"
    assert unheard >= 2
    assert faults() == ["link_failed"]
    assert [one.occupied_s for one in lab.sessions("p1")] == [102]
    assert lab.differences() == []
    assert "1 of 1 agents online" in page(TODAY)
    assert "connection to the broker failed" in page(LIST)
