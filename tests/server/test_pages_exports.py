"""The page of what leaves the house: the journal with what is missing in its map, tables for who may have them, the file of a month."""

import hashlib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from server.billing.models import Document
from server.db import writing
from server.domain.roles import Role
from server.exports.registry import TABLES
from server.pages.exports.words import TABLES as NAMED
from server.work import run_once
from tests.server.collecting_lab import add_tenant, carrying, issued
from tests.server.signed_in import page, settings_for, signed_in, web_app

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Flask:
    app = web_app(sqlite_url, NOW, data_dir=tmp_path)
    with app.app_context():
        add_tenant("acme", "Acme SARL")
        issued("F-2026-0001")
    return app


@pytest.fixture
def accountant(web: Flask) -> FlaskClient:
    return signed_in(web, Role.LAB_ACCOUNTANT)


def test_the_journal_waits_for_its_accounts_and_names_them(accountant: FlaskClient) -> None:
    html = page(accountant, "/exports?of=2026-10")
    assert "/exports/accounts/new?what=customer" in html
    refused = accountant.get("/exports/journal.csv?of=2026-10")
    assert (refused.status_code, refused.headers["Location"]) == (303, "/exports?of=2026-10#journal")

    assert (html.count("what=customer"), "/exports/accounts/usual" in html) == (1, True), "one row for all customers"
    assert accountant.post("/exports/accounts/usual").status_code == 303

    assert "/exports/accounts/new?what=customer" not in page(accountant, "/exports?of=2026-10")
    rows = accountant.get("/exports/journal.csv?of=2026-Q4").data.decode("utf-8-sig").splitlines()
    assert rows[1].split(";")[:5] == ["03/10/2026", "VE", "411000", "ACME", "F-2026-0001"]
    fec = accountant.get("/exports/fec.txt?of=2026")
    assert fec.headers["Content-Disposition"] == 'attachment; filename="000000001FEC20261231.txt"'
    assert {len(line.split("\t")) for line in fec.text.splitlines()} == {18}


def test_an_account_is_decided_with_its_day_and_reason(accountant: FlaskClient) -> None:
    sent = {"what": "vat|2000", "account": "44 5710", "since": "2026-01-01", "reason": "plan comptable"}
    assert accountant.post("/exports/accounts/new", data=sent).status_code == 422

    assert accountant.post("/exports/accounts/new", data=sent | {"account": "445710"}).status_code == 303
    assert "445710" in page(accountant, "/exports/accounts")


def test_every_table_has_its_words_and_its_files(accountant: FlaskClient) -> None:
    assert NAMED.keys() == TABLES.keys()

    html = page(accountant, "/exports?of=2026")
    assert "/exports/tables/documents.csv?of=2026" in html
    answer = accountant.get("/exports/tables/documents.csv?of=2026")
    assert "F-2026-0001" in answer.data.decode("utf-8-sig")
    assert accountant.get("/exports/tables/documents.xlsx?of=2026").data[:2] == b"PK"
    assert accountant.get("/exports/tables/nothing.csv").status_code == 404
    assert accountant.get("/exports/tables/documents.pdf").status_code == 404


def test_who_was_there_and_when_is_not_for_the_accountant(web: Flask, accountant: FlaskClient) -> None:
    assert "/exports/times/sessions" not in page(accountant, "/exports")
    assert accountant.get("/exports/times/sessions.csv").status_code == 403
    assert accountant.get("/exports/tables/sessions.csv").status_code == 404
    manager = signed_in(web, Role.MANAGER)
    assert "/exports/times/sessions.csv" in page(manager, "/exports")
    assert manager.get("/exports/times/sessions.csv?of=2026").status_code == 200
    assert signed_in(web, Role.DESK).get("/exports").status_code == 403


def test_the_file_of_a_month_is_made_by_work_and_downloaded(
    web: Flask, accountant: FlaskClient, sqlite_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    with web.app_context(), writing() as session:
        row = session.scalars(select(Document)).one()
        data = carrying(b"<x/>")
        (folder / "F-2026-0001.pdf").write_bytes(data)
        (folder / "F-2026-0001.json").write_text(row.frozen)
        row.pdf_sha256 = hashlib.sha256(data).hexdigest()
    assert accountant.get("/exports/archive/2026-09.zip").status_code == 404

    assert accountant.post("/exports/archive/2026-09").status_code == 303
    assert 'hx-get="/exports/archives?of=2026-09"' in page(accountant, "/exports?of=2026-09"), "while it is being made"
    assert run_once(settings_for(sqlite_url, data_dir=tmp_path))

    for path in ("/exports?of=2026-09", "/exports/archives?of=2026-09"):
        html = page(accountant, path)
        assert "/exports/archive/2026-09.zip" in html
        assert "hx-get" not in html, "it asks no more"
    with accountant.get("/exports/archive/2026-09.zip") as answer, ZipFile(BytesIO(answer.data)) as found:
        assert "index.html" in found.namelist()


def test_a_stretch_that_is_none_is_the_month_before(accountant: FlaskClient) -> None:
    assert 'value="2026-10" selected' in page(accountant, "/exports?of=tomorrow")
