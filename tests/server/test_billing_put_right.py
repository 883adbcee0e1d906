"""Put right more than once and in every order: whatever is credited, adjusted, late or invoiced anew, the documents of a tenant
come together to what its sessions cost as they count in the end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import item_corrections, months
from server.billing.credit_notes import Amount, Chosen, Whole, credit, left_of
from server.billing.ledger import verify_billing
from server.billing.models import Document
from server.billing.service import BillingError, accept_proposals, add_tariff
from server.billing.uses import is_paid_for
from server.contracts import service as contracts
from server.contracts.service import ContractError, For, Given, Offer
from server.db import reading, writing
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.decisions import Free
from server.domain.tariffs import Basis, Cap, Of, Part, Rule, Scope, Span, simple
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.supplies import service as supplies
from server.usage import decisions
from server.usage.models import UsageSession
from tests.server.billing_lab import CLOSING, OPENED, ZONE, close, furnish, issue, use

H = 3600
LATER = CLOSING + timedelta(days=5)
DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)
JANUARY = datetime(2027, 1, 4, 9, tzinfo=UTC)
FEBRUARY = datetime(2027, 2, 4, 9, tzinfo=UTC)
BY: Any = {"actor": "manager", "now": LATER}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def at(day: int, month: int = 10, hour: int = 8) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def bill(month: str, now: datetime) -> list[str]:
    close(month, now)
    return issue(month, now)


def free(session_id: str, now: datetime = LATER) -> None:
    decisions.do_not_charge(session_id, Free.MACHINE_FAULT, "Nozzle blocked", actor="manager", now=now)


def hours(agreed: int, carry_months: int | None = 0) -> None:
    given = Given(agreed * H, carry_months)
    october = date(2026, 10, 1)
    contracts.add_contract("acme", "hours", Gives.HOURS, given, For(None, ("printer",)), october, actor="t", now=OPENED)


def pack(hours_in_it: int) -> int:
    """For 100.00, from 1 October on."""
    voucher = [one for one in column(Regime.NORMAL, Nature.VOUCHER) if one.treatment == "fr_business"]
    accept_proposals(voucher, date(2026, 1, 1), "single-purpose voucher", actor="t", now=OPENED)
    offer = Offer("Cinq heures", Unit.SECONDS, hours_in_it * H, 100_00)
    return contracts.sell_pack("acme", "acme-1", offer, date(2026, 10, 1), actor="t", now=OPENED).id


def nets() -> list[int]:
    with reading() as session:
        return list(session.scalars(select(Document.net_cents).order_by(Document.id)))


def test_what_was_credited_in_part_is_not_invoiced_anew_as_a_whole() -> None:
    one = use()
    bill("2026-10", CLOSING)

    with pytest.raises(BillingError, match="as a whole can be invoiced anew"):
        credit("F-2026-0001", Chosen(frozenset({one}), {one: 500}), "Wrong", reopen=True, zone=ZONE, **BY)
    credit("F-2026-0001", Chosen(frozenset({one}), {one: 500}), "Goodwill", zone=ZONE, **BY)
    credit("F-2026-0001", Chosen(frozenset({one})), "Wrong address", reopen=True, zone=ZONE, **BY)
    issue(now=LATER)

    assert nets() == [2400, -500, -1900, 2400]
    assert verify_billing() == []


def test_a_decision_about_what_was_invoiced_anew_is_an_adjustment_of_the_new_invoice() -> None:
    one = use()
    bill("2026-10", CLOSING)
    credit("F-2026-0001", Whole(), "Wrong address", reopen=True, zone=ZONE, **BY)
    issue(now=LATER)
    free(one, LATER + timedelta(days=1))
    use(start=at(3, 11))
    use(start=at(4, 11))

    bill("2026-11", DECEMBER)

    assert nets() == [2400, -2400, 2400, 2400]  # 2 × 24.00 less 24.00
    assert verify_billing() == []


def test_what_an_adjustment_gave_back_is_not_credited_again() -> None:
    one, two = use(seconds=2 * H), use(start=at(6))
    bill("2026-10", CLOSING)
    free(one)
    use(start=at(3, 11), seconds=4 * H)
    bill("2026-11", DECEMBER)
    by: Any = {"actor": "manager", "now": DECEMBER}

    assert left_of("F-2026-0001") == {one: 0, two: 2400}
    with pytest.raises(BillingError, match="Nothing of F-2026-0001 is left"):
        credit("F-2026-0001", Chosen(frozenset({one})), "Wrong", zone=ZONE, **by)
    credit("F-2026-0001", Whole(), "Wrong address", reopen=True, zone=ZONE, **by)
    issue("2026-10", DECEMBER)

    assert nets() == [7200, 4800, -2400, 2400]  # 48 + 24; 96 − 48; 24 back and anew, beside a free session
    assert verify_billing() == []


def test_what_the_credit_note_of_a_negative_month_gave_back_is_not_credited_again() -> None:
    one, _ = use(seconds=2 * H), use(start=at(6), seconds=2 * H)
    bill("2026-10", CLOSING)
    free(one)
    bill("2026-11", DECEMBER)

    with pytest.raises(BillingError, match="Nothing of F-2026-0001 is left"):
        credit("F-2026-0001", Chosen(frozenset({one})), "Wrong", zone=ZONE, actor="manager", now=DECEMBER)
    credit("F-2026-0001", Whole(), "All of it", zone=ZONE, actor="manager", now=DECEMBER)

    assert nets() == [9600, -4800, -4800]
    assert verify_billing() == []


def test_an_adjustment_upwards_is_no_reason_to_pay_twice_when_the_invoice_is_made_anew() -> None:
    one = use(state="provisional")
    bill("2026-10", CLOSING)
    with writing() as session:
        row = session.get_one(UsageSession, one)
        row.state, row.occupied_s, row.powered_s, row.ended_at = (
            "ended",
            2 * H,
            2 * H,
            row.started_at + timedelta(hours=2),
        )
    bill("2026-11", DECEMBER)  # 24.00 more
    credit("F-2026-0001", Whole(), "Refused", reopen=True, zone=ZONE, actor="manager", now=DECEMBER)
    issue("2026-10", DECEMBER)  # 48.00 now
    use(start=at(3, 12), seconds=2 * H)

    bill("2026-12", JANUARY)

    assert nets() == [2400, 2400, -2400, 4800, 2400]  # the last: 48.00 less the 24.00 that were added
    assert verify_billing() == []


def test_what_is_let_be_invoiced_anew_and_then_given_away_leaves_no_adjustment_behind() -> None:
    one = use(state="provisional")
    bill("2026-10", CLOSING)
    with writing() as session:
        row = session.get_one(UsageSession, one)
        row.state, row.occupied_s, row.powered_s, row.ended_at = (
            "ended",
            2 * H,
            2 * H,
            row.started_at + timedelta(hours=2),
        )
    bill("2026-11", DECEMBER)  # 24.00 more
    credit("F-2026-0001", Whole(), "Refused", reopen=True, zone=ZONE, actor="manager", now=DECEMBER)
    free(one, DECEMBER)
    assert issue("2026-10", DECEMBER) == []  # it comes to nothing

    bill("2026-12", JANUARY)

    assert nets() == [2400, 2400, -2400, -2400]
    with reading() as session:
        last = session.scalars(select(Document).order_by(Document.id.desc()).limit(1)).one()
        assert session.get_one(Document, last.corrects_id).number == "F-2026-0002"
    assert verify_billing() == []


def test_an_invoice_that_is_made_anew_has_its_adjustments_again() -> None:
    one = use(seconds=2 * H)
    bill("2026-10", CLOSING)
    free(one)
    use(start=at(3, 11), seconds=4 * H)
    bill("2026-11", DECEMBER)
    credit("F-2026-0002", Whole(), "Refused", reopen=True, zone=ZONE, actor="manager", now=DECEMBER)
    issue("2026-11", DECEMBER)
    use(start=at(3, 12), seconds=4 * H)

    bill("2026-12", JANUARY)

    assert nets() == [4800, 4800, -4800, 9600, 4800]
    assert verify_billing() == []


def test_the_line_of_an_adjustment_is_credited_once() -> None:
    one = use(state="provisional")
    bill("2026-10", CLOSING)
    with writing() as session:
        row = session.get_one(UsageSession, one)
        row.state, row.occupied_s, row.powered_s, row.ended_at = (
            "ended",
            2 * H,
            2 * H,
            row.started_at + timedelta(hours=2),
        )
    bill("2026-11", DECEMBER)
    line = Chosen(frozenset({f"{one}:adjust:1"}))
    by: Any = {"actor": "manager", "now": DECEMBER}

    credit("F-2026-0002", line, "Goodwill", zone=ZONE, **by)

    with pytest.raises(BillingError, match="left"):
        credit("F-2026-0002", line, "Again", zone=ZONE, **by)
    assert nets() == [2400, 2400, -2400]
    assert bill("2026-12", JANUARY) == []


def test_material_that_a_broken_machine_spoiled_goes_back_with_its_session_and_comes_again_with_it() -> None:
    by: Any = {"actor": "t", "now": OPENED}
    goods = [one for one in column(Regime.NORMAL, Nature.MATERIAL_IN_SERVICE) if one.treatment == "fr_business"]
    accept_proposals(goods, OPENED.date(), "as the law texts suggest", **by)
    names = {"fr": "PLA noir", "de": "PLA schwarz", "en": "PLA, black"}
    pla = supplies.add_material(supplies.MaterialFacts(names, "g", Nature.MATERIAL_IN_SERVICE), **by)
    price = supplies.PriceFacts(Decimal("2.5"))
    supplies.add_price(supplies.PriceFor("material", pla), price, OPENED.date(), "list", **by)
    one = use()
    supplies.note_material(pla, Decimal(100), "slicer", supplies.Place(session=one), zone=ZONE, **by)  # 2.50
    bill("2026-10", CLOSING)
    free(one)
    use(start=at(3, 11), seconds=4 * H)
    bill("2026-11", DECEMBER)
    left = left_of("F-2026-0001")
    decisions.charge_again(one, "It was not the machine", actor="manager", now=DECEMBER)
    bill("2026-12", JANUARY)

    assert nets() == [2650, 6950, 2650]  # 26.50; 96.00 − 26.50; 26.50
    assert set(left.values()) == {0}
    assert verify_billing() == []
    assert bill("2027-01", FEBRUARY) == []


def test_a_month_that_is_let_be_invoiced_anew_takes_items_again() -> None:
    fees = [one for one in column(Regime.NORMAL, Nature.FEE) if one.treatment == "fr_business"]
    accept_proposals(fees, OPENED.date(), "as the law texts suggest", actor="t", now=OPENED)
    label = {"fr": "Badge perdu", "de": "Verlorene Karte", "en": "Lost badge"}
    wrong = supplies.ItemFacts("acme-1", date(2026, 10, 5), label, Nature.FEE, Decimal(1), "piece", Decimal(500))
    number = item_corrections.add_one_off(wrong, "lost", actor="t", now=OPENED)
    bill("2026-10", CLOSING)
    with pytest.raises(BillingError, match="nothing can be added"):
        item_corrections.add_one_off(wrong, "lost", **BY)

    credit("F-2026-0001", Whole(), "Wrong amount", reopen=True, zone=ZONE, **BY)
    item_corrections.take_back(number, "wrong", **BY)
    item_corrections.add_one_off(replace(wrong, cents=Decimal(700)), "lost", **BY)
    issue(now=LATER)

    assert nets() == [500, -500, 700]
    assert verify_billing() == []


def test_an_amount_that_was_given_back_is_not_given_back_again() -> None:
    one = use()
    bill("2026-10", CLOSING)
    credit("F-2026-0001", Amount(2000, "S", 2000), "Goodwill", zone=ZONE, **BY)
    free(one)

    bill("2026-11", DECEMBER)

    assert nets() == [2400, -2000, -400]
    assert bill("2026-12", JANUARY) == []
    assert verify_billing() == []


def test_a_late_session_takes_no_included_hours_twice() -> None:
    hours(2)
    use(start=at(6), seconds=2 * H)  # covered
    use(start=at(7), seconds=H)
    bill("2026-10", CLOSING)
    use(start=at(5), seconds=2 * H)  # came late, and comes first
    use(start=at(3, 11), seconds=4 * H)

    bill("2026-11", DECEMBER)

    assert nets() == [2400, 9600]  # November: 4 h less 2 h, and of October 2 h more in all
    assert verify_billing() == []
    assert bill("2026-12", JANUARY) == []


def test_hours_of_a_session_that_is_not_charged_after_all_are_given_back_once() -> None:
    hours(2, carry_months=None)
    one = use(start=at(6), seconds=2 * H)  # covered
    use(start=at(7), seconds=H)  # 24.00
    bill("2026-10", CLOSING)
    free(one)
    use(start=at(3, 11), seconds=6 * H)  # 2 h of November and 1 h of October

    bill("2026-11", DECEMBER)
    use(start=at(3, 12), seconds=3 * H)  # 2 h of December
    bill("2026-12", JANUARY)

    assert nets() == [2400, 4800, 2400]  # 72.00 less 24.00
    assert verify_billing() == []


def test_a_late_session_is_adjusted_within_the_month_it_belongs_to() -> None:
    hours(2)
    use(start=at(6), seconds=3 * H)  # 2 h covered
    bill("2026-10", CLOSING)
    late = use(start=at(7), seconds=2 * H)
    use(start=at(3, 11))  # covered by November
    bill("2026-11", DECEMBER)
    decisions.correct_end(late, at(7, hour=9), "Forgotten", actor="manager", now=DECEMBER)
    use(start=at(3, 12), seconds=5 * H)

    bill("2026-12", JANUARY)

    assert nets() == [2400, 4800, 4800]  # 72.00 less 24.00
    assert verify_billing() == []


def test_a_session_that_ended_later_than_was_charged_uses_hours_of_its_own_month_only() -> None:
    hours(2)
    one = use(start=at(31, hour=20), state="provisional")  # covered
    use(machine="c1", seconds=1800)  # 18.00 + 2.50 fee
    bill("2026-10", CLOSING)
    with writing() as session:
        row = session.get_one(UsageSession, one)
        row.state, row.occupied_s, row.powered_s, row.ended_at = (
            "ended",
            5 * H,
            5 * H,
            row.started_at + timedelta(hours=5),
        )
    use(start=at(3, 11), seconds=3 * H)

    bill("2026-11", DECEMBER)

    assert nets() == [2050, 9600]  # 1 h of November, 3 h more of October
    assert verify_billing() == []


def test_what_is_not_charged_under_a_cap_makes_room_for_the_others() -> None:
    part = Part(Basis.OCCUPIED, 2400, step_s=900)
    rule = Rule((part,), caps=(Cap(Span.DAY, Of.TENANT, 6000),))
    add_tariff(Scope(machine="p1"), rule, OPENED, actor="test", now=OPENED)
    one = use(seconds=2 * H)  # 48.00
    use(start=at(5, hour=12), seconds=2 * H)  # 12.00 of 48.00
    bill("2026-10", CLOSING)
    free(one)
    use(start=at(3, 11), seconds=H)

    bill("2026-11", DECEMBER)

    assert nets() == [6000, 1200]  # 24.00 less 48.00 and 36.00 more
    assert verify_billing() == []


def test_what_a_cap_leaves_may_be_charged_before_the_adjustment_that_makes_room_for_it() -> None:
    part = Part(Basis.OCCUPIED, 2400, step_s=900)
    rule = Rule((part,), caps=(Cap(Span.DAY, Of.TENANT, 6000),))
    add_tariff(Scope(machine="p1"), rule, OPENED, actor="test", now=OPENED)
    one = use(seconds=2 * H)  # 48.00
    two = use(start=at(5, hour=12), seconds=2 * H)  # 12.00 of 48.00
    bill("2026-10", CLOSING)
    free(one)
    credit("F-2026-0001", Chosen(frozenset({two})), "Wrong", reopen=True, zone=ZONE, **BY)

    issue(now=LATER)

    assert verify_billing() == [], "48.00 are charged twice under a cap of 60.00, and one of them is taken back"
    bill("2026-11", DECEMBER)
    assert nets() == [6000, -1200, 4800, -4800]
    assert verify_billing() == []


def test_an_adjustment_keeps_the_price_at_which_was_charged() -> None:
    one = use(seconds=2 * H)
    bill("2026-10", CLOSING)
    add_tariff(Scope(machine="p1"), simple(9900, 900), OPENED, actor="test", now=LATER)
    decisions.correct_end(one, at(5, hour=9), "Forgotten", **BY)

    bill("2026-11", DECEMBER)

    assert nets() == [4800, -2400]
    assert verify_billing() == []


def test_a_late_session_of_the_month_of_a_pack_takes_nothing_that_later_months_were_billed_with() -> None:
    pack(5)
    use(start=at(6), seconds=2 * H)  # of the pack
    bill("2026-10", CLOSING)
    use(start=at(3, 11), seconds=4 * H)  # 3 h of the pack, 24.00
    bill("2026-11", DECEMBER)
    use(start=at(7))  # came late

    bill("2026-12", JANUARY)

    assert nets() == [10000, 2400, 2400]
    assert verify_billing() == []


def test_a_pack_whose_sale_was_credited_is_taken_back_and_what_it_paid_for_is_charged() -> None:
    sold = pack(5)
    use(seconds=2 * H)  # of the pack
    bill("2026-10", CLOSING)
    sale = f"pack:{sold}"
    with reading():
        assert is_paid_for(sale)

    credit("F-2026-0001", Chosen(frozenset({sale})), "Sold by mistake", zone=ZONE, **BY)
    with reading():
        assert not is_paid_for(sale)
    contracts.take_back_pack(sold, "Sold by mistake", is_billed=False, actor="manager", now=LATER)
    assert verify_billing() == []
    use(start=at(3, 11))

    bill("2026-11", DECEMBER)

    assert nets() == [10000, -10000, 7200]  # 24.00 of November and the 48.00 that no pack paid for
    assert verify_billing() == []


def test_nothing_is_sold_for_days_that_are_billed() -> None:
    billed: Any = {"billed_until": date(2026, 10, 31), "actor": "manager", "now": LATER}
    offer = Offer("Cinq heures", Unit.SECONDS, 5 * H, 100_00)

    with pytest.raises(ContractError, match="it is billed already"):
        contracts.sell_pack("acme", "acme-1", offer, date(2026, 10, 31), **billed)
    assert contracts.sell_pack("acme", "acme-1", offer, date(2026, 11, 1), **billed)


def test_drafts_are_old_when_a_session_of_the_month_before_comes_in_late() -> None:
    use()
    bill("2026-10", CLOSING)
    use(start=at(3, 11))
    close("2026-11", DECEMBER)
    assert not months.refresh("2026-11", DECEMBER, ZONE, specimen=False)

    use(start=at(7))

    assert months.refresh("2026-11", DECEMBER, ZONE, specimen=False)
    assert not months.refresh("2026-11", DECEMBER, ZONE, specimen=False)
