"""A lab that has tried everything on specimens goes over to real documents, in the same books: what a specimen has charged
stands for nothing there."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import credit_notes, disputes, facts, item_corrections
from server.billing import service as billing
from server.billing.credit_notes import Whole
from server.billing.ledger import verify_billing
from server.billing.lines import line_of
from server.billing.models import Charge, Document
from server.billing.orders import used_of
from server.billing.service import BillingError
from server.billing.uses import is_paid_for
from server.contracts import service as contracts
from server.contracts.service import For, Given, Numbered
from server.db import reading
from server.domain.contracts import Gives
from server.domain.period import period_of
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.people.models import Establishment, Tenant
from server.supplies import service as supplies
from server.supplies.service import ItemFacts
from tests.server.billing_lab import CLOSING, MONTH, OPENED, ZONE, close, furnish, issue, use

BY: dict[str, Any] = {"actor": "test", "now": OPENED}
SPECIMEN, REAL = ["DEMO-F-2026-0001"], ["F-2026-0001"]
H = 3600


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()
    fees = [one for one in column(Regime.NORMAL, Nature.FEE) if one.treatment == "fr_business"]
    billing.accept_proposals(fees, date(2026, 1, 1), "as the law texts suggest", **BY)


def lost_badge() -> int:
    facts_of_it = ItemFacts(
        "acme-1", date(2026, 10, 11), {"fr": "Badge perdu"}, "fee", Decimal(1), "piece", Decimal(1500)
    )
    return supplies.add_one_off(facts_of_it, "perdu", **BY)


def written(specimen: bool) -> list[str]:
    close(specimen=specimen)
    return issue(specimen=specimen)


def charges() -> list[tuple[str, str, int]]:
    wanted = select(Document.number, Charge.subject, Charge.net_cents).join(Charge, Charge.document_id == Document.id)
    with reading() as session:
        return [(number, subject, cents) for number, subject, cents in session.execute(wanted.order_by(Charge.id))]


def test_what_a_specimen_has_charged_is_charged_for_real_and_once() -> None:
    badge, locker = (
        lost_badge(),
        supplies.add_recurring("acme-1", {"fr": "Casier"}, "fee", 1000, date(2026, 10, 1), "x", **BY),
    )
    subjects = [f"one_off:{badge}", f"recurring:{locker}:{MONTH}"]

    assert written(specimen=True) == SPECIMEN
    assert written(specimen=True) == [], "a specimen is made once, too"
    assert written(specimen=False) == REAL
    assert written(specimen=False) == []
    real = [row for row in charges() if row[0] == REAL[0]]
    assert sorted(real) == [(REAL[0], subjects[0], 1500), (REAL[0], subjects[1], 1000)]
    assert verify_billing() == []


@pytest.mark.parametrize("specimen_taken_back", [False, True])
def test_a_real_credit_note_lets_it_be_charged_anew_whatever_became_of_the_specimen(specimen_taken_back: bool) -> None:
    lost_badge()
    written(specimen=True)
    if specimen_taken_back:
        credit_notes.credit(SPECIMEN[0], Whole(), "Essai", reopen=True, zone=ZONE, actor="test", now=CLOSING)
    written(specimen=False)

    credit_notes.credit(REAL[0], Whole(), "Mauvaise adresse", reopen=True, zone=ZONE, actor="test", now=CLOSING)

    assert written(specimen=False) == ["F-2026-0002"]
    assert written(specimen=False) == []
    assert verify_billing() == []


def test_an_item_is_taken_back_as_long_as_only_a_specimen_names_it() -> None:
    first, second = lost_badge(), lost_badge()
    written(specimen=True)
    with pytest.raises(BillingError, match="DEMO-F-2026-0001"):
        item_corrections.take_back(first, "retrouvé", **BY)

    item_corrections.take_back(first, "retrouvé", real=True, **BY)

    with reading():
        assert not is_paid_for(f"one_off:{second}", real=True)
        assert item_corrections.documents_of([f"one_off:{second}"], real=True) == {}
    assert written(specimen=False) == REAL
    with pytest.raises(BillingError, match=REAL[0]):
        item_corrections.take_back(second, "retrouvé", real=True, **BY)


def test_a_month_of_specimens_takes_more_for_the_real_one() -> None:
    use(simulated=True)
    use()
    written(specimen=True)
    badge = ItemFacts("acme-1", date(2026, 10, 12), {"fr": "Badge"}, "fee", Decimal(1), "piece", Decimal(900))
    with pytest.raises(BillingError, match="DEMO-F-2026-0001"):
        item_corrections.add_one_off(badge, "perdu", **BY)

    item_corrections.add_one_off(badge, "perdu", real=True, **BY)

    assert written(specimen=False) == REAL


def test_hours_that_simulated_sessions_took_are_left_for_real_ones() -> None:
    contracts.add_contract("acme", "2 h", Gives.HOURS, Given(2 * H), For(None, ("printer",)), date(2026, 10, 1), **BY)
    use(seconds=3 * H, simulated=True)
    use(start=datetime(2026, 10, 6, 8, tzinfo=UTC), seconds=3 * H)
    written(specimen=True)

    assert written(specimen=False) == REAL

    assert [cents for _, _, cents in charges()] == [2400, 2400]  # two hours are included in each
    assert verify_billing() == []


def test_hours_carried_over_are_those_that_real_sessions_left() -> None:
    contracts.add_contract("acme", "2 h", Gives.HOURS, Given(2 * H, 1), For(None, ("printer",)), date(2026, 9, 1), **BY)
    use(start=datetime(2026, 9, 7, 8, tzinfo=UTC), seconds=2 * H, simulated=True)
    october = datetime(2026, 10, 2, 9, tzinfo=UTC)
    close("2026-09", october, specimen=True)
    issue("2026-09", october, specimen=True)

    with reading():
        real, specimen = (facts.load(period_of(MONTH, ZONE), one).terms["acme"] for one in (False, True))

    assert [sum(one.left for one in terms.allowances) for terms in (real, specimen)] == [4 * H, 2 * H]


def test_what_is_contested_on_a_specimen_keeps_no_reminder_of_a_real_document_away() -> None:
    badge = lost_badge()
    written(specimen=True)
    with reading() as session:
        acme = session.scalars(select(Tenant.id).where(Tenant.code == "acme")).one()
    line = line_of(f"one_off:{badge}", acme, period_of(MONTH, ZONE), specimen=True)
    assert line is not None
    disputes.contest(line, MONTH, "Jamais perdu", zone=ZONE, **BY)
    written(specimen=False)

    with reading() as session:
        specimen, real = session.scalars(select(Document.id).order_by(Document.id))
        assert (disputes.open_cents(specimen), disputes.open_cents(real)) == (1800, 0)
        assert disputes.documents() == {specimen}


def test_an_order_is_used_up_by_real_documents_alone() -> None:
    with reading() as session:
        house = session.scalars(select(Establishment.id).where(Establishment.legal_name == "Acme SARL")).one()
    contracts.add_order(house, None, Numbered("BC-1", date(2026, 10, 1), ceiling_cents=100_00), **BY)
    lost_badge()
    written(specimen=True)

    with reading():
        orders = contracts.all_orders()
        used = [used_of(orders, ZONE, specimen=one) for one in (True, False)]

    assert [sum(one.values()) for one in used] == [1500, 0]
