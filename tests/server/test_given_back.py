"""What a credit note gives back for good counts on no budget; what is invoiced anew counts there as before."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from server.billing import standing
from server.billing.credit_notes import Amount, Chosen, Whole, credit
from server.billing.left import budgets_on
from server.contracts import service as contracts
from server.contracts.service import Limit
from server.db import reading
from server.domain.decisions import Free
from server.usage import decisions
from tests.server.billing_lab import CLOSING, OPENED, ZONE, close, furnish, issue, use
from tests.server.signed_in import settings_for

LATER = CLOSING + timedelta(days=2)
BY: Any = {"actor": "manager", "now": LATER}
AT_FIRST: Any = {"actor": "manager", "now": OPENED}


@pytest.fixture
def session_id(app: Flask) -> str:
    """Two hours at 24.00 of ``acme-1``, invoiced, under a budget for the whole year."""
    furnish()
    contracts.add_budget("acme", "acme-1", Limit(100_00, False, date(2026, 10, 1), date(2027, 1, 1)), **AT_FIRST)
    invoiced = use(seconds=7200)
    close()
    issue()
    return invoiced


def spent(database_url: str) -> int:
    standing.refresh(settings_for(database_url), LATER)
    with reading():
        return budgets_on(LATER, ZONE)[0].spent_cents


def test_goodwill_for_a_session_is_no_longer_spent(session_id: str, database_url: str) -> None:
    assert spent(database_url) == 48_00
    credit("F-2026-0001", Chosen(frozenset({session_id}), {session_id: 10_00}), "Goodwill", zone=ZONE, **BY)

    assert spent(database_url) == 38_00


def test_goodwill_of_an_amount_is_no_longer_spent(session_id: str, database_url: str) -> None:
    credit("F-2026-0001", Amount(7_50, "S", 2000), "Goodwill", zone=ZONE, **BY)

    assert spent(database_url) == 40_50


def test_what_is_invoiced_anew_stays_spent(session_id: str, database_url: str) -> None:
    credit("F-2026-0001", Whole(), "Wrong order", reopen=True, zone=ZONE, **BY)

    assert spent(database_url) == 48_00


def test_what_is_given_back_and_then_decided_to_be_free_is_taken_off_once(session_id: str, database_url: str) -> None:
    credit("F-2026-0001", Chosen(frozenset({session_id})), "Goodwill", zone=ZONE, **BY)
    decisions.do_not_charge(session_id, Free.GOODWILL, "The same again", **BY)

    assert spent(database_url) == 0
