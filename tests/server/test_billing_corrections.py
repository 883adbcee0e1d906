"""What is put right after it was issued: credit notes, adjustments, late sessions, statements, what platforms say."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from server.billing import credit_notes, platform, prices, sellers, statements
from server.billing.credit_notes import Amount, Chosen, Whole, credit
from server.billing.documents import render_document
from server.billing.einvoice.wanted import has_xml
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, Draft, Seller
from server.billing.platform import State
from server.billing.service import BillingError
from server.db import reading, writing
from server.domain.decisions import Free
from server.domain.tariffs import Scope, simple
from server.people import service as people
from server.usage import decisions
from server.usage.models import UsageSession
from tests.server.billing_lab import CLOSING, MONTH, SELLER, ZONE, close, end_prices, furnish, issue, use

LATER = CLOSING + timedelta(days=5)
DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)
BY: Any = {"actor": "manager", "now": LATER}


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


def documents() -> list[Document]:
    with reading() as session:
        return list(session.scalars(select(Document).order_by(Document.id)))


def sums() -> list[tuple[str, int, int]]:
    return [(one.number, one.net_cents, one.vat_cents) for one in documents()]


def content(number: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(next(one.frozen for one in documents() if one.number == number))
    return said


def issued(*payers: str) -> list[str]:
    """One hour at 24.00 € each. Returns the sessions."""
    sessions = [use(payer) for payer in payers]
    close()
    issue()
    return sessions


def test_an_invoice_dated_before_the_last_of_its_series_is_refused() -> None:
    issued("acme-1")
    use("nord-1")

    with pytest.raises(BillingError, match="dated 2026-11-03; 2026-11-02 would go back"):
        issue(now=CLOSING - timedelta(days=1))
    assert [one.number for one in documents()] == ["F-2026-0001"]


def test_a_term_of_sixty_days_on_a_monthly_invoice_is_refused_with_the_article_at_issue_too() -> None:
    use("acme-1")
    close()
    with writing() as session:
        session.scalars(select(Seller)).one().payment_days = 60  # by other hands: the page refuses it, too

    with pytest.raises(BillingError, match=r"45 days \(art\. L441-10 I al\. 4"):
        issue()
    assert documents() == []


def test_a_credit_note_has_its_own_series_and_takes_back_all() -> None:
    issued("acme-1")

    number = credit("F-2026-0001", Whole(), "Wrong address", zone=ZONE, **BY)

    assert number == "A-2026-0001"
    assert sums() == [("F-2026-0001", 2400, 480), ("A-2026-0001", -2400, -480)]
    said = content(number)
    assert said["corrects"] == [{"number": "F-2026-0001", "issued_on": "2026-11-03", "reason": "Wrong address"}]
    assert said["due_on"] == said["issued_on"] == "2026-11-08"
    assert documents()[1].corrects_id == documents()[0].id
    assert verify_billing() == []


def test_parts_are_taken_back_until_nothing_is_left() -> None:
    one, two = use("acme-1"), use("acme-1", "c1", seconds=1800)  # 24.00, and 18.00 + 2.50 fee
    close()
    issue()

    credit("F-2026-0001", Chosen(frozenset({two})), "Spindle", zone=ZONE, **BY)
    credit("F-2026-0001", Amount(400, "S", 2000), "Goodwill", zone=ZONE, **BY)

    assert [net for _, net, _ in sums()] == [4450, -2050, -400]
    assert credit_notes.left_of("F-2026-0001") == {one: 2400, two: 0}
    credit("F-2026-0001", Whole(), "Cancelled", zone=ZONE, **BY)
    assert sum(net for _, net, _ in sums()) == 0
    with pytest.raises(BillingError, match="Nothing of F-2026-0001 is left"):
        credit("F-2026-0001", Whole(), "Again", zone=ZONE, **BY)
    assert verify_billing() == []


def test_a_preview_takes_no_number() -> None:
    issued("acme-1")

    said = credit_notes.preview("F-2026-0001", Whole(), "Wrong address")

    assert (said["net_cents"], "number" in said) == (-2400, False)
    assert len(documents()) == 1


def test_a_refused_e_invoice_is_cancelled_and_replaced_under_a_new_number() -> None:
    issued("acme-1")
    day = LATER.date()
    platform.note_state("F-2026-0001", State.DEPOSITED, CLOSING.date(), "", today=day, **BY)
    platform.note_state("F-2026-0001", State.REFUSED, day, "Wrong order number", today=day, **BY)

    credit("F-2026-0001", Whole(), "Refused: wrong order number", reopen=True, zone=ZONE, **BY)
    again = issue(now=LATER)

    assert again == ["F-2026-0002"]
    assert sums() == [("F-2026-0001", 2400, 480), ("A-2026-0001", -2400, -480), ("F-2026-0002", 2400, 480)]
    assert [one.state for one in platform.states_of("F-2026-0001")] == ["deposited", "refused"]
    assert issue(now=LATER) == []
    assert verify_billing() == []


def test_what_a_platform_says_is_only_added_and_needs_its_words() -> None:
    issued("acme-1")
    day = LATER.date()

    with pytest.raises(BillingError, match="Type in the reason"):
        platform.note_state("F-2026-0001", State.REJECTED, day, " ", today=day, **BY)
    with pytest.raises(BillingError, match="between the issue of the document and today"):
        platform.note_state("F-2026-0001", State.DEPOSITED, day + timedelta(days=1), "", today=day, **BY)
    platform.note_state("F-2026-0001", State.REJECTED, day, "SIREN unknown", today=day, **BY)
    with pytest.raises(BillingError, match="only be taken back by a credit note"):
        platform.note_state("F-2026-0001", State.CASHED, day, "", today=day, **BY)


def test_a_decision_about_a_charged_session_goes_on_the_next_invoice_at_the_vat_of_the_original() -> None:
    (charged,) = issued("acme-1")
    decisions.do_not_charge(charged, Free.MACHINE_FAULT, "Nozzle blocked", **BY)
    use("acme-1", start=datetime(2026, 11, 9, 8, tzinfo=UTC), seconds=7200)
    assert verify_billing() == [], "an adjustment is due, and nothing is wrong"

    close("2026-11", DECEMBER)
    issue("2026-11", DECEMBER)

    assert sums() == [("F-2026-0001", 2400, 480), ("F-2026-0002", 2400, 480)]  # 48.00 less 24.00
    with reading() as session:
        adjusted = session.scalars(select(Charge).where(Charge.kind == "adjust")).one()
    assert (adjusted.net_cents, adjusted.vat_category, adjusted.rate_bp) == (-2400, "S", 2000)
    assert (adjusted.priced["adjusts"], adjusted.priced["reason"]) == (charged, "Nozzle blocked")
    assert issue("2026-11", DECEMBER) == []
    assert verify_billing() == []


def test_a_negative_month_becomes_one_credit_note_per_original_invoice_at_the_original_rate() -> None:
    october = [use("acme-1"), use("acme-1", "c1", seconds=3600)]  # 24.00, 36.00 + 2.50
    close()
    issue()
    november = use("acme-1", start=datetime(2026, 11, 9, 8, tzinfo=UTC))
    close("2026-11", DECEMBER)
    issue("2026-11", DECEMBER)
    later: Any = {"actor": "manager", "now": DECEMBER + timedelta(days=1)}
    for session_id in (*october, november):
        decisions.do_not_charge(session_id, Free.GOODWILL, "A bad month", **later)
    use("acme-1", start=datetime(2026, 12, 9, 8, tzinfo=UTC), seconds=900)
    january = datetime(2027, 1, 4, 9, tzinfo=UTC)

    close("2026-12", january)
    issue("2026-12", january)

    assert sums() == [
        ("F-2026-0001", 6250, 1250),
        ("F-2026-0002", 2400, 480),
        ("F-2027-0001", 600, 120),  # what was used in December, alone
        ("A-2027-0001", -6250, -1250),
        ("A-2027-0002", -2400, -480),
    ]
    assert [content(f"A-2027-000{which}")["corrects"][0]["number"] for which in (1, 2)] == [
        "F-2026-0001",
        "F-2026-0002",
    ]
    assert [one.corrects_id for one in documents()[3:]] == [documents()[0].id, documents()[1].id]
    assert verify_billing() == []


def test_the_real_end_of_a_session_that_was_closed_for_now_becomes_an_adjustment() -> None:
    session_id = use("acme-1", state="provisional", seconds=3600)
    close()
    issue()
    with writing() as session:
        row = session.get_one(UsageSession, session_id)
        row.state, row.occupied_s, row.powered_s = "ended", 5400, 5400
        row.ended_at = row.started_at + timedelta(seconds=5400)

    close("2026-11", DECEMBER)
    issue("2026-11", DECEMBER)

    assert sums() == [("F-2026-0001", 2400, 480), ("F-2026-0002", 1200, 240)]  # half an hour more at 24.00
    assert verify_billing() == []


def test_a_print_from_the_30th_to_the_2nd_is_priced_at_its_start_and_invoiced_in_the_month_of_its_end() -> None:
    october = datetime(2026, 9, 30, 22, tzinfo=UTC)  # midnight in Mulhouse: from then on an hour costs 40.00
    use("acme-1", start=datetime(2026, 9, 30, 10, tzinfo=UTC), seconds=48 * 3600)  # until 2 October
    end_prices("printer", october)
    with writing():
        prices.add_tariff(Scope(category="printer"), simple(4000, 900), october, actor="manager", now=october)

    close("2026-09", datetime(2026, 10, 3, 9, tzinfo=UTC))
    assert issue("2026-09", datetime(2026, 10, 3, 9, tzinfo=UTC)) == []
    close()

    assert issue() == ["F-2026-0001"]
    said = content("F-2026-0001")
    assert said["net_cents"] == 115200  # 48 h at 24.00, and none at 40.00
    assert said["groups"][0]["lines"][0]["early"] == [["2026-09-30", "2026-10-02"]]


def test_who_has_left_gets_a_supplementary_document_of_the_month() -> None:
    issued("acme-1")
    people.end_tenant("acme", "moved away", actor="manager", now=LATER)
    use("acme-1", seconds=900)

    again = issue(now=LATER)

    assert again == ["F-2026-0002"]
    assert content("F-2026-0002")["month"] == MONTH


def test_a_month_that_comes_to_nothing_takes_no_number() -> None:
    session_id = use("acme-1")
    decisions.do_not_charge(session_id, Free.GOODWILL, "First use", actor="manager", now=CLOSING - timedelta(days=5))
    close()

    assert issue() == []
    with reading() as session:
        draft = session.scalars(select(Draft)).one()
    assert (draft.net_cents, [one["why"] for one in draft.reasons]) == (0, ["nothing"])
    assert draft.content["groups"][0]["lines"][0]["free"] == "goodwill", "and it stays visible, with its reason"


def test_statement_mode_uses_no_invoice_number_and_the_word_facture_only_in_the_negation(tmp_path: Path) -> None:
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"
    use("acme-1")
    use("nord-1")
    close()

    numbers = issue()

    assert numbers == ["R-2026-10-acme", "R-2026-10-nord"]
    assert [one.kind for one in documents()] == ["statement", "statement"]
    assert "F-2026-0001" not in numbers
    assert verify_billing() == []
    for document in documents():
        render_document(document.id, tmp_path, CLOSING)
        pages = PdfReader(tmp_path / f"{document.number}.pdf").pages
        words = " ".join(" ".join(page.extract_text() for page in pages).casefold().split())
        assert "ceci n’est pas une facture" in words
        assert "facture" not in words.replace("ceci n’est pas une facture", ""), words
    with pytest.raises(BillingError, match="Only an invoice"):
        credit("R-2026-10-acme", Whole(), "Wrong", zone=ZONE, **BY)


def test_a_statement_may_come_to_less_than_nothing_and_is_issued() -> None:
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"
    (charged,) = issued("acme-1")
    decisions.do_not_charge(charged, Free.MACHINE_FAULT, "Nozzle blocked", **BY)
    close("2026-11", DECEMBER)

    assert issue("2026-11", DECEMBER) == ["R-2026-11-acme"]
    assert sums() == [("R-2026-10-acme", 2400, 480), ("R-2026-11-acme", -2400, -480)]
    assert verify_billing() == []


def test_the_number_of_the_operators_own_invoice_is_typed_back() -> None:
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"
    issued("acme-1")
    typed: Any = {"today": LATER.date(), **BY}

    statements.note_invoice("R-2026-10-acme", "ERP-4711", date(2026, 11, 4), **typed)

    assert (documents()[0].external_number, documents()[0].external_on) == ("ERP-4711", date(2026, 11, 4))
    assert verify_billing() == []
    with pytest.raises(BillingError, match="between the issue of the document and today"):
        statements.note_invoice("R-2026-10-acme", "ERP-4711", date(2026, 11, 1), **typed)


def test_what_stood_on_a_statement_is_credited_to_the_invoice_that_was_made_of_it() -> None:
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"
    (charged,) = issued("acme-1")
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "issue"  # from November on
    decisions.do_not_charge(charged, Free.MACHINE_FAULT, "Nozzle blocked", **BY)
    close("2026-11", DECEMBER)

    assert issue("2026-11", DECEMBER) == []
    with reading() as session:
        assert (
            session.scalars(select(Draft.held))
            .one()
            .startswith("the number of the invoice that was made of R-2026-10-acme")
        )
    statements.note_invoice("R-2026-10-acme", "ERP-4711", date(2026, 11, 4), today=LATER.date(), **BY)
    assert issue("2026-11", DECEMBER) == ["A-2026-0001"]
    (corrected,) = content("A-2026-0001")["corrects"]
    assert (corrected["number"], corrected["issued_on"]) == ("ERP-4711", "2026-11-04")
    assert documents()[1].corrects_id == documents()[0].id
    assert verify_billing() == []


def test_who_goes_back_to_statements_credits_what_was_invoiced_by_a_credit_note_in_its_series() -> None:
    """24.00 of October were invoiced and are free after all; November's hours stand on a statement."""
    (charged,) = issued("acme-1")
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"  # from November on
    use("acme-1", start=datetime(2026, 11, 9, 8, tzinfo=UTC), seconds=7200)
    decisions.do_not_charge(charged, Free.MACHINE_FAULT, "Nozzle blocked", **BY)

    close("2026-11", DECEMBER)

    assert sorted(issue("2026-11", DECEMBER)) == ["A-2026-0001", "R-2026-11-acme"]
    assert sorted(sums()) == [("A-2026-0001", -2400, -480), ("F-2026-0001", 2400, 480), ("R-2026-11-acme", 4800, 960)]
    note = content("A-2026-0001")
    assert (note["kind"], [one["number"] for one in note["corrects"]]) == ("credit_note", ["F-2026-0001"])
    assert has_xml(note), "the buyer has the invoice as an electronic one, and gets this one, too"
    assert issue("2026-11", DECEMBER) == []
    assert verify_billing() == []


