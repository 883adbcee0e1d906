"""Events set aside are read again: what can be used now is stored once, what cannot stays with its reason."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from server.audit.models import AuditEntry
from server.db import db, writing
from server.ingest import Incoming, ingest
from server.machines import service as machines
from server.reingest import Again, reingest
from server.usage.ledger import verify_ledger
from server.usage.models import Event, RejectedEvent, UsageSession
from tests.server.paper_agent import PaperAgent, furnish, poison, uuid
from wire.messages import RiskClass

S1, S2 = uuid("session", 1), uuid("session", 2)


@pytest.fixture
def lab(app, now):
    furnish(now)
    return app


def add_machine(code, now):
    with writing():
        machines.add_machine(code, code.upper(), "printer", "agent-1", RiskClass.LOW, actor="desk", now=now)


def left():
    return db.session.execute(select(RejectedEvent.n, RejectedEvent.reason).order_by(RejectedEvent.id)).all()


def test_a_use_of_a_machine_nobody_knew_is_read_once_the_machine_is_there(lab, now):
    agent = PaperAgent()
    start = now - timedelta(hours=2)
    ingest([agent.starts(S1, "p9", start), agent.ends(S1, "p9", start, 600), agent.boots(now)], now)
    assert len(left()) == 2
    add_machine("p9", now)

    again = reingest(now, actor="manager")

    assert again == Again(stored=2)
    session = db.session.get_one(UsageSession, S1)
    assert (session.state, session.occupied_s) == ("ended", 600)
    assert left() == []
    assert verify_ledger() == []


def test_reading_them_twice_doubles_nothing(lab, now):
    agent = PaperAgent()
    ingest([agent.starts(S1, "p9", now - timedelta(hours=1))], now)
    add_machine("p9", now)

    first, second = reingest(now, actor="manager"), reingest(now, actor="manager")

    assert (first, second) == (Again(stored=1), Again())
    assert db.session.scalar(select(func.count()).select_from(Event)) == 1


def test_what_still_cannot_be_used_stays_with_its_reason(lab, now):
    agent = PaperAgent()
    ingest([agent.starts(S1, "p9", now), agent.starts(S2, "p8", now), Incoming("agent-1", b"noise")], now)
    add_machine("p9", now)

    again = reingest(now, actor="manager")

    assert again == Again(stored=1, left=2)
    assert [(n, "p8" in reason) for n, reason in left()] == [(2, True), (None, False)]
    assert verify_ledger() == []


def test_one_that_breaks_us_again_keeps_nobody_else_waiting(lab, now):
    agent = PaperAgent()
    bad = poison(agent, now)
    ingest([bad, agent.starts(S1, "p9", now)], now)
    add_machine("p9", now)

    again = reingest(now, actor="manager")

    assert again == Again(stored=1, left=1)
    assert left()[0].reason.startswith("our fault")


def test_one_from_the_future_is_stored_once_its_moment_has_come(lab, now):
    agent = PaperAgent()
    ingest([agent.boots(now + timedelta(hours=1))], now)

    assert reingest(now, actor="manager") == Again(left=1)
    assert reingest(now + timedelta(hours=1), actor="manager") == Again(stored=1)


def test_an_agent_that_was_not_known_has_its_first_event_taken_in_line(lab, now):
    agent = PaperAgent("agent-9")
    first = agent.boots(now)
    ingest([first], now)
    with writing():
        machines.add_agent("agent-9", actor="desk", now=now)

    assert reingest(now, actor="manager") == Again(stored=1)
    assert ingest([first], now).duplicates == 1
    assert verify_ledger() == []


def test_each_one_read_is_in_the_journal(lab, now):
    agent = PaperAgent()
    ingest([agent.starts(S1, "p9", now)], now)
    add_machine("p9", now)

    reingest(now, actor="manager")

    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "reingest")).one()
    assert entry.before is not None
    assert (entry.actor, entry.object_kind, entry.before["n"]) == ("manager", "event", 1)
