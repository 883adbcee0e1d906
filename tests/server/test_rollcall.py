"""When it is held for certain that an agent is not there, and that the board is told."""

from datetime import datetime

from sqlalchemy import select

from server.db import reading, writing
from server.ingest import miss
from server.jobs.models import Change
from server.machines.models import Agent
from server.usage.rollcall import LOST_S, RETURN_S, RollCall
from tests.conftest import Lab


def test_without_a_broker_nobody_is_there() -> None:
    roll = RollCall(0.0)
    roll.connected(1.0)
    roll.heard({"agent-1"})

    roll.lost(500.0)

    assert roll.take(500.0 + LOST_S - 0.1) is None
    assert roll.take(500.0 + LOST_S) == frozenset()


def test_trying_in_vain_does_not_put_it_off() -> None:
    roll = RollCall(0.0)

    roll.lost(9.0)

    assert roll.take(LOST_S) == frozenset()


def test_an_agent_has_its_time_to_come_back_after_the_broker() -> None:
    roll = RollCall(0.0)
    roll.connected(100.0)
    roll.heard({"agent-1"})
    roll.heard({"agent-2"})

    assert roll.take(100.0 + RETURN_S - 0.1) is None
    assert roll.take(100.0 + RETURN_S) == frozenset({"agent-1", "agent-2"})


def test_the_roll_is_called_once() -> None:
    roll = RollCall(0.0)

    assert roll.take(LOST_S) is not None
    assert roll.take(LOST_S + 1) is None


def test_a_broker_that_is_back_soon_was_hardly_away() -> None:
    roll = RollCall(0.0)
    roll.connected(1.0)
    roll.take(1.0 + RETURN_S)

    roll.lost(200.0)
    roll.connected(203.0)

    assert roll.take(200.0 + LOST_S) is None


def test_who_was_not_heard_is_shown_as_gone(lab: Lab, now: datetime) -> None:
    with writing() as session:
        agent = session.scalars(select(Agent)).one()
        agent.online = True

    miss({"agent-1"}, now)
    with reading() as session:
        assert session.scalars(select(Agent.online)).one()

    miss(set(), now)
    with reading() as session:
        assert not session.scalars(select(Agent.online)).one()
        assert "p1" in session.scalars(select(Change.key).where(Change.topic == "machine")).all()
