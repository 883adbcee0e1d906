"""What leaves the house: the journal by its account map, every table as CSV and XLSX."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import service as billing
from server.billing.errors import BillingError
from server.collecting import payments
from server.collecting.payments import Received
from server.db import closing_database, make_app, writing
from server.domain.journal import AccountKind, NoAccount, Rule
from server.domain.payments import Means
from server.domain.stretch import Stretch, stretch_of
from server.domain.tariffs import Scope, simple
from server.exports import accounts
from server.exports.declarations import Declared, declarations, rows_of
from server.exports.journal import journal_of
from server.exports.registry import TABLES, tables_of
from server.exports.tables import As, Asked, Privacy, Table, columns_of, csv_of, lines_of, xlsx_of
from server.people.models import Establishment, TaxTreatment, Tenant
from tests.server.collecting_lab import add_tenant, issued, line

TODAY = date(2026, 11, 20)
BY: dict[str, Any] = {"actor": "account:1", "now": datetime(2026, 11, 20, 9, tzinfo=UTC)}
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def books(database_url: str) -> Iterator[Flask]:
    """October: 100.00 at 20 % for acme; November: a plate and an hour for nord, and a statement that is no invoice."""
    app = make_app(database_url)
    with app.app_context(), closing_database():
        add_tenant("acme", "Acme SARL")
        add_tenant("nord", "=Nordwerk; GmbH")
        issued("F-2026-0001")
        both = (line(5000, "AE", 0), line(4000, nature="goods", what="item", machine="", label="Plaque"))
        issued("F-2026-0002", "nord", (("AE", 0, 5000), ("S", 2000, 4000)), date(2026, 11, 3), lines=both)
        issued("R-2026-10-1", "acme", issued_on=date(2026, 11, 4), kind="statement")
        yield app


def asked(name: str = "2026") -> Asked:
    return Asked(stretch(name), False, ZoneInfo("Europe/Paris"), TODAY)


def stretch(name: str) -> Stretch:
    found = stretch_of(name)
    assert found is not None
    return found


def table(name: str, of: str = "2026") -> list[dict[str, str]]:
    text = b"".join(csv_of(TABLES[name], asked(of))).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text), delimiter=";"))


def decide(kind: AccountKind, subject: str, account: str, day: date = date(2026, 1, 1)) -> None:
    accounts.decide(Rule(kind, subject, account, day), "plan comptable", **BY)


def test_without_accounts_nothing_is_exported_and_all_that_is_missing_is_named(books: Flask) -> None:
    found = journal_of(stretch("2026-11"), False)

    day = date(2026, 11, 3)
    assert found.bookings == ()
    assert found.missing == (
        NoAccount(AccountKind.CUSTOMER, "*", day),
        NoAccount(AccountKind.REVENUE, "goods:S", day),
        NoAccount(AccountKind.REVENUE, "machine_use:AE", day),
        NoAccount(AccountKind.VAT, "2000", day),
    )


def test_with_its_accounts_every_invoice_of_the_stretch_is_booked(books: Flask) -> None:
    for rule in accounts.first_rows(date(2026, 1, 1)):
        decide(rule.kind, rule.subject, rule.account)
    decide(AccountKind.REVENUE, "machine_use:AE", "706800")

    found = journal_of(stretch("2026"), False)

    assert found.missing == ()
    assert [booking.piece for booking in found.bookings] == ["F-2026-0001", "F-2026-0002"], "a statement is not booked"
    # 120.00; and 50.00 + 40.00 + 8.00 of VAT on goods, owed at once though the seller is on receipts
    assert found.cents == 12000 + 9800
    assert [(row.account, row.credit) for row in found.bookings[1].rows[1:]] == [
        ("707000", 4000), ("706800", 5000), ("445710", 800),
    ]  # fmt: skip


def test_an_account_decided_again_for_a_day_is_put_right_and_a_later_day_begins_another(books: Flask) -> None:
    decide(AccountKind.VAT, "2000", "445711")
    decide(AccountKind.VAT, "2000", "445710")
    decide(AccountKind.VAT, "2000", "445720", NOVEMBER)
    found = accounts.account_map()

    days = (date(2025, 12, 31), date(2026, 10, 31), NOVEMBER)
    assert [found.on(AccountKind.VAT, "2000", day) for day in days] == [None, "445710", "445720"]


@pytest.mark.parametrize(
    ("kind", "subject", "account"),
    [
        ("vat", "2000", "44 57"),
        ("revenue", "rent:S", "706000"),
        ("revenue", "goods:X", "707000"),
        ("vat", "20 %", "4457"),
    ],
)
def test_what_cannot_be_booked_has_no_account(books: Flask, kind: str, subject: str, account: str) -> None:
    with pytest.raises(BillingError):
        decide(AccountKind(kind), subject, account)


def test_every_table_can_be_written_both_ways(books: Flask) -> None:
    received = Received("acme", date(2026, 11, 10), 15000, Means.CARD, "+33 ticket")
    payments.receive(received, {"F-2026-0001": 12000}, TODAY, False, **BY)

    for one in TABLES.values():
        text = b"".join(csv_of(one, asked())).decode("utf-8-sig")
        assert text.splitlines()[0].split(";") == [head for head, _ in one.columns]
        assert ZipFile(BytesIO(xlsx_of(one, asked()))).testzip() is None
    assert len(TABLES) > 20


def test_documents_and_their_lines_are_those_of_the_days_asked_for(books: Flask) -> None:
    (one,) = table("documents", "2026-10")
    lines = table("lines", "2026-Q4")

    assert (one["document"], one["net"], one["vat"], one["gross"]) == ("F-2026-0001", "100,00", "20,00", "120,00")
    assert [row["document"] for row in lines] == ["F-2026-0001", "F-2026-0002", "F-2026-0002", "R-2026-10-1"]
    assert [row["net"] for row in lines] == ["100,00", "50,00", "40,00", "100,00"]
    assert table("documents", "2027") == []


def test_payments_stand_with_their_split_by_rate_and_what_is_open_with_its_age(books: Flask) -> None:
    received = Received("acme", date(2026, 11, 10), 15000, Means.CARD, "+33 ticket")
    payments.receive(received, {"F-2026-0001": 6000}, TODAY, False, **BY)

    (paid,) = table("payments")
    (part,) = table("payments_by_rate")
    rows = table("open_items")

    assert (paid["amount"], paid["reference"]) == ("150,00", "'+33 ticket"), "no spreadsheet takes it for a formula"
    assert (part["document"], part["net"], part["vat"], part["gross"]) == ("F-2026-0001", "50,00", "10,00", "60,00")
    assert sorted((row["document"], row["open"], row["days_late"]) for row in rows) == [
        ("", "-90,00", "0"), ("F-2026-0001", "60,00", "18"), ("F-2026-0002", "98,00", "0"), ("R-2026-10-1", "120,00", "0"),
    ]  # fmt: skip


def test_a_name_that_looks_like_a_formula_is_a_text(books: Flask) -> None:
    assert {row["name"] for row in table("tenants")} >= {"'=Nordwerk; GmbH"}


def test_whatever_people_type_is_no_formula_and_amounts_stay_amounts() -> None:
    labels: dict[As, Any] = {As.TEXT: "=1+1", As.WORDS: {"fr": "@SUM(A1)"}, As.LIST: ["-2+3", "laser"]}
    columns = (*((how.value, how) for how in labels), ("quantity", As.NUMBER), ("net", As.EUROS))
    one = Table("typed", columns, lambda _: [(*labels.values(), Decimal("-1.5"), -1250)])

    row = b"".join(csv_of(one, asked())).decode("utf-8-sig").splitlines()[1]
    cells = ET.fromstring(ZipFile(BytesIO(xlsx_of(one, asked()))).read("xl/worksheets/sheet1.xml")).iter()

    assert row == "'=1+1;'@SUM(A1);'-2+3, laser;-1,5;-12,50"
    assert [cell.text for cell in cells if cell.tag.endswith("}v")][-2:] == ["-1.5", "-12.5"], (
        "numbers in the sheet, too"
    )
    assert list(lines_of([("=A1", "-12,50", "+33 3", "1,00")]))[1] == b"'=A1;-12,50;'+33 3;1,00\r\n"


def test_the_rule_of_a_price_is_written_so_that_any_program_reads_it(books: Flask) -> None:
    billing.add_tariff(Scope(category="printer"), simple(2400, 900), BY["now"], actor="test", now=BY["now"])

    (one,) = table("tariffs")

    assert json.loads(one["rule"]) == {"parts": [{"basis": "occupied", "cents": 2400, "step_s": 900}]}


def test_the_file_of_entries_has_no_quotes_of_its_own() -> None:
    assert list(columns_of([("VE", 'Atelier "Le\tLab"', "=Nord; GmbH", "1,00")])) == [
        b'VE\tAtelier "Le Lab"\t=Nord; GmbH\t1,00\r\n'
    ]


def test_a_quantity_is_a_number_with_a_comma(books: Flask) -> None:
    half = line(1250, what="item", machine="", label="Résine", nature="material_in_service", quantity="0.5", unit="m")
    issued("F-2026-0010", "acme", (("S", 2000, 1250),), date(2026, 11, 3), lines=(half,))

    assert table("lines", "2026-11")[-1]["quantity"] == "0,5"


def test_a_long_table_comes_in_batches_without_doubles_and_without_gaps(
    books: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.exports import papers, tables

    monkeypatch.setattr(tables, "_AT_ONCE", 1)
    monkeypatch.setattr(papers, "_AT_ONCE", 1)

    assert [row["tenant"] for row in table("tenants")] == ["acme", "nord"]
    assert [row["document"] for row in table("documents")] == ["F-2026-0001", "F-2026-0002", "R-2026-10-1"]


def test_where_a_tenant_may_be_a_person_its_code_stands_for_its_name(books: Flask) -> None:
    for code, name, kind, treatment in (
        ("odile", "Odile Brandt", "freelancer", "fr_business"),
        ("anna", "Anna Weber", "company", "private"),
    ):
        add_tenant(code, name)
        with writing() as session:
            session.scalars(select(Tenant).where(Tenant.code == code)).one().kind = kind
            house = session.scalars(select(Establishment).where(Establishment.legal_name == name)).one()
            facts = {"valid_from": date(2026, 1, 1), "reason": "said so", "decided_by": "test"}
            session.add(TaxTreatment(establishment_id=house.id, treatment=treatment, **facts))

    for one in TABLES.values():
        text = b"".join(csv_of(one, asked())).decode()
        assert "Brandt" not in text, one.name
        assert "Weber" not in text, one.name
    assert {"Acme SARL", "odile", "anna"} <= {row["name"] for row in table("tenants")}


def test_when_people_were_there_stands_only_in_the_tables_about_times() -> None:
    about_times = {table.name for table in tables_of(Privacy.TIMES)}

    assert about_times == {"sessions"}
    for one in tables_of(Privacy.BOOKS):
        heads = {head for head, _ in one.columns}
        assert not heads & {"holder", "started_at", "ended_at", "person"} or one.name in {"machines", "tenants"}


def declared(what: Declared, of: str) -> list[tuple[str, ...]]:
    return list(rows_of(what, asked(of)))


def test_the_list_for_customs_is_by_month_of_service_with_corrections_apart(books: Flask) -> None:
    charge = {"nature": "machine_use", "vat_category": "AE", "day": None}
    charges = [
        charge | {"net_cents": 4951, "ended_at": "2026-10-14T08:00:00+00:00"},
        charge | {"net_cents": 700, "ended_at": "2026-09-14T08:00:00+00:00"},
    ]
    buyer = {"treatment": "eu_business", "vat_id": "DE000000123", "country": "DE"}
    issued("F-2026-0009", "nord", (("AE", 0, 5651),), date(2026, 11, 3), buyer=buyer, charges=charges, month="2026-10")

    assert declared(Declared.DES, "2026-10") == [
        ("2026-10", "2026-10", "", "DE000000123", "50", "49,51"),
        ("2026-10", "2026-09", "x", "DE000000123", "7", "7,00"),
    ]
    (one,) = [found for found in declarations(asked("2026-10")) if found.what is Declared.DES]
    # the tenth working day of November 2026 (Sundays, All Saints' and the 11th are none): 2–7, 9, 10, 12, 13
    assert (one.rows, one.due) == (2, date(2026, 11, 13))


def test_what_customs_was_told_once_is_corrected_in_a_later_declaration(books: Flask) -> None:
    """Of October: invoiced, credited within the time and after it, and invoiced anew."""
    charge = {"nature": "machine_use", "vat_category": "AE", "day": None, "ended_at": "2026-10-14T08:00:00+00:00"}
    told: dict[str, Any] = {"buyer": {"treatment": "eu_business", "vat_id": "DE000000123", "country": "DE"}}
    for number, cents, day in (
        ("F-2026-0009", 10000, date(2026, 11, 3)),
        ("A-2026-0001", -1000, date(2026, 11, 13)),  # the last day for October's
        ("A-2026-0002", -9000, date(2026, 11, 14)),
        ("F-2026-0010", 8000, date(2026, 11, 14)),
    ):
        kind, charges = "credit_note" if cents < 0 else "invoice", [charge | {"net_cents": cents}]
        issued(number, "nord", (("AE", 0, cents),), day, kind=kind, charges=charges, month="2026-10", **told)

    assert declared(Declared.DES, "2026-10") == [("2026-10", "2026-10", "", "DE000000123", "90", "90,00")]
    assert declared(Declared.DES, "2026-11") == [("2026-11", "2026-10", "x", "DE000000123", "-10", "-10,00")]
    assert len(declared(Declared.DES, "2026")) == 2, "each document in one declaration"


def test_a_statement_is_declared_to_customs_and_told_by_the_system_that_writes_its_invoice(books: Flask) -> None:
    charge = {"nature": "machine_use", "vat_category": "AE", "day": "2026-10-14", "net_cents": 4951}
    buyer = {"treatment": "eu_business", "vat_id": "DE000000123", "country": "DE"}
    facts: dict[str, Any] = {"buyer": buyer, "charges": [charge], "month": "2026-10", "kind": "statement"}
    issued("R-2026-10-9", "nord", (("AE", 0, 4951),), date(2026, 11, 3), **facts)

    assert declared(Declared.DES, "2026-10") == [("2026-10", "2026-10", "", "DE000000123", "50", "49,51")]
    assert declared(Declared.TRANSACTIONS, "2026-11") == []


def test_private_people_are_told_as_a_sum_of_the_day_and_payments_by_rate(books: Flask) -> None:
    private: dict[str, Any] = {"customer": "private", "buyer": {"treatment": "private", "country": "CH"}}
    issued("F-2026-0010", "nord", (("S", 2000, 1000),), date(2026, 11, 12), **private)
    issued("F-2026-0011", "acme", (("S", 2000, 500),), date(2026, 11, 12), **private)
    payments.pay_whole("F-2026-0010", date(2026, 11, 18), TODAY, **BY)

    (row,) = declared(Declared.TRANSACTIONS, "2026-11")
    assert row == ("2026-11 11-20", "2026-11-12", "B2C", "", "", "TPS1", "20", "15,00", "3,00", "2026-11-30")
    assert declared(Declared.PAYMENTS, "2026-11") == [
        ("2026-11", "2026-11-18", "S", "20", "10,00", "2,00", "12,00", "2026-12-10"),
    ]
