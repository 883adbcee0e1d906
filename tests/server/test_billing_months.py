"""Closing a month and its drafts: what is billed, what is held and why, and what never is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.billing import service as billing
from server.billing.models import Draft, Period
from server.billing.service import BillingError
from server.db import reading, writing
from server.domain.tariffs import Scope, simple
from server.people.models import TaxTreatment
from tests.server.billing_lab import CLOSING, MONTH, OPENED, SELLER, ZONE, add_start_up, close, end_prices, furnish, use

BY: Any = {"actor": "test", "now": OPENED}


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def drafts() -> dict[str, Draft]:
    with reading() as session:
        return {draft.content["buyer"]["tenant"]: draft for draft in session.scalars(select(Draft))}


def test_a_month_becomes_one_draft_for_each_who_pays() -> None:
    use("acme-1", "p1", seconds=3500)
    use("acme-2", "c1", seconds=3600)
    use("nord-1", "p1", seconds=900)

    report = close()

    assert [(d.tenant, d.sessions, d.net_cents, d.gross_cents, d.held) for d in report.drafts.drafts] == [
        ("acme", 2, 2400 + 3850, 7500, ""),
        ("nord", 1, 600, 600, ""),
    ]


def test_a_month_is_not_closed_before_its_last_events_can_have_arrived() -> None:
    just_before = datetime(2026, 11, 1, 4, 59, 59, tzinfo=UTC)

    with pytest.raises(BillingError, match="2026-10 can be closed from 2026-11-01 06:00 on"):
        close(now=just_before)

    assert close(now=just_before + timedelta(seconds=1)).month == MONTH
    with reading() as session:
        period = session.get_one(Period, MONTH)
        assert (period.state, period.closed_by) == ("closed", "manager")


def test_closing_is_audited_once_however_often_it_is_done() -> None:
    close()
    close(now=CLOSING + timedelta(hours=1))

    with reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.verb == "close")).all()
        assert [(entry.actor, entry.object_id) for entry in entries] == [("manager", MONTH)]
        assert session.get_one(Period, MONTH).closed_at == CLOSING


def test_what_is_no_month_is_refused_in_words() -> None:
    with pytest.raises(BillingError, match="'octobre' is not a month"):
        close("octobre")


def test_open_sessions_are_listed_and_left_alone() -> None:
    last_heard = 14 * 3600  # after the end of the month
    running = use(start=datetime(2026, 10, 31, 20, tzinfo=UTC), seconds=last_heard, state="open", ended_at=None)
    use("acme-1", "c1", start=datetime(2026, 11, 1, 20, tzinfo=UTC), state="open", ended_at=None)

    report = close()

    assert [(one.session, one.machine) for one in report.open_sessions] == [(running, "p1")]
    assert report.drafts.drafts == ()


def test_a_print_over_the_months_end_is_priced_at_its_start_and_billed_in_the_month_of_its_end() -> None:
    billing.add_tariff(Scope(category="printer"), simple(9900, 900), datetime(2026, 10, 1, tzinfo=UTC), **BY)
    use(start=datetime(2026, 9, 30, 20, 0, tzinfo=UTC), seconds=10 * 3600)
    use(start=datetime(2026, 10, 31, 20, 0, tzinfo=UTC), seconds=10 * 3600)

    (draft,) = close().drafts.drafts

    assert (draft.sessions, draft.net_cents) == (1, 24000)
    line = drafts()["acme"].content["groups"][0]["lines"][0]
    assert line["early"] == [["2026-09-30", "2026-10-01"]]


def test_a_session_that_ends_at_midnight_belongs_to_the_month_that_begins() -> None:
    use(start=datetime(2026, 10, 31, 22, tzinfo=UTC), seconds=3600)
    use("nord-1", start=datetime(2026, 10, 31, 22, tzinfo=UTC), seconds=3599)

    assert [draft.tenant for draft in close().drafts.drafts] == ["nord"]


def test_a_missing_vat_cell_holds_that_document_and_says_which() -> None:
    use("bach-1")
    use("acme-1")

    report = close()

    (held,) = report.drafts.held
    assert held.name == "Verein Bachwerk"
    assert held.held == (
        "no VAT cell for seller regime normal, treatment foreign_non_taxable, nature machine_use on 2026-10-05"
    )
    assert [draft.tenant for draft in report.drafts.ready] == ["acme"]


def test_an_establishment_without_a_treatment_is_held_in_words() -> None:
    with writing() as session:
        for treatment in session.scalars(select(TaxTreatment)):
            treatment.valid_from = date(2026, 10, 6)
    use("acme-1")

    (held,) = close().drafts.held

    assert held.held == "no VAT treatment of this establishment on 2026-10-05"


def test_a_missing_price_holds_the_draft_and_names_machine_kind_and_day() -> None:
    end_prices("cnc", datetime(2026, 10, 5, tzinfo=UTC))
    use("acme-1", "c1")
    use("acme-1", "p1")

    (held,) = close().drafts.held

    assert held.held == "no price for machine c1 (cnc) and tenants of kind company on 2026-10-05"


def test_an_internal_tenant_is_measured_and_never_invoiced() -> None:
    use("atelier-1")

    report = close()

    assert report.drafts.drafts == ()
    assert report.drafts.unplaced == ()


def test_sessions_that_no_establishment_pays_for_are_named() -> None:
    add_start_up(paid_by=None)
    use("new-1")

    assert close().drafts.unplaced == ("no establishment pays for Jeune pousse on 2026-10-05",)


def test_who_pays_for_another_gets_its_sessions_under_its_name() -> None:
    add_start_up(paid_by="acme")
    use("new-1")
    use("acme-1")

    (draft,) = close().drafts.drafts

    assert (draft.tenant, draft.sessions) == ("acme", 2)
    groups = drafts()["acme"].content["groups"]
    assert [(group["on_behalf_of"], group["cost_centre"]) for group in groups] == [
        ("", "Atelier"),
        ("Jeune pousse", "Atelier"),
    ]


def test_the_kind_of_the_tenant_that_used_the_machine_makes_the_price_and_not_of_the_one_that_pays() -> None:
    add_start_up(paid_by="acme")
    scope = Scope(category="printer", tenant_kind="startup")
    billing.add_tariff(scope, simple(1000, 900), OPENED, **BY)
    use("new-1")

    (draft,) = close().drafts.drafts

    assert draft.net_cents == 1000


def test_simulated_sessions_are_never_on_a_real_draft_nor_real_ones_on_a_specimen() -> None:
    use("acme-1", seconds=900)
    use("nord-1", seconds=1800, simulated=True)

    real, demo = close().drafts.drafts, close(specimen=True).drafts.drafts

    assert [draft.tenant for draft in real] == ["acme"]
    assert [draft.tenant for draft in demo] == ["nord"]


def test_drafts_are_rebuilt_from_what_is_true_now() -> None:
    use("acme-1", seconds=900)
    billing.build_drafts(MONTH, CLOSING, ZONE, specimen=False)
    use("acme-1", seconds=900)

    billing.build_drafts(MONTH, CLOSING, ZONE, specimen=False)

    assert {tenant: draft.net_cents for tenant, draft in drafts().items()} == {"acme": 1200}


def test_drafts_can_be_looked_at_before_the_month_is_over() -> None:
    use("acme-1")

    looked = billing.build_drafts(MONTH, datetime(2026, 10, 14, tzinfo=UTC), ZONE, specimen=False)

    assert [draft.net_cents for draft in looked.ready] == [2400]
    with reading() as session:
        assert session.get_one(Period, MONTH).state == "open"


def test_without_a_seller_nobody_can_invoice_and_it_says_so() -> None:
    with pytest.raises(BillingError, match="no seller is on record"):
        billing.build_drafts("2025-10", datetime(2025, 10, 14, tzinfo=UTC), ZONE, specimen=False)


def test_a_term_over_forty_five_days_is_refused_with_the_article() -> None:
    with pytest.raises(BillingError, match=r"45 days \(art\. L441-10"):
        billing.add_seller(replace(SELLER, payment_days=60), date(2027, 1, 1), **BY)


def test_a_new_price_ends_the_one_before_and_cannot_begin_before_it() -> None:
    scope = Scope(category="printer")
    change = datetime(2026, 10, 10, tzinfo=UTC)
    billing.add_tariff(scope, simple(5000, 900), change, **BY)

    before, after = billing.rates_for(change - timedelta(seconds=1), ZONE), billing.rates_for(change, ZONE)

    assert (before["p1", "acme-1"], after["p1", "acme-1"]) == (2400, 5000)
    with pytest.raises(BillingError, match="already decided from 2026-10-10"):
        billing.add_tariff(scope, simple(1, 900), change, **BY)


def test_a_price_is_for_a_machine_or_a_category_and_positive() -> None:
    with pytest.raises(BillingError, match="name one of them"):
        billing.add_tariff(Scope(), simple(1, 900), OPENED, **BY)
    with pytest.raises(BillingError, match="step above zero"):
        billing.add_tariff(Scope(category="laser"), simple(1, 0), OPENED, **BY)
    with pytest.raises(BillingError, match="There is no machine x9"):
        billing.add_tariff(Scope(machine="x9"), simple(1, 60), OPENED, **BY)


def test_the_price_of_a_machine_shows_for_every_payer_that_has_one() -> None:
    end_prices("cnc", datetime(2026, 10, 5, tzinfo=UTC))

    rates = billing.rates_for(datetime(2026, 10, 5, tzinfo=UTC), ZONE)

    assert rates["p1", "acme-2"] == 2400
    assert not any(machine == "c1" for machine, _ in rates)


def test_a_session_whose_agent_fell_silent_is_billed_to_its_last_known_second() -> None:
    session_id = use(start=datetime(2026, 10, 31, 20, 0, tzinfo=UTC), seconds=1800, state="open", ended_at=None)

    report = close()

    assert report.provisional == (session_id,)
    assert report.open_sessions == ()
    assert [(draft.tenant, draft.sessions, draft.net_cents) for draft in report.drafts.drafts] == [("acme", 1, 1200)]
