"""What comes in for a month that is over is drafted, and waits on Today, without anybody opening that month."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import news
from server.billing.models import Draft, Seller
from server.db import reading, writing
from server.domain.roles import Role
from tests.server.billing_lab import CLOSING, ZONE, close, furnish, issue, use
from tests.server.signed_in import page, signed_in, web_app

OCTOBER = ["2026-10"]
LATER = CLOSING + timedelta(days=20)


@pytest.fixture
def lab(app: Flask) -> None:
    furnish()


def drafted(month: str) -> list[str]:
    with reading() as session:
        return [one.content["buyer"]["tenant"] for one in session.scalars(select(Draft).where(Draft.month == month))]


def follow(now: datetime = LATER) -> list[str]:
    return news.follow(now, ZONE, specimen=False)


def test_a_late_session_of_who_has_no_document_of_its_month_is_drafted(lab: None) -> None:
    use("acme-1")
    close()
    issue()
    assert (follow(), drafted("2026-10")) == ([], [])

    use("nord-1")

    assert (follow(), drafted("2026-10")) == (OCTOBER, ["nord"])


def test_a_month_in_which_nothing_ran_bills_what_the_one_before_has_left_and_waits_on_today(sqlite_url: str) -> None:
    december = datetime(2026, 12, 3, 9, tzinfo=UTC)
    web = web_app(sqlite_url, december)
    manager = signed_in(web, Role.MANAGER)
    with web.app_context():
        furnish()
        use("acme-1")
        close()
        issue()
        follow(december)
    assert "Novembre 2026 attend" not in page(manager, "/today")

    with web.app_context():
        use("acme-1", start=datetime(2026, 10, 7, 8, tzinfo=UTC))
        assert follow(december) == ["2026-10", "2026-11"]
        assert drafted("2026-11") == ["acme"]

    assert "Novembre 2026 attend d’être émis" in page(manager, "/today")


def test_what_stays_as_it_is_is_not_drafted_again_on_another_day(lab: None) -> None:
    use("acme-1")
    assert follow() == OCTOBER

    assert follow() == follow(LATER + timedelta(days=1)) == []


def test_a_month_without_a_seller_is_left_until_there_is_one(lab: None) -> None:
    use("acme-1", start=datetime(2026, 10, 5, tzinfo=UTC))
    with writing() as session:
        for row in session.scalars(select(Seller)):
            session.delete(row)

    assert follow() == []
