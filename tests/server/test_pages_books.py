"""A tenant's books: hours and cost by cost centre and machine as the invoice will have them; no person, no time of day."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.billing.models import Document
from server.billing.page import page as paper_page
from server.billing.service import render_document
from server.db import reading
from server.domain.roles import Role, ScopeKind
from server.people import service as people
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, add_start_up, close, end_prices, issue, use
from tests.server.signed_in import page, signed_in, web_app

NOW = CLOSING  # 3 November 2026
CLOCK = re.compile(r"\b\d{1,2}(:|h)\d\d\b|T\d\d:")
BOOKS = "/tenants/acme/books"


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Flask:
    """October: acme used both machines from two cost centres, nord one; and in November acme a little more."""
    web = web_app(sqlite_url, NOW, data_dir=tmp_path)
    (tmp_path / "documents").mkdir()
    with web.app_context():
        billing_lab.furnish()
        by: Any = {"actor": "test", "now": billing_lab.OPENED}
        people.add_holder("Ada", "Lovelace", **by)
        use()  # an hour of printing at 24.00
        use(start=datetime(2026, 10, 6, 7, 11, tzinfo=UTC), seconds=5 * 60)  # a quarter of an hour begun
        use("acme-2", "c1", seconds=1800)  # half an hour at 36.00, and 2.50 a session
        use("nord-1", "c1", start=datetime(2026, 10, 7, 7, tzinfo=UTC), seconds=7200)
        use(start=datetime(2026, 11, 2, 9, 17, tzinfo=UTC), seconds=900)
        use(start=NOW - timedelta(minutes=20), machine="c1", state="open", ended_at=None, seconds=0)
    return web


def of_tenant(app: Flask, tenant: str = "acme", role: Role = Role.TENANT_ADMIN) -> FlaskClient:
    return signed_in(app, role, ScopeKind.TENANT, tenant)


def rows(html: str) -> list[list[str]]:
    """The words of each row of the first table."""
    table = html.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)]  # fmt: skip


def invoices(app: Flask, written: bool = False) -> dict[str, str]:
    """October is closed and issued; the numbers by tenant. ``written``: their files are there, too."""
    with app.app_context():
        close()
        numbers = issue()
        with reading() as session:
            found = session.scalars(select(Document).order_by(Document.id)).all()
        for document in found if written else []:
            render_document(document.id, app.extensions["settings"].documents_dir, NOW)
    assert [one.number for one in found] == numbers
    return {json.loads(one.frozen)["buyer"]["tenant"]: one.number for one in found}


def test_a_month_is_summed_by_cost_centre_and_machine(app: Flask) -> None:
    html = page(of_tenant(app, role=Role.TENANT_ACCOUNTANT), f"{BOOKS}?month=2026-10")

    assert rows(html) == [
        ["Atelier", "2", "1 h 05", "1 h 15", "30,00 €"],
        ["Imprimante P1", "2", "1 h 05", "1 h 15", "30,00 €"],
        ["Bureau d’études", "1", "30 min", "30 min", "20,50 €"],
        ["Fraiseuse C1", "1", "30 min", "30 min", "20,50 €"],
    ]
    assert "50,50 €" in html
    assert "Nordwerk" not in html


def test_what_it_comes_to_is_what_the_invoice_says(app: Flask) -> None:
    number = invoices(app)["acme"]
    with app.app_context(), reading() as session:
        document = session.scalars(select(Document).where(Document.number == number)).one()

    html = page(of_tenant(app), f"{BOOKS}?month=2026-10")

    assert document.net_cents == 5050
    assert number in html
    assert "60,60 €" in html  # with VAT


def test_nothing_says_who_or_at_what_time(app: Flask) -> None:
    number = invoices(app)["acme"]
    with app.app_context(), reading() as session:
        frozen = session.scalars(select(Document.frozen).where(Document.number == number)).one()
    client = of_tenant(app)

    for text in (page(client, BOOKS), page(client, f"{BOOKS}?month=2026-10")):
        shown = text.split('id="content"')[1].split("</main>")[0]
        assert "Fraiseuse" in shown or "Imprimante" in shown
        assert not CLOCK.search(re.sub(r"<[^>]+>", " ", shown))
        for word in ("Ada", "Lovelace", "/people", "/sessions", "/machines"):
            assert word not in shown
    printed = json.dumps(paper_page(json.loads(frozen)), ensure_ascii=False)
    assert "Imprimante P1" in printed
    assert not CLOCK.search(printed)
    assert "Ada" not in printed
    assert "holder" not in frozen


def test_a_tenant_downloads_its_own_invoices_and_no_others(app: Flask) -> None:
    numbers = invoices(app, written=True)
    client = of_tenant(app)
    with client.get(f"{BOOKS}/{numbers['acme']}.pdf") as own:
        received = (own.status_code, own.mimetype, own.data[:5])
    refused = {
        "another's under one's own address": client.get(f"{BOOKS}/{numbers['nord']}.pdf").status_code,
        "another's": client.get(f"/tenants/nord/books/{numbers['nord']}.pdf").status_code,
        "another's page": client.get("/tenants/nord/books").status_code,
        "as the lab sees it": client.get(f"/documents/{numbers['acme']}").status_code,
        "as the lab reads it": client.get(f"/documents/{numbers['acme']}/pdf").status_code,
        "of nobody": client.get("/tenants/nothing/books").status_code,
        "none": client.get(f"{BOOKS}/F-2026-9999.pdf").status_code,
    }

    assert received == (200, "application/pdf", b"%PDF-")
    assert set(refused.values()) <= {403, 404}, refused
    with of_tenant(app, "nord").get(f"/tenants/nord/books/{numbers['nord']}.pdf") as theirs:
        assert theirs.status_code == 200


def test_an_invoice_that_is_not_written_yet_is_not_there(app: Flask) -> None:
    with app.app_context():
        close()
        number = issue()[0]
    client = of_tenant(app)

    assert f"{number}.pdf" not in page(client, BOOKS)
    assert client.get(f"{BOOKS}/{number}.pdf").status_code == 404


def test_a_missing_price_is_said_and_is_not_a_cost_of_nothing(app: Flask) -> None:
    with app.app_context():
        end_prices("cnc", datetime(2026, 10, 1, tzinfo=UTC))

    html = page(of_tenant(app), f"{BOOKS}?month=2026-10")

    assert "prix manquant" in html
    assert "20,50" not in html


def test_months_lead_to_each_other_and_no_further_than_now(app: Flask) -> None:
    client = of_tenant(app)
    now, before = page(client, BOOKS), page(client, f"{BOOKS}?month=2026-10")

    assert f"{BOOKS}?month=2026-10" in now
    assert f"{BOOKS}?month=2026-12" not in now
    assert f"{BOOKS}?month=2026-09" in before
    assert "Novembre 2026" in before
    for odd in ("2026-13", "0000-01", "0001-01", "9999-12", "2027-01", "month", "٢٠٢٦-١٠", "2026-1"):
        assert "<h1>Novembre 2026</h1>" in page(client, f"{BOOKS}?month={odd}"), odd
    assert "Aucune session terminée ce mois-ci" in page(client, f"{BOOKS}?month=2025-02")


def test_whose_bills_go_to_another_sees_its_hours_and_not_its_invoices(app: Flask) -> None:
    with app.app_context():
        add_start_up("acme")
        use("new-1", start=datetime(2026, 10, 20, 9, tzinfo=UTC))
    numbers = invoices(app)

    html = page(of_tenant(app, "new"), "/tenants/new/books?month=2026-10")

    assert "24,00 €" in html
    assert numbers["acme"] not in html
    assert of_tenant(app, "new").get(f"/tenants/new/books/{numbers['acme']}.pdf").status_code == 404


def test_the_way_to_the_books_leads_to_ones_own(app: Flask) -> None:
    assert of_tenant(app, "nord").get("/books").headers["Location"] == "/tenants/nord/books"
    assert signed_in(app, Role.HOLDER, holder=5).get("/books").headers["Location"] == "/"
    assert signed_in(app, Role.LAB_ACCOUNTANT).get(BOOKS).status_code == 200
    assert signed_in(app, Role.DESK).get(BOOKS).status_code == 403
