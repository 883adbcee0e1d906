"""The detail of a document by holder number: a file of its own, made on request; and the invoice for programs to take along."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.billing.documents import render_document
from server.billing.models import Document
from server.db import reading
from server.domain.roles import Role, ScopeKind
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, close, issue, use
from tests.server.signed_in import page, signed_in, web_app

DETAIL = "/documents/F-2026-0001/detail"
ASKED: dict[str, Any] = {"reason": "Asked for by the accountant of Acme"}


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Flask:
    """October of acme is issued: an hour of printing and half an hour of milling."""
    web = web_app(sqlite_url, CLOSING, data_dir=tmp_path)
    with web.app_context():
        billing_lab.furnish()
        use("acme-1", "p1", seconds=3500)  # a quarter begun at 24.00: 24.00
        use("acme-2", "c1", seconds=1800)  # at 36.00, and 2.50 a session: 20.50
        close()
        issue()
        with reading() as session:
            number = session.scalars(select(Document.id)).one()
        render_document(number, web.extensions["settings"].documents_dir, CLOSING)
    return web


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, Role.MANAGER)


def test_the_detail_is_a_table_by_holder_number_without_names_or_hours(manager: FlaskClient) -> None:
    answer = manager.post(DETAIL, data=ASKED | {"kind": "csv"})

    assert answer.data.decode("utf-8-sig").splitlines() == [
        "Jour;Machine;Porteur no;Minutes mesurées;Minutes facturées;Montant HT en euros",
        "2026-10-05;Fraiseuse C1;7;30,00;30,00;20,50",
        "2026-10-05;Imprimante P1;7;58,33;60,00;24,00",
    ]
    assert answer.headers["Content-Disposition"] == "attachment; filename=F-2026-0001-detail.csv"


def test_the_same_can_be_read_as_a_page(manager: FlaskClient) -> None:
    answer = manager.post(DETAIL, data=ASKED | {"kind": "pdf"})

    assert answer.data.startswith(b"%PDF-1.7")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in answer.data


def test_without_a_reason_there_is_no_file(manager: FlaskClient) -> None:
    answer = manager.post(DETAIL, data={"kind": "csv", "reason": " "})

    assert answer.status_code == 422
    assert "attachment" not in answer.headers.get("Content-Disposition", "")


def test_it_stands_in_the_journal_who_got_it_and_why(app: Flask, manager: FlaskClient) -> None:
    manager.post(DETAIL, data=ASKED | {"kind": "csv"})

    with app.app_context(), reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "hand_out_detail")).one()
    assert (entry.object_id, entry.reason, entry.after) == ("F-2026-0001", ASKED["reason"], {"sessions": 2})
    assert "Détail par porteur remis" in page(manager, "/documents/F-2026-0001")


@pytest.mark.parametrize("role", [Role.LAB_ACCOUNTANT, Role.DESK, Role.TRAINER])
def test_nobody_but_the_manager_gets_it(app: Flask, role: Role) -> None:
    assert signed_in(app, role).get(DETAIL).status_code == 403


def test_a_tenants_own_administrator_does_not_get_it_by_himself(app: Flask) -> None:
    client = signed_in(app, Role.TENANT_ADMIN, ScopeKind.TENANT, "acme")

    assert client.get(DETAIL).status_code == 403


def test_the_invoice_for_programs_can_be_taken_along(app: Flask) -> None:
    client = signed_in(app, Role.LAB_ACCOUNTANT)

    with client.get("/documents/F-2026-0001/xml") as answer:
        assert answer.data.startswith(b"<?xml")
        assert answer.headers["Content-Disposition"] == "attachment; filename=F-2026-0001.xml"
    assert "/documents/F-2026-0001/xml" in page(client, "/documents/F-2026-0001")