def test_what_stood_on_a_statement_is_put_right_on_the_next_one() -> None:
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"
    (charged,) = issued("acme-1")
    use("acme-1", start=datetime(2026, 11, 9, 8, tzinfo=UTC), seconds=7200)
    decisions.do_not_charge(charged, Free.MACHINE_FAULT, "Nozzle blocked", **BY)

    close("2026-11", DECEMBER)

    assert issue("2026-11", DECEMBER) == ["R-2026-11-acme"]
    assert sums() == [("R-2026-10-acme", 2400, 480), ("R-2026-11-acme", 2400, 480)]


def test_who_becomes_a_small_business_invoices_what_it_supplied_before_as_it_then_stood() -> None:
    charged = use("acme-1")
    close()
    issue()
    with writing() as session:
        session.scalars(select(Seller)).one().valid_until = date(2026, 12, 1)
    small = replace(SELLER, regime="franchise", vat_id="", vat_on_debits=False, street="9, quai neuf")
    sellers.add_seller(small, date(2026, 12, 1), actor="manager", now=DECEMBER)
    decisions.do_not_charge(charged, Free.MACHINE_FAULT, "Nozzle blocked", **BY)
    use("acme-1", start=datetime(2026, 11, 9, 8, tzinfo=UTC), seconds=900)
    close("2026-11", DECEMBER)

    assert issue("2026-11", DECEMBER) == ["F-2026-0002", "A-2026-0001"]
    assert sums()[1:] == [("F-2026-0002", 600, 120), ("A-2026-0001", -2400, -480)]
    for number in ("F-2026-0002", "A-2026-0001"):
        seller = content(number)["seller"]
        assert (seller["regime"], seller["vat_id"], seller["street"]) == ("normal", SELLER.vat_id, "9, quai neuf")
    assert verify_billing() == []
