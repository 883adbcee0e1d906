"""A month as one file: whole, the same bytes each time, checked with the tools of any system, without a person's name."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing.models import Document
from server.collecting import payments
from server.db import closing_database, db, make_app, writing
from server.domain.stretch import stretch_of
from server.exports import archive
from server.exports.archive import Places
from server.exports.models import MonthArchive
from server.pages.exports.reads import archives
from server.people.models import TenantKind
from tests.server.collecting_lab import add_tenant, carrying, issued

MONTH = "2026-09"
BY: dict[str, Any] = {"actor": "account:1", "now": datetime(2026, 11, 20, 9, tzinfo=UTC)}


@pytest.fixture
def places(sqlite_url: str, tmp_path: Path) -> Iterator[Places]:
    """Two invoices and a credit note about September, with their files."""
    app: Flask = make_app(sqlite_url)
    with app.app_context(), closing_database():
        add_tenant("acme", "Acme SARL")
        add_tenant("nord", "Nord & Söhne <GmbH>")
        issued("F-2026-0001")
        issued("F-2026-0002", "nord", (("AE", 0, 5000),), buyer={"treatment": "eu_business"})
        issued("A-2026-0001", rows=(("S", 2000, -1000),), kind="credit_note", month=MONTH)
        issued("F-2026-0003", issued_on=date(2026, 11, 3))
        found = Places(tmp_path / "documents", tmp_path / "archives", ZoneInfo("Europe/Paris"), False)
        found.documents.mkdir()
        with writing() as session:
            for row in session.scalars(select(Document)):
                data = carrying(row.number.encode())
                (found.documents / f"{row.number}.pdf").write_bytes(data)
                (found.documents / f"{row.number}.json").write_text(row.frozen)
                row.state, row.pdf_sha256 = "issued", hashlib.sha256(data).hexdigest()
        yield found


def built(places: Places) -> bytes:
    archive.ask_for(MONTH, **BY)
    archive.build(MONTH, places, BY["now"])
    return archive.path_of(places.archives, MONTH).read_bytes()


def told() -> MonthArchive:
    db.session.remove()
    return db.session.get_one(MonthArchive, MONTH)


def test_an_archive_holds_the_months_documents_and_tables_and_no_others(places: Places) -> None:
    with ZipFile(BytesIO(built(places))) as found:
        names = set(found.namelist())
        words = json.loads(found.read("documents/F-2026-0002.json"))
        invoice = found.read("documents/F-2026-0001.xml")
        rows = found.read("tables/documents.csv").decode("utf-8-sig").splitlines()

    wanted = {"F-2026-0001", "F-2026-0002", "A-2026-0001"}
    assert {name.split("/")[1] for name in names if name.startswith("documents/")} == {
        f"{number}.{kind}" for number in wanted for kind in ("pdf", "json")
    } | {"F-2026-0001.xml", "A-2026-0001.xml"}, "nord wants no electronic invoice"
    assert invoice == b"F-2026-0001"
    assert {"index.html", "SHA256SUMS", "tables/lines.csv", "tables/payments_by_rate.csv"} <= names
    assert words["number"] == "F-2026-0002"
    assert {row.split(";")[0] for row in rows[1:]} == wanted
    assert (told().built_at, told().done < told().planned) == (BY["now"], True)


def test_the_same_books_give_the_same_bytes(places: Places) -> None:
    first = built(places)

    assert built(places) == first
    assert hashlib.sha256(first).hexdigest() == told().sha256
    payments.pay_whole("F-2026-0001", date(2026, 11, 10), date(2026, 11, 20), **BY)
    assert built(places) != first, "the control: a payment changes it"


def test_it_is_checked_with_the_tools_of_any_system(places: Places, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    with ZipFile(BytesIO(built(places))) as found:
        found.extractall(folder)
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]

    assert subprocess.run(check, cwd=folder, check=False, capture_output=True).returncode == 0
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there - listed == {"SHA256SUMS"}, "no file without its hash"
    (folder / "documents/F-2026-0001.pdf").write_bytes(b"%PDF-1.7 forged")
    assert subprocess.run(check, cwd=folder, check=False, capture_output=True).returncode != 0


def test_its_index_loads_nothing_and_every_way_in_it_leads_to_a_file(places: Places) -> None:
    with ZipFile(BytesIO(built(places))) as found:
        html, names = found.read("index.html").decode(), set(found.namelist())

    ways = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert ways
    assert set(ways) <= names
    assert "http" not in html
    assert "<script" not in html
    assert "Nord &amp; Söhne &lt;GmbH&gt;" in html
    assert all(f'<section lang="{language}">' in html for language in ("fr", "de", "en"))


def test_its_index_names_a_customer_who_is_a_person_by_the_code(places: Places) -> None:
    add_tenant("t-7", "Odile Weissgerber", TenantKind.FREELANCER)
    issued("F-2026-0004", "t-7", customer="private", buyer={"treatment": "private"})
    with writing() as session:
        row = session.scalars(select(Document).where(Document.number == "F-2026-0004")).one()
        (places.documents / "F-2026-0004.pdf").write_bytes(b"%PDF-1.7")
        (places.documents / "F-2026-0004.json").write_text(row.frozen)
        row.pdf_sha256 = hashlib.sha256(b"%PDF-1.7").hexdigest()

    with ZipFile(BytesIO(built(places))) as found:
        html = found.read("index.html").decode()
        tables = "".join(found.read(name).decode() for name in found.namelist() if name.endswith(".csv"))

    assert "<td>t-7</td>" in html
    assert "Weissgerber" not in html
    assert "Weissgerber" not in tables


def test_what_is_not_whole_is_not_archived_and_says_so(places: Places) -> None:
    (places.documents / "F-2026-0001.pdf").write_bytes(b"%PDF-1.7 forged")
    archive.ask_for(MONTH, **BY)
    archive.build(MONTH, places, BY["now"])

    assert "F-2026-0001" in told().error
    assert told().built_at is None
    assert not archive.path_of(places.archives, MONTH).exists()


def test_a_credit_note_that_comes_later_is_told_beside_the_file(places: Places) -> None:
    stretch = stretch_of(MONTH)
    assert stretch is not None
    built(places)
    assert [one.newer for one in archives(stretch, False)] == [0]

    issued("A-2026-0009", issued_on=date(2026, 12, 1), kind="credit_note", month=MONTH)
    with writing() as session:
        row = session.scalars(select(Document).where(Document.number == "A-2026-0009")).one()
        row.issued_at = datetime(2026, 12, 1, 9, tzinfo=UTC)

    assert [one.newer for one in archives(stretch, False)] == [1]
