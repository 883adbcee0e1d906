"""The pages about what is open and what came in: seen by who may, typed by who may, and a tenant sees its own only."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.collecting.models import Payment
from server.db import db
from server.domain.roles import Role, ScopeKind
from tests.server.collecting_lab import add_tenant, document, issued
from tests.server.signed_in import page, signed_in, text, web_app

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def web(sqlite_url: str) -> Flask:
    app = web_app(sqlite_url, NOW)
    with app.app_context():
        add_tenant("acme", "Acme SARL")
        add_tenant("nord", "Nordwerk GmbH")
        issued("F-2026-0001")  # 120.00, due 2 November
        issued("F-2026-0002", rows=(("S", 550, 6000),), issued_on=date(2026, 11, 3))  # 63.30
        issued("F-2026-0003", "nord", (("AE", 0, 5000),), date(2026, 11, 3))
    return app


@pytest.fixture
def accountant(web: Flask) -> FlaskClient:
    return signed_in(web, Role.LAB_ACCOUNTANT)


def pay(client: FlaskClient, **fields: Any) -> Any:
    data = {"received_on": "2026-11-19", "cents": "183,30", "means": "transfer", "reference": "VIR 7", **fields}
    return client.post("/collecting/acme/payments/new", data=data)


def test_open_items_stand_by_tenant_with_their_age(accountant: FlaskClient) -> None:
    html = page(accountant, "/collecting")

    assert "233,30 €" in html, "120.00, 63.30 and 50.00"
    assert "120,00 €" in html
    assert "18 jours de retard" in html
    earlier = page(accountant, "/collecting?day=2026-10-20")
    assert "F-2026-0002" not in earlier
    assert "F-2026-0001" in earlier


def test_a_payment_without_a_word_pays_what_is_due_first(web: Flask, accountant: FlaskClient) -> None:
    answer = pay(accountant, cents="150,00")

    assert answer.status_code == 303
    with web.app_context():
        assert document("F-2026-0001").paid_on == date(2026, 11, 19)
        assert document("F-2026-0002").paid_on is None
    shown = page(accountant, answer.headers["Location"])
    assert "F-2026-0001" in shown
    assert "20,00 €" in shown, "the VAT of the first"


def test_what_is_typed_beside_a_document_is_what_it_gets(web: Flask, accountant: FlaskClient) -> None:
    with web.app_context():
        number = document("F-2026-0002").id

    pay(accountant, cents="100,00", **{f"document_{number}": "63,30"})

    html = page(accountant, "/collecting")
    assert "36,70" in html, "the credit"
    assert "F-2026-0002" not in html
    form = page(accountant, "/collecting/acme/credit")
    assert "F-2026-0001" in form
    used = accountant.post(
        "/collecting/acme/credit", data={"invoice": "F-2026-0001", "cents": "36,70", "day": "2026-11-20"}
    )
    assert used.status_code == 303
    assert "83,30 €" in page(accountant, "/collecting"), "120.00 less 36.70"


def test_what_cannot_be_stands_in_the_form(accountant: FlaskClient, web: Flask) -> None:
    answer = pay(accountant, received_on="2026-11-21")

    assert answer.status_code == 422
    assert "VIR 7" in answer.text, "nothing has to be typed again"
    with web.app_context():
        assert db.session.scalars(select(Payment)).all() == []


def test_a_payment_is_taken_back_with_its_reason(web: Flask, accountant: FlaskClient) -> None:
    there = pay(accountant).headers["Location"]
    assert "réellement" not in page(accountant, f"{there}/take-back")

    answer = accountant.post(f"{there}/take-back", data={"day": "2026-11-20", "reason": "chèque sans provision"})

    assert answer.status_code == 303
    html = page(accountant, there)
    assert "take-back" not in html, "not twice"
    with web.app_context():
        assert document("F-2026-0001").paid_on is None
    assert "chèque sans provision" in page(accountant, "/collecting/payments/2")
    assert "VIR 7" in page(accountant, "/collecting/payments?q=acme")


def test_the_button_of_the_list_records_a_payment_and_its_undo_a_row_against_it(
    web: Flask, accountant: FlaskClient
) -> None:
    accountant.post("/documents/F-2026-0001/paid", data={"day": "2026-11-20"})
    accountant.post("/documents/F-2026-0001/unpaid")

    with web.app_context():
        assert document("F-2026-0001").paid_on is None
        assert db.session.scalars(select(Payment.cents).order_by(Payment.id)).all() == [12000, -12000]
    accountant.post("/documents/F-2026-0001/unpaid")
    assert "Aucun paiement" in page(accountant, "/collecting"), "said, and nothing breaks"


def test_a_credit_note_is_set_off_on_its_page(web: Flask, accountant: FlaskClient) -> None:
    with web.app_context():
        issued("A-2026-0001", rows=(("S", 2000, -2000),), issued_on=date(2026, 11, 5), kind="credit_note")
    assert "A-2026-0001" in page(accountant, "/collecting/acme/set-off")

    sent = {"note": "A-2026-0001", "invoice": "F-2026-0001", "cents": "24,00", "day": "2026-11-20"}
    assert accountant.post("/collecting/acme/set-off", data=sent).status_code == 303

    html = page(accountant, "/collecting")
    assert "A-2026-0001" not in html
    assert "96,00 €" in html


def test_a_tenant_sees_what_it_has_open_itself(web: Flask) -> None:
    client = signed_in(web, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme")

    html = page(client, "/tenants/acme/open")

    assert "183,30 €" in html
    assert "F-2026-0003" not in html
    assert client.get("/tenants/nord/open").status_code == 403
    assert client.get("/collecting").status_code == 403
    assert text(client.get("/tenants/acme/books")).count("/tenants/acme/open") == 1
