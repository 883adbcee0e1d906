"""What no session tells of stands among what is looked at before a month is issued."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing.outside import outside
from server.db import reading, writing
from server.domain.oddities import Odd
from server.domain.period import period_of
from server.ingest import ingest
from server.machines.models import Agent
from tests.server.billing_lab import CLOSING, MONTH, ZONE, furnish
from tests.server.paper_agent import PaperAgent, stamp
from wire.messages import Fault

SEEN = datetime(2026, 10, 17, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def found(now: datetime = CLOSING) -> list[tuple[Odd, str, int]]:
    with reading():
        return [(one.kind, one.name, one.times) for one in outside(period_of(MONTH, ZONE), False, now)]


def test_power_without_a_session_is_told_once_a_machine_and_day() -> None:
    agent = PaperAgent()
    for minutes in (0, 10):
        at = SEEN + timedelta(minutes=minutes)
        ingest([agent.says(Fault("c1", "power_without_session", "640 W", 1, stamp(at)))], at)
    ingest([agent.says(Fault("c1", "reader", "gone", 1, stamp(SEEN)))], SEEN)

    assert found() == [(Odd.POWER, "Fraiseuse C1", 2)]


def test_power_that_was_told_after_the_month_stands_in_the_month_in_which_it_was() -> None:
    agent, last, later = PaperAgent(), datetime(2026, 10, 31, 20, tzinfo=UTC), datetime(2026, 11, 2, 7, tzinfo=UTC)
    ingest([agent.says(Fault("c1", "power_without_session", "640 W", 1, stamp(last)))], later)
    ingest([agent.says(Fault("p1", "power_without_session", "90 W", 1, stamp(later)))], later)

    assert found() == [(Odd.POWER, "Fraiseuse C1", 1)]


def test_an_agent_that_fell_silent_before_the_months_end_is_named_once_the_month_is_over() -> None:
    with writing() as session:
        session.scalars(select(Agent)).one().last_seen_at = SEEN

    assert found(now=SEEN + timedelta(days=1)) == []
    assert found() == [(Odd.SILENT_AGENT, "agent-1", 1)]


def test_an_agent_that_was_silent_all_the_month_is_named_too() -> None:
    with writing() as session:
        session.scalars(select(Agent)).one().last_seen_at = datetime(2026, 9, 20, 12, tzinfo=UTC)

    assert found() == [(Odd.SILENT_AGENT, "agent-1", 1)]
