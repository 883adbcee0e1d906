"""What is invoiced, taken back and invoiced anew, more than once: nothing is charged twice, and nothing is lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing.credit_notes import Chosen, Whole, credit
from server.billing.ledger import verify_billing
from server.billing.models import Document
from server.db import reading
from tests.server.billing_lab import CLOSING, ZONE, close, furnish, issue, use

LATER = CLOSING + timedelta(days=5)
DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)
BY: Any = {"actor": "manager", "now": LATER}


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def sums() -> list[tuple[str, str, int]]:
    with reading() as session:
        return [
            (one.number, one.month, one.net_cents) for one in session.scalars(select(Document).order_by(Document.id))
        ]


def test_what_was_invoiced_anew_can_be_taken_back_and_invoiced_a_third_time() -> None:
    use()
    close()
    issue()

    credit("F-2026-0001", Whole(), "Wrong address", reopen=True, zone=ZONE, **BY)
    issue(now=LATER)
    credit("F-2026-0002", Whole(), "Wrong order", reopen=True, zone=ZONE, **BY)
    issue(now=LATER)

    assert [(number, net) for number, _, net in sums()] == [
        ("F-2026-0001", 2400),
        ("A-2026-0001", -2400),
        ("F-2026-0002", 2400),
        ("A-2026-0002", -2400),
        ("F-2026-0003", 2400),
    ]
    assert verify_billing() == []


def test_a_line_that_is_invoiced_anew_is_not_let_go_again_with_the_rest_of_its_first_invoice() -> None:
    one, _ = use(), use(start=datetime(2026, 10, 6, 8, tzinfo=UTC))
    close()
    issue()

    credit("F-2026-0001", Chosen(frozenset({one})), "Wrong", reopen=True, zone=ZONE, **BY)
    issue(now=LATER)
    credit("F-2026-0001", Whole(), "All of it", reopen=True, zone=ZONE, **BY)
    issue(now=LATER)

    assert sum(net for _, _, net in sums()) == 4800
    assert verify_billing() == []


def test_a_session_that_comes_more_than_half_a_year_late_is_still_invoiced() -> None:
    for month in range(1, 10):
        use(start=datetime(2026, month, 6, 8, tzinfo=UTC))
        close(f"2026-{month:02}", datetime(2026, month + 1, 3, 9, tzinfo=UTC))
        issue(f"2026-{month:02}", datetime(2026, month + 1, 3, 9, tzinfo=UTC))
    use(start=datetime(2026, 1, 8, 8, tzinfo=UTC))
    use(start=datetime(2026, 10, 8, 8, tzinfo=UTC))
    close()
    issue()
    issue("2026-01")

    assert sum(net for _, _, net in sums()) == 11 * 2400
