"""A class ends at its hour, and its sessions are on its organiser's bill once, however often their events come."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from server.billing.models import Draft
from server.courses import lessons
from server.db import reading
from server.ingest import ingest
from server.people.models import Establishment
from server.usage.models import UsageSession
from tests.server.billing_lab import close, furnish
from tests.server.paper_agent import PaperAgent, stamp, uuid
from tests.server.test_signoffs import staff
from wire.messages import EndReason, SessionEnded, SessionStarted

BEGINS = datetime(2026, 10, 14, 8, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=2)


def test_a_class_opened_by_a_trainer_ends_at_its_hour_and_bills_the_organiser_once(app: Any) -> None:
    furnish()
    trainer = staff(BEGINS, "Maria")
    lesson = lessons.prepare("2de B", trainer, "nord-1", ["p1"], BEGINS, ENDS, actor="account:1", now=BEGINS)
    agent, opened = PaperAgent("agent-1"), stamp(BEGINS + timedelta(minutes=30))
    use = uuid("class", 1)
    agent.says(SessionStarted(use, "p1", trainer, "ab" * 16, "nord-1", False, 1, opened, lesson=lesson))
    spans = (opened, stamp(ENDS), 5400, 5400, None, None)
    agent.says(SessionEnded(use, "p1", trainer, "nord-1", 1, *spans, EndReason.CLASS_OVER, 1, lesson=lesson))
    for _ in range(2):
        ingest(agent.sent, ENDS + timedelta(minutes=1))
    close()

    with reading() as session:
        rows = session.scalars(select(UsageSession)).all()
        billed = session.execute(
            select(Establishment.legal_name, Draft.net_cents).join(
                Establishment, Establishment.id == Draft.establishment_id
            )
        ).all()
    assert [(row.lesson, row.ended_at, row.end_reason) for row in rows] == [(lesson, ENDS, "class_over")]
    assert [tuple(row) for row in billed] == [("Nordwerk GmbH", 3600)]  # an hour and a half at 24 €, and nobody else
