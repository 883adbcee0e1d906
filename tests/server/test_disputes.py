"""A line is contested, answered with words, an adjustment or a credit note, and nothing already charged is changed."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.accounts.service import AccountFacts
from server.billing import disputes, item_corrections
from server.billing.errors import BillingError
from server.billing.lines import Line, line_of, lines_of
from server.billing.models import Charge, Dispute, Document, Draft, Seller
from server.db import Stale, closing_database, make_app, reading, writing
from server.domain.period import period_of
from server.domain.roles import Role, ScopeKind
from server.machines import lab_settings
from server.mail.models import Mail
from server.people.models import Tenant
from server.supplies import service as supplies
from server.supplies.models import OneOff
from server.supplies.service import ItemFacts, MaterialFacts, Place, PriceFacts, PriceFor
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, MONTH, ZONE, close, issue, use
from tests.server.signed_in import settings_for

NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "account:1", "now": NOW}
LATER: dict[str, Any] = {"actor": "account:1", "now": CLOSING + timedelta(days=4)}
OCTOBER = period_of(MONTH, ZONE)
SINCE = date(2026, 1, 1)


@pytest.fixture
def lab(sqlite_url: str) -> Any:
    app = make_app(sqlite_url)
    with app.app_context(), closing_database():
        billing_lab.furnish()
        yield settings_for(sqlite_url)


def line(subject: str, tenant: str = "acme") -> Line:
    with reading() as session:
        number = session.scalars(select(Tenant.id).where(Tenant.code == tenant)).one()
    found = line_of(subject, number, OCTOBER, specimen=False)
    assert found is not None
    return found


def contest(subject: str, words: str = "Ce n’était pas nous", **by: Any) -> int:
    return disputes.contest(line(subject), MONTH, words, zone=ZONE, **{**BY, **by})


def kept(number: int) -> Dispute:
    with reading() as session:
        return session.get_one(Dispute, number)


def open_cents(number: str) -> int:
    with reading() as session:
        document = session.scalars(select(Document.id).where(Document.number == number)).one()
        return disputes.open_cents(document)


def fee(**changed: Any) -> ItemFacts:
    known = {"payer": "acme-1", "day": date(2026, 10, 12), "labels": {"fr": "Badge perdu"}, "nature": "machine_use"}
    return ItemFacts(**{**known, "quantity": Decimal(1), "unit": "piece", "cents": Decimal(1500), **changed})


def test_a_tenants_lines_are_its_sessions_and_items_with_what_they_come_to(lab):
    session = use("acme-1", "p1")  # an hour at 24.00
    item = supplies.add_one_off(fee(), "perdu", **BY)
    use("nord-1", "p1")
    with reading() as found:
        acme = found.scalars(select(Tenant.id).where(Tenant.code == "acme")).one()

    lines = {one.subject: one for one in lines_of(acme, OCTOBER, specimen=False)}
    assert set(lines) == {session, f"one_off:{item}"}
    assert (lines[session].net_cents, lines[session].machine, lines[session].document) == (2400, "Imprimante P1", None)
    assert (lines[f"one_off:{item}"].net_cents, lines[f"one_off:{item}"].cost_centre) == (1500, "Atelier")


def test_a_contested_line_has_an_answer_due_within_the_days_the_lab_has_set(lab):
    first = contest(use())
    lab_settings.decide(disputes.SETTING, 5, disputes.USUAL_DAYS, **BY)
    second = contest(use(machine="c1"))

    assert kept(first).answer_by == date(2026, 11, 3)  # 14 days from 20 October
    assert kept(second).answer_by == date(2026, 10, 25)
    with reading():
        assert disputes.waiting() == (2, date(2026, 10, 25))


def test_a_line_is_contested_once_with_words(lab):
    session = use()
    with pytest.raises(BillingError, match="Say what is wrong"):
        contest(session, "  ")
    contest(session)
    with pytest.raises(BillingError, match="contested already"):
        contest(session)


def test_words_leave_the_line_as_it_is_and_are_answered_once(lab):
    session = use()
    number = contest(session)
    version = kept(number).version
    disputes.answer_with_words(number, "La trace montre votre badge", version, lab=lab, **BY)

    assert (kept(number).outcome, kept(number).settled_cents) == ("words", 0)
    with pytest.raises(BillingError, match="answered already"):
        disputes.answer_with_words(number, "encore", lab=lab, **BY)
    with pytest.raises(BillingError, match="has answered about this line: La trace"):
        contest(session)


def test_of_two_who_answer_the_second_is_told(lab):
    number = contest(use())
    version = kept(number).version
    with pytest.raises(Stale):
        disputes.answer_with_words(number, "x", version + 1, lab=lab, **BY)


def test_an_adjustment_before_issue_takes_its_amount_off_the_same_invoice(lab):
    session = use("acme-1", "p1")  # 24.00
    number = contest(session)
    with pytest.raises(BillingError, match="Between one cent"):
        disputes.adjust(number, 2401, line(session), "trop", lab=lab, **BY)
    disputes.adjust(number, 600, line(session), "un quart d’heure de panne", lab=lab, **BY)
    close()
    (invoice,) = issue()

    with reading() as found:
        document = found.scalars(select(Document).where(Document.number == invoice)).one()
        charges = {one.subject: one.net_cents for one in found.scalars(select(Charge))}
    assert document.net_cents == 1800  # 24.00 − 6.00
    assert charges == {session: 2400, kept(number).settled_by: -600}


def test_what_is_issued_is_put_right_by_a_credit_note(lab):
    session = use("acme-1", "p1")
    close()
    (invoice,) = issue()
    number = contest(session, now=LATER["now"])
    assert open_cents(invoice) == 2880  # 24.00 + 20 %
    with pytest.raises(BillingError, match="credit note"):
        disputes.adjust(number, 600, line(session), "x", lab=lab, **LATER)
    note = disputes.credit(number, 600, "un quart d’heure de panne", zone=ZONE, lab=lab, **LATER)

    with reading() as found:
        document = found.scalars(select(Document).where(Document.number == note)).one()
    assert (document.kind, document.net_cents, document.gross_cents) == ("credit_note", -600, -720)
    assert (kept(number).outcome, kept(number).settled_by) == ("credited", note)
    assert open_cents(invoice) == 0


def test_what_stands_on_a_statement_is_adjusted_in_the_month_that_goes_on(lab):
    with writing() as session:
        session.scalars(select(Seller)).one().mode = "statement"
    contested = use("acme-1", "p1")
    close()
    issue()
    number = contest(contested, now=LATER["now"])
    disputes.adjust(number, 600, line(contested), "un quart d’heure de panne", lab=lab, **LATER)

    with reading() as session:
        adjustment = session.scalars(select(OneOff)).one()
    assert (adjustment.day, adjustment.cents_milli, adjustment.kind) == (date(2026, 11, 7), -600_000, "adjustment")


def test_a_credit_note_needs_a_document_and_no_more_than_the_line(lab):
    session = use("acme-1", "p1")
    number = contest(session)
    with pytest.raises(BillingError, match="no document yet"):
        disputes.credit(number, 600, "x", zone=ZONE, lab=lab, **BY)
    close()
    issue()
    with pytest.raises(BillingError, match="Between one cent"):
        disputes.credit(number, 2401, "x", zone=ZONE, lab=lab, **LATER)

    assert kept(number).answered_at is None


def test_a_line_contested_before_issue_is_open_on_its_invoice(lab):
    contest(use("acme-1", "p1"))
    close()
    (invoice,) = issue()

    assert open_cents(invoice) == 2880


def test_the_tenants_own_people_read_the_outcome_by_mail_and_no_name(lab):
    account = accounts.add_account(AccountFacts("compta@acme.test", "Compta", "fr"), **BY)
    accounts.give_role(account, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme", actor="t", now=billing_lab.OPENED)
    other = accounts.add_account(AccountFacts("compta@nord.test", "Compta", "fr"), **BY)
    accounts.give_role(other, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "nord", actor="t", now=billing_lab.OPENED)
    session = use()
    number = contest(session)
    disputes.adjust(number, 600, line(session), "un quart d’heure de panne", lab=lab, **BY)

    with reading() as found:
        (mail,) = found.scalars(select(Mail).where(Mail.text.contains("disputes")))
    assert mail.recipient == "compta@acme.test"
    assert "6,00" in mail.text
    assert "un quart d’heure de panne" in mail.text
    assert f"/tenants/acme/disputes/{number}" in mail.text


# --- what is charged is changed by nobody -----------------------------------------------------------------------------


@pytest.fixture
def pla(lab: Any) -> int:
    number = supplies.add_material(MaterialFacts({"fr": "PLA"}, "g", "goods"), **BY)
    supplies.add_price(PriceFor("material", number), PriceFacts(Decimal(10)), SINCE, "x", **BY)
    return number


def test_what_stands_on_an_issued_document_is_corrected_and_added_to_no_more(lab):
    session = use("acme-1", "p1")
    price = PriceFacts(Decimal(6000))
    supplies.add_price(PriceFor("operator"), price, SINCE, "x", **BY)
    item = supplies.add_one_off(fee(), "perdu", **BY)
    locker = supplies.add_recurring("acme-1", {"fr": "Casier"}, "machine_use", 2000, SINCE, "contrat", **BY)
    close()
    (invoice,) = issue()
    span, onto = supplies.Span(30), Place(session=session)

    with reading():
        assert item_corrections.documents_of([f"one_off:{item}", "one_off:99"]) == {f"one_off:{item}": invoice}
    with pytest.raises(BillingError, match=invoice):
        item_corrections.take_back(item, "x", **LATER)
    with pytest.raises(BillingError, match=invoice):
        item_corrections.add_one_off(fee(), "x", **LATER)
    with pytest.raises(BillingError, match=invoice):
        item_corrections.note_operator(span, onto, zone=ZONE, **LATER)
    with pytest.raises(BillingError, match=invoice):
        item_corrections.end_recurring(locker, date(2026, 10, 20), "x", **LATER)
    item_corrections.end_recurring(locker, date(2026, 11, 1), "rendu", **LATER)
    item_corrections.add_one_off(fee(day=date(2026, 11, 2)), "novembre", **LATER)


def test_until_it_is_charged_everything_can_be_put_right(lab):
    number = supplies.add_one_off(fee(), "perdu", **BY)
    locker = item_corrections.add_recurring("acme-1", {"fr": "Casier"}, "machine_use", 2000, SINCE, "contrat", **BY)
    item_corrections.take_back(number, "retrouvé", **BY)
    item_corrections.end_recurring(locker, date(2026, 10, 8), "rendu", **BY)
    close()
    (invoice,) = issue()

    with reading() as session:
        document = session.scalars(select(Document).where(Document.number == invoice)).one()
    assert document.net_cents == 452  # 20.00 × 7 / 31


def test_a_quantity_that_is_charged_is_corrected_no_more(lab, pla):
    session = use("acme-1", "p1")
    material = item_corrections.note_material(pla, Decimal(30), "slicer", Place(session=session), zone=ZONE, **BY)
    item_corrections.correct_noted(material, Decimal(20), "pesé", **BY)
    with reading() as found:
        acme = found.scalars(select(Tenant.id).where(Tenant.code == "acme")).one()

    assert {one.subject: one.net_cents for one in lines_of(acme, OCTOBER, specimen=False)}[
        f"material:{material}"
    ] == 200


# --- drafts and reminders ---------------------------------------------------------------------------------------------


def test_a_draft_made_before_a_correction_is_not_issued_as_it_was(lab, pla):
    material = item_corrections.note_material(
        pla, Decimal(30), "slicer", Place(session=use("acme-1", "p1")), zone=ZONE, **BY
    )
    use("nord-1", "p1")
    close()
    item_corrections.correct_noted(material, Decimal(20), "pesé", actor="account:1", now=CLOSING)

    assert [number for number in issue() if bills(number) == "acme"] == []
    with reading() as session:
        assert session.scalars(select(Charge).where(Charge.subject == f"material:{material}")).all() == []


def bills(number: str) -> str:
    with reading() as session:
        content = session.scalars(select(Document.frozen).where(Document.number == number)).one()
        return str(json.loads(content)["buyer"]["tenant"])


def test_material_without_a_price_holds_the_document_and_says_so(lab):
    resin = supplies.add_material(MaterialFacts({"fr": "Résine", "en": "Resin"}, "ml", "goods"), **BY)
    item_corrections.note_material(resin, Decimal(30), "slicer", Place(session=use("acme-1", "p1")), zone=ZONE, **BY)
    close()

    assert issue() == []
    with reading() as session:
        (held,) = session.scalars(select(Draft.held).where(Draft.held != ""))
    assert "Resin" in held or "Résine" in held


def test_documents_on_which_something_is_contested_are_known_whenever_it_was(lab):
    before, after = use("acme-1", "p1"), use("acme-1", "c1")
    contest(before)
    close()
    (invoice,) = issue()
    contest(after, now=LATER["now"])

    with reading() as session:
        document = session.scalars(select(Document.id).where(Document.number == invoice)).one()
        assert disputes.documents() == {document}
    assert open_cents(invoice) == 2880 + 4620  # 24.00 and 36.00 + 2.50, each with 20 %: 28.80 + 46.20
