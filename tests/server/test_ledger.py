"""verify-ledger finds each change of the books once, and nothing in books that are right."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from server.db import db, writing
from server.ingest import Incoming, ingest
from server.usage.ledger import verify_ledger
from server.usage.models import Event, EventPayload, Outbox, RejectedEvent, UsageSession
from tests.server.paper_agent import PaperAgent, furnish, uuid

S1, S2, S3 = uuid("session", 1), uuid("session", 2), uuid("session", 3)
HOUR = timedelta(hours=1)


@pytest.fixture
def books(app, now):
    """An ended session, a provisional one, an open one with a checkpoint, and a rejected event between them."""
    furnish(now)
    agent, start = PaperAgent(), now - 9 * HOUR
    agent.starts(S1, "p1", start)
    agent.ends(S1, "p1", start, 600)
    agent.starts(uuid("lost"), "nowhere", start)
    agent.starts(S2, "p1", start + HOUR)
    agent.starts(S3, "p1", start + 2 * HOUR)
    agent.checkpoints(start + 3 * HOUR, (S3, "p1", 3600))
    ingest([*agent.sent, Incoming("agent-1", b"garbage")], now)
    return agent


def change(statement):
    with writing() as session:
        session.execute(statement)


def test_right_books_have_no_problem(books):
    assert [row.state for row in db.session.execute(select(UsageSession.state).order_by(UsageSession.started_at))] == [
        "ended",
        "provisional",
        "open",
    ]
    db.session.rollback()
    assert verify_ledger() == []


@pytest.mark.parametrize("session", [S1, S2, S3])
def test_one_second_more_in_a_session_is_found_once(books, session):
    change(update(UsageSession).where(UsageSession.id == session).values(occupied_s=UsageSession.occupied_s + 1))

    problems = verify_ledger()

    assert len(problems) == 1
    assert session in problems[0]
    assert "occupied_s" in problems[0]


@pytest.mark.parametrize("column", ["machine_id", "started_at", "end_reason", "simulated", "holder_number"])
def test_any_other_fact_of_an_ended_session_is_compared_too(books, now, column):
    other = {"machine_id": 2, "started_at": now, "end_reason": "staff", "simulated": True, "holder_number": 7}
    change(update(UsageSession).where(UsageSession.id == S1).values({column: other[column]}))

    assert len(verify_ledger()) == 1


def test_one_second_more_in_the_evidence_is_found_once(books):
    row = db.session.execute(
        select(EventPayload.event_id, EventPayload.payload).where(EventPayload.event_id == 2)
    ).one()
    db.session.rollback()
    changed = row.payload.replace(b'"occupied_s":600', b'"occupied_s":601')
    change(update(EventPayload).where(EventPayload.event_id == row.event_id).values(payload=changed))

    assert changed != row.payload
    assert verify_ledger() == ["event 2: what it says was changed after it came in"]


@pytest.mark.parametrize("event_id", [1, 3, 5])
@pytest.mark.parametrize("column", ["chain_hash", "payload_hash", "kind", "n"])
def test_a_changed_link_of_the_chain_is_found(books, event_id, column):
    forged = {"chain_hash": "f" * 64, "payload_hash": "e" * 64, "kind": "fault", "n": 99}
    change(update(Event).where(Event.id == event_id).values({column: forged[column]}))

    problems = verify_ledger()

    broken = [problem for problem in problems if "chain" in problem]
    assert broken == [f"event {event_id}: the chain of evidence is broken here"]


def test_a_missing_event_is_found(books):
    change(delete(EventPayload).where(EventPayload.event_id == 2))
    change(delete(Event).where(Event.id == 2))

    problems = verify_ledger()

    assert any(problem.startswith(f"outbox {books.outbox}") for problem in problems)


def test_a_missing_last_event_is_found(books):
    change(delete(EventPayload).where(EventPayload.event_id == 5))
    change(delete(Event).where(Event.id == 5))

    assert any(problem.startswith(f"outbox {books.outbox}") for problem in verify_ledger())


def test_a_rejected_event_that_vanished_is_found(books):
    change(delete(RejectedEvent).where(RejectedEvent.n.is_not(None)))

    assert len(verify_ledger()) == 1


def test_a_receipt_that_promises_more_than_is_kept_is_found(books):
    change(update(Outbox).values(last_n=Outbox.last_n + 1))

    assert len(verify_ledger()) == 1


def test_an_invented_session_is_found_and_a_vanished_one_too(books):
    row = dict(db.session.execute(select(UsageSession.__table__).where(UsageSession.id == S1)).mappings().one())
    db.session.rollback()
    with writing() as session:
        session.add(UsageSession(**{**row, "id": uuid("invented")}))
        session.execute(delete(UsageSession).where(UsageSession.id == S1))

    assert sorted(verify_ledger()) == sorted(
        [
            f"session {uuid('invented')}: no event tells of it",
            f"session {S1}: its events are there, the session is not",
        ]
    )


def test_erasing_what_people_did_leaves_the_chain_whole(books):
    change(delete(EventPayload))

    assert verify_ledger() == []
