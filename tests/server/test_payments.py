"""Payments noted, given to documents, set off, used later and taken back; and what is open on any day."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text

from server.billing.errors import BillingError
from server.collecting import payments, rates
from server.collecting.models import Allocation, DocumentReminder, Payment
from server.collecting.open_items import by_age, open_accounts
from server.collecting.payments import Received
from server.collecting.verifying import verify_payments
from server.db import closing_database, db, make_app, writing
from server.domain.late import Rate, RateKind
from server.domain.payments import Age, Means
from tests.server.collecting_lab import add_tenant, document, issued

TODAY = date(2026, 11, 20)
BY: dict[str, Any] = {"actor": "account:1", "now": datetime(2026, 11, 20, 9, tzinfo=UTC)}


@pytest.fixture
def books(database_url: str) -> Iterator[Flask]:
    """Two tenants. acme owes 120.00 due 2 November, and 63.30 (60 at 5.5 %) due 3 December; nord owes 50.00."""
    app = make_app(database_url)
    with app.app_context(), closing_database():
        add_tenant("acme", "Acme SARL")
        add_tenant("nord", "Nordwerk GmbH")
        issued("F-2026-0001")
        issued("F-2026-0002", rows=(("S", 550, 6000),), issued_on=date(2026, 11, 3))
        issued("F-2026-0003", "nord", (("AE", 0, 5000),), date(2026, 11, 3))
        yield app


def receive(cents: int, given: dict[str, int], day: date = TODAY, tenant: str = "acme") -> int:
    received = Received(tenant, day, cents, Means.TRANSFER, "VIR 0815")
    return payments.receive(received, given, TODAY, False, **BY)


def state(day: date = TODAY, tenant: str = "acme") -> tuple[dict[str, int], int]:
    """What is open by document, and the credit, of a tenant on a day."""
    accounts = open_accounts(day, False, tenant)
    if not accounts:
        return {}, 0
    (account,) = accounts
    return {item.number: item.open_cents for item in account.items}, account.credit_cents


def test_one_transfer_pays_two_invoices_and_each_knows_its_day(books: Flask) -> None:
    receive(12000 + 6330, {"F-2026-0001": 12000, "F-2026-0002": 6330}, date(2026, 11, 18))

    assert (document("F-2026-0001").paid_on, document("F-2026-0002").paid_on) == (date(2026, 11, 18),) * 2
    assert state() == ({}, 0)


def test_a_part_leaves_the_rest_open_and_is_split_by_rate(books: Flask) -> None:
    receive(3000, {"F-2026-0001": 3000})

    assert state()[0]["F-2026-0001"] == 9000
    assert document("F-2026-0001").paid_on is None
    shares = db.session.scalars(select(Allocation.shares)).one()
    # 30.00 of 120.00 at 20 %: VAT 30.00 × 20/120 = 5.00
    assert shares == [{"category": "S", "rate_bp": 2000, "net_cents": 2500, "vat_cents": 500}]


def test_what_is_paid_over_stays_with_the_tenant_until_it_is_used_or_paid_back(books: Flask) -> None:
    receive(15000, {"F-2026-0001": 12000}, date(2026, 11, 10))
    assert state() == ({"F-2026-0002": 6330}, 3000)

    payments.use_credit("acme", {"F-2026-0002": 2000}, date(2026, 11, 15), TODAY, False, **BY)
    assert state() == ({"F-2026-0002": 4330}, 1000)
    assert state(date(2026, 11, 12)) == ({"F-2026-0002": 6330}, 3000), "it counts from its own day"

    receive(-1000, {})
    assert state() == ({"F-2026-0002": 4330}, 0)
    with pytest.raises(BillingError, match="not so much"):
        payments.use_credit("acme", {"F-2026-0002": 1}, TODAY, TODAY, False, **BY)
    with pytest.raises(BillingError, match="not so much"):
        receive(-1, {})


def test_a_cheque_that_bounces_is_a_second_row_and_the_invoice_is_open_again(books: Flask) -> None:
    number = receive(12000, {"F-2026-0001": 12000}, date(2026, 11, 5))

    payments.take_back(number, date(2026, 11, 12), "chèque sans provision", TODAY, **BY)

    assert document("F-2026-0001").paid_on is None
    assert "F-2026-0001" not in state(date(2026, 11, 11))[0], "it was paid then"
    assert state()[0]["F-2026-0001"] == 12000
    rows = db.session.execute(select(Payment.cents, Payment.reverses_id, Payment.reason).order_by(Payment.id)).all()
    assert [tuple(row) for row in rows] == [(12000, None, ""), (-12000, number, "chèque sans provision")]
    assert db.session.scalar(select(func.sum(Allocation.cents))) == 0
    with pytest.raises(BillingError, match="already"):
        payments.take_back(number, TODAY, "again", TODAY, **BY)
    with pytest.raises(BillingError, match="cannot"):
        payments.take_back(number + 1, TODAY, "the row against it", TODAY, **BY)


def test_a_bounced_payment_leaves_no_credit_behind(books: Flask) -> None:
    number = receive(15000, {"F-2026-0001": 12000}, date(2026, 11, 5))
    payments.take_back(number, date(2026, 11, 12), "rappelé", TODAY, **BY)

    assert state(date(2026, 11, 6))[1] == 3000
    assert state()[1] == 0
    with pytest.raises(BillingError, match="not so much"):
        payments.use_credit("acme", {"F-2026-0002": 1}, TODAY, TODAY, False, **BY)


def test_a_credit_note_is_set_off_against_an_invoice_and_no_money_moves(books: Flask) -> None:
    issued("A-2026-0001", rows=(("S", 2000, -2000),), issued_on=date(2026, 11, 5), kind="credit_note")
    assert state()[0]["A-2026-0001"] == -2400

    payments.set_off("A-2026-0001", "F-2026-0001", 2400, date(2026, 11, 6), TODAY, **BY)

    assert state()[0] == {"F-2026-0001": 9600, "F-2026-0002": 6330}
    assert document("A-2026-0001").paid_on == date(2026, 11, 6)
    assert db.session.scalars(select(Payment.cents)).one() == 0
    with pytest.raises(BillingError, match="Less than that"):
        payments.set_off("A-2026-0001", "F-2026-0001", 1, TODAY, TODAY, **BY)


def test_a_credit_note_can_be_paid_out_or_taken_off_a_transfer(books: Flask) -> None:
    issued("A-2026-0001", rows=(("S", 2000, -2000),), issued_on=date(2026, 11, 5), kind="credit_note")
    issued("A-2026-0002", rows=(("S", 2000, -1000),), issued_on=date(2026, 11, 5), kind="credit_note")

    receive(-2400, {"A-2026-0001": -2400})
    receive(10800, {"F-2026-0001": 12000, "A-2026-0002": -1200})  # 120.00 less 12.00 came in

    assert state()[0] == {"F-2026-0002": 6330}


@pytest.mark.parametrize(
    ("cents", "given", "day", "why"),
    [
        (12001, {"F-2026-0001": 12001}, TODAY, "Less than that is open"),
        (100, {"F-2026-0001": 200}, TODAY, "More was given"),
        (100, {"F-2026-0003": 100}, TODAY, "not of this tenant"),
        (100, {"F-2026-0002": 100}, date(2026, 11, 2), "issued on 2026-11-03"),
        (100, {"F-2026-0001": 100}, date(2026, 11, 21), "not for a day to come"),
        (0, {}, TODAY, "has an amount"),
        (100, {"F-1": 100}, TODAY, "no document F-1"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    books: Flask, cents: int, given: dict[str, int], day: date, why: str
) -> None:
    with pytest.raises(BillingError, match=why):
        receive(cents, given, day)

    assert db.session.scalar(select(func.count()).select_from(Payment)) == 0


def test_the_button_pays_what_is_open_and_its_undo_takes_back_the_last_payment_only(books: Flask) -> None:
    receive(2000, {"F-2026-0001": 2000}, date(2026, 11, 5))
    payments.pay_whole("F-2026-0001", TODAY, TODAY, **BY)
    assert document("F-2026-0001").paid_on == TODAY
    with pytest.raises(BillingError, match="was paid on 2026-11-20 already"):
        payments.pay_whole("F-2026-0001", TODAY, TODAY, **BY)

    payments.take_back_last("F-2026-0001", TODAY, **BY)

    assert state()[0]["F-2026-0001"] == 10000
    payments.take_back_last("F-2026-0001", TODAY, **BY)
    with pytest.raises(BillingError, match="No payment"):
        payments.take_back_last("F-2026-0001", TODAY, **BY)


def test_what_is_open_ages_by_the_day_that_is_asked_for(books: Flask) -> None:
    ages = by_age(open_accounts(TODAY, False))
    # due 2 November: 18 days; due 3 December: not yet
    assert ages == {Age.NOT_DUE: 6330 + 5000, Age.TO_30: 12000, Age.TO_60: 0, Age.TO_90: 0, Age.OVER_90: 0}
    later = by_age(open_accounts(date(2027, 2, 1), False))
    assert later == {Age.NOT_DUE: 0, Age.TO_30: 0, Age.TO_60: 11330, Age.TO_90: 0, Age.OVER_90: 12000}
    assert open_accounts(date(2026, 10, 2), False) == [], "before the first was issued"


def test_specimens_are_kept_apart(books: Flask) -> None:
    issued("DEMO-F-2026-0001", specimen=True)

    assert [account.code for account in open_accounts(TODAY, True)] == ["acme"]
    with pytest.raises(BillingError, match="not of this tenant"):
        receive(100, {"DEMO-F-2026-0001": 100})


# --- verify-ledger ------------------------------------------------------------------------------------------------------


def test_the_books_of_payments_are_whole(books: Flask) -> None:
    number = receive(15000, {"F-2026-0001": 12000}, date(2026, 11, 5))
    payments.take_back(number, date(2026, 11, 12), "rappelé", TODAY, **BY)
    receive(6330, {"F-2026-0002": 6330})

    assert verify_payments() == []


@pytest.mark.parametrize("table", ["payment", "allocation", "reference_rate", "document_reminder"])
def test_every_value_changed_by_other_hands_is_found_and_placed(books: Flask, table: str) -> None:
    receive(6330, {"F-2026-0002": 6330})
    if table == "allocation":
        receive(100, {})  # another payment that it could be of
    rates.state(Rate(RateKind.ECB, date(2026, 7, 1), 240), "BCE", **BY)
    with writing() as session:
        told = {"open_cents": 1, "interest_cents": 1, "indemnity_cents": 4000, "by": "account:1", "at": BY["now"]}
        session.add(DocumentReminder(document_id=document("F-2026-0001").id, step=1, sent_on=TODAY, **told))
    columns = inspect(db.engine).get_columns(table)

    for column in columns:
        name = column["name"]
        if name in {"id", "reverses_id", "specimen"}:
            continue
        with writing() as session:
            (kept,) = session.execute(text(f"SELECT {name} FROM {table}")).scalars()
            session.execute(text(f"UPDATE {table} SET {name} = {_other(column)}"))
        found = verify_payments()
        with writing() as session:
            session.execute(text(f"UPDATE {table} SET {name} = :kept"), {"kept": _bound(kept)})
        assert any(table in one for one in found), name
    assert verify_payments() == []


def _other(column: Any) -> str:
    """A value like the others, and another."""
    name, kind = column["name"], str(column["type"])
    if name in {"tenant_id", "document_id", "payment_id"}:
        return f"{name} + 1"
    if "CHAR" in kind or "TEXT" in kind:
        return "'x'"
    if "JSON" in kind:
        return "'[]'"
    if "DATE" in kind or "TIME" in kind:
        return "'2020-01-01'" if kind == "DATE" else "'2020-01-01 00:00:00.000000'"
    return f"{name} + 1"


def _bound(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def test_a_day_of_payment_without_a_payment_is_found(books: Flask) -> None:
    with writing() as session:
        session.execute(text("UPDATE document SET paid_on = '2026-11-05' WHERE number = 'F-2026-0001'"))

    assert verify_payments() == ["F-2026-0001: it bears the day of a payment, and is not paid"]
