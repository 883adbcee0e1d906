"""The broker dies, is away for days, or the agent loses its memory: machines go on, and the ledger ends up as the relays."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from server.db import reading, writing
from server.machines.models import Agent
from server.usage import counts, ledger
from server.usage.models import Denial, Event, EventPayload, UsageSession
from tests.system.small_lab import AGENT, SmallLab, small_lab
from wire.messages import DenialReason, Gap, decode_body, decode_envelope

MACHINES = ("p1", "p2", "c1")
STRANGER = "62FFFFFFF0"
HOUR = 3600
EVENTS_A_ROUND = 7


@pytest.fixture
def lab() -> Iterator[SmallLab]:
    with small_lab() as running:
        running.start()
        yield running


def work(lab: SmallLab, rounds: int) -> None:
    """Everybody starts at once, a stranger is refused, everybody ends at once; nobody waits for anything to be sent."""
    for number in range(rounds):
        everybody_taps(lab)
        lab.pass_time(7 * number)
        lab.tap("p2", STRANGER)
        everybody_taps(lab)
        everybody_taps(lab)


def everybody_taps(lab: SmallLab) -> None:
    for index, machine in enumerate(MACHINES):
        lab.board.tap(machine, lab.holder(index).card, 2)
    lab.pass_time(1)


def use(lab: SmallLab, machine: str, seconds: int, holder: int = 0) -> None:
    """One session from tap to tap."""
    card = lab.holder(holder).card
    lab.tap(machine, card)
    assert lab.is_on(machine)
    lab.pass_time(seconds - 2, fine=False)
    lab.tap(machine, card)
    lab.tap(machine, card)
    assert not lab.is_on(machine)


def test_three_broker_kills_under_load_lose_nothing_and_double_nothing(lab: SmallLab) -> None:
    under_way = []
    for _ in range(3):
        work(lab, 10)
        under_way.append(lab.unreceipted())
        lab.broker.kill()
        work(lab, 10)
        assert lab.unreceipted() >= 10 * EVENTS_A_ROUND, "control: it was away"
        lab.broker.start()
        work(lab, 5)
        lab.lists_in_force()

    assert max(under_way) > 0, "control: it died while events were under way"
    assert lab.differences() == []
    assert [len(lab.sessions(machine)) for machine in MACHINES] == [75, 75, 75]
    assert len(lab.denials()) == 75
    assert counts.totals()["disconnected"] >= 3
    assert ledger.verify_ledger() == []


def test_the_comparison_above_notices_a_second_a_session_a_refusal_and_an_event(lab: SmallLab) -> None:
    """The control: what it would have found."""
    work(lab, 2)
    lab.lists_in_force()
    one, other = (UsageSession.id == session.id for session in lab.sessions("p1"))
    with reading() as session:
        last = session.scalar(select(func.max(Event.id)))
        refused = session.scalar(select(func.min(Denial.event_id)))
    falsifications = (
        [update(UsageSession).where(one).values(occupied_s=UsageSession.occupied_s + 1)],
        [delete(UsageSession).where(other)],
        [delete(Denial).where(Denial.event_id == refused)],
        [delete(EventPayload).where(EventPayload.event_id == last), delete(Event).where(Event.id == last)],
    )

    found = [len(lab.differences())]
    for statements in falsifications:
        with writing() as session:
            for statement in statements:
                session.execute(statement)
        found.append(len(lab.differences()))

    assert found == [0, 2, 3, 4, 5]


def test_three_days_without_a_broker_let_lists_expire_and_lose_nothing(lab: SmallLab) -> None:
    issued = lab.now_s  # time stood still until the lists were in force
    lab.broker.kill()

    lab.go_to(issued + 24 * HOUR - 100)
    use(lab, "c1", 60)
    lab.go_to(issued + 24 * HOUR)
    lab.tap("c1", lab.holder(0).card)
    assert not lab.is_on("c1"), "what cuts may rely on a list for a day"
    use(lab, "p1", 40)
    lab.go_to(issued + 71 * HOUR)
    lab.tap("p2", lab.holder(1).card)
    lab.go_to(issued + 72 * HOUR - 1)
    use(lab, "p1", 3)
    lab.tap("p1", lab.holder(0).card)
    assert not lab.is_on("p1"), "printers for three"
    assert lab.is_on("p2"), "an expired list takes no power away"
    lab.pass_time(HOUR, fine=False)
    lab.tap("p2", lab.holder(1).card)
    lab.tap("p2", lab.holder(1).card)
    assert lab.unreceipted() == 12, "control: nobody has heard of any of it"
    lab.broker.start()
    lab.lists_in_force()

    assert lab.differences() == []
    assert lab.denials() == [("c1", {DenialReason.LIST_EXPIRED}), ("p1", {DenialReason.LIST_EXPIRED})]
    assert [one.occupied_s for one in lab.sessions("p2")] == [2 * HOUR + 5]
    assert ledger.verify_ledger() == []
    use(lab, "c1", 60)  # and with the new list everybody may again
    use(lab, "p1", 60)


def test_a_reimaged_agent_begins_anew_and_its_lost_session_is_closed_by_a_later_start(lab: SmallLab) -> None:
    use(lab, "p2", 300)
    lab.tap("p1", lab.holder(0).card)
    lab.pass_time(HOUR + 900, fine=False)
    lab.lists_in_force()
    before = lab.outbox()
    lab.kill_agent()
    for file in lab.state_file.parent.glob("agent.db*"):
        file.unlink()

    lab.pass_time(60)
    lab.start_agent()
    lab.lists_in_force()
    (lost,) = lab.sessions("p1")
    untouched = (lost.state, lost.ended_at)
    use(lab, "p1", 120, holder=1)
    lab.lists_in_force()

    old, new = {outbox for outbox, _ in before}, {outbox for outbox, _ in lab.outbox()}
    assert len(old) == len(new) == 1
    assert old.isdisjoint(new)
    assert lab.stored() == before | lab.outbox()
    assert untouched == ("open", None), "neither silence nor a new outbox closes a session"
    closed, later = lab.sessions("p1")
    assert (closed.id, closed.state, closed.occupied_s) == (lost.id, "provisional", HOUR)
    assert closed.ended_at == closed.started_at + timedelta(hours=1), "its last known second"
    assert (later.state, later.occupied_s) == ("ended", 120)
    died = next(one for one in lab.intervals() if one.machine == "p1")
    assert died.why == "process died"
    assert died.off_ms == died.on_ms + (HOUR + 901) * 1000
    assert [one.occupied_s for one in lab.sessions("p2")] == [300]
    with reading() as session:
        assert {session.scalars(select(Agent.outbox).where(Agent.name == AGENT)).one()} == new
    assert ledger.verify_ledger() == []


def overwrite(lab: SmallLab) -> None:
    for file in lab.state_file.parent.glob("agent.db*"):
        file.write_bytes(b"\xff" * file.stat().st_size)


def tear_a_page(lab: SmallLab, table: str = "event") -> None:
    """Few events as they are here, the table's first page is its only one."""
    with closing(sqlite3.connect(lab.state_file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with lab.state_file.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


@pytest.mark.parametrize(
    ("spoil", "names_it", "of_p1"), [(overwrite, False, "provisional"), (tear_a_page, True, "ended")]
)
def test_an_agent_with_a_corrupt_state_file_sets_it_aside_counts_one_gap_and_goes_on(
    lab: SmallLab, spoil: Callable[[SmallLab], None], names_it: bool, of_p1: str
) -> None:
    use(lab, "p2", 300)
    lab.tap("p1", lab.holder(0).card)
    lab.lists_in_force()
    before = lab.outbox()
    lab.broker.kill()
    use(lab, "p2", 200)  # of this the server never hears: it is what the gap stands for
    lab.kill_agent()
    spoil(lab)
    spoilt = lab.state_file.read_bytes()

    lab.broker.start()
    lab.start_agent()
    lab.lists_in_force()
    use(lab, "p1", 100, holder=1)
    use(lab, "p2", 50)
    lab.lists_in_force()

    ((outbox, _), *_), now = before, lab.outbox()
    assert lab.state_file.with_name("bad-agent.db").read_bytes() == spoilt
    assert {one for one, _ in now}.isdisjoint({outbox})
    assert lab.stored() == before | now
    assert [key for key, kind in lab.stored().items() if kind == Gap.KIND] == [(min(now)[0], 1)]
    assert gap().lost_outbox == (outbox if names_it else None)
    assert counts.totals()["gap"] == 1
    assert [one.occupied_s for one in lab.sessions("p2")] == [300, 50]
    assert [one.state for one in lab.sessions("p1")] == [of_p1, "ended"]
    assert ledger.verify_ledger() == []


def test_what_can_be_read_of_a_corrupt_state_file_reaches_the_books_once(lab: SmallLab) -> None:
    use(lab, "p2", 300)
    lab.tap("p1", lab.holder(0).card)
    lab.lists_in_force()
    lab.broker.kill()
    use(lab, "p2", 200)  # of this the server has not heard yet
    lab.kill_agent()
    tear_a_page(lab, "outbox")

    lab.broker.start()
    lab.start_agent()
    lab.lists_in_force()
    use(lab, "p2", 50)
    lab.lists_in_force()

    assert [one.occupied_s for one in lab.sessions("p2")] == [300, 200, 50]
    assert [(one.state, one.end_reason) for one in lab.sessions("p1")] == [("ended", "power_loss")]
    assert " 0 lost" in gap().reason
    assert counts.totals()["gap"] == 1
    assert counts.totals()["duplicate"] > 0
    assert "rejected" not in counts.totals()
    assert ledger.verify_ledger() == []


def gap() -> Gap:
    wanted = select(EventPayload.payload).join(Event, Event.id == EventPayload.event_id).where(Event.kind == Gap.KIND)
    with reading() as session:
        body = decode_body(decode_envelope(session.scalars(wanted).one()))
    assert isinstance(body, Gap)
    return body
