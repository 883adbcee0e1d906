"""A lab whose invoices another system makes: no page that its tenants read calls a statement an invoice, in no language."""

import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from server.domain.roles import Role, ScopeKind
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, close, issue, use
from tests.server.signed_in import page, signed_in, web_app

WORDS = {"fr": "factur", "de": "rechnung(?!skosten)", "en": "invoic|bill"}
OF_TENANTS = ("books?month=2026-10", "books", "lines?month=2026-10", "charges", "open")


@pytest.fixture
def statements(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """October is issued, and in November something was used again."""
    monkeypatch.setattr(billing_lab, "SELLER", dataclasses.replace(billing_lab.SELLER, mode="statement"))
    web = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish()
        use()
        close()
        assert issue() == ["R-2026-10-acme"]
        use(start=datetime(2026, 11, 2, 9, tzinfo=UTC), seconds=1800)
    return web


def read(html: str) -> str:
    """What the page itself says: without the ways beside it, which are the same everywhere."""
    within = html.partition('id="content"')[2].partition('class="phone-tabs"')[0]
    return re.sub(r"<[^>]+>", " ", within)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.TENANT_ACCOUNTANT])
def test_a_tenant_reads_of_statements_and_never_of_an_invoice(statements: Flask, language: str, role: Role) -> None:
    tenant = signed_in(statements, role, ScopeKind.TENANT, "acme")
    tenant.set_cookie("lang", language)

    for path in OF_TENANTS:
        said = read(page(tenant, f"/tenants/acme/{path}"))
        assert re.findall(rf"\S*(?:{WORDS[language]})\S*", said, re.IGNORECASE) == [], path
    assert "R-2026-10-acme" in page(tenant, "/tenants/acme/books")


def test_the_lab_issues_statements_and_finds_them_under_that_name(statements: Flask) -> None:
    manager = signed_in(statements, Role.MANAGER)
    manager.set_cookie("lang", "fr")

    assert "Relevés d’utilisation" in read(page(manager, "/months"))
    assert "<h1>Relevés d’utilisation" in page(manager, "/documents")
    assert "Factures" not in read(page(manager, "/documents"))
    assert "Factur" not in read(page(manager, "/documents/R-2026-10-acme"))


def test_its_lines_as_a_table_are_of_a_customer_and_counted(statements: Flask) -> None:
    manager = signed_in(statements, Role.MANAGER)
    manager.set_cookie("lang", "fr")

    table = manager.get("/documents/R-2026-10-acme/lines.csv").data.decode("utf-8-sig")

    assert "Client" in table.splitlines()[0]
    assert "Compté, h" in table
    assert "factur" not in table.casefold()


def test_a_lab_that_invoices_calls_them_invoices(sqlite_url: str, tmp_path: Path) -> None:
    web = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish()
        use()
        close()
        issue()
    tenant = signed_in(web, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme")
    tenant.set_cookie("lang", "fr")

    assert "Factures" in read(page(tenant, "/tenants/acme/books"))
