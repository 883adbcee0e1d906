"""The files of an issued document: its words, its page, the invoice for programs, and that each is made once."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from facturx import get_xml_from_pdf
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from server.billing import service as billing
from server.billing.entries import sha256
from server.billing.ledger import verify_billing
from server.billing.models import Document
from server.billing.page import page
from server.billing.rendering import pdf
from server.billing.service import DamagedDocumentError, render_document
from server.db import reading, writing
from server.domain.tariffs import Scope, simple
from server.machines import service as machines
from server.people.models import Establishment
from tests.server.billing_lab import CLOSING, OPENED, close, furnish, issue, use
from wire.messages import RiskClass

BY: Any = {"actor": "test", "now": OPENED}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here does not depend on the database; issuing and restoring run on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def _lab(app: Flask) -> None:
    furnish()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


def issued(folder: Path, specimen: bool = False) -> Path:
    """Close, issue and render the month's only document; the path of its PDF."""
    close(specimen=specimen)
    (number,) = issue(specimen=specimen)
    render_document(document(number).id, folder, CLOSING)
    return folder / f"{number}.pdf"


def document(number: str) -> Document:
    with reading() as session:
        return session.scalars(select(Document).where(Document.number == number)).one()


def words(path: Path) -> str:
    """All text of a PDF in reading order, every white space as one blank."""
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"\s+", " ", text)


def test_a_french_invoice_bears_every_mention_of_the_law(folder: Path) -> None:
    use("acme-1", "p1", seconds=3500)
    use("acme-2", "c1", seconds=3600)

    text = words(issued(folder))

    for mention in (
        *("Facture", "F-2026-0001", "Halle Zéro SAS", "7, quai de la Locomotive", "Acme SARL", "1 rue 68100 Mulhouse"),
        *("Émise le", "3 novembre 2026", "1er au 31 octobre 2026", "Échéance", "3 décembre 2026"),
        *("TVA du client", "FR 00 000 000 002", "SIREN 000 000 002"),
        *("FR76 3000 6000 0112 3456 7890 189", "EXEMFRPPXXX", "20 % 62,50 € 12,50 €", "Total TTC 75,00 €"),
        *("Prestations de services.", "Option pour le paiement de la taxe d’après les débits."),
        *("Pas d’escompte pour paiement anticipé.", "trois fois le taux d’intérêt légal", "40 €", "L441-10 et D441-5"),
        *("au capital de 50 000 €", "RCS Mulhouse 000 000 001", "SIRET 000 000 001 00010", "TVA FR 00 000 000 001"),
        *("Temps facturé par", "page 1 sur 1"),
    ):
        assert mention in text
    for foreign in ("SPECIMEN", "Autoliquidation", "TVA non applicable"):
        assert foreign not in text


def test_the_table_shows_measured_and_billed_by_cost_centre_and_machine(folder: Path) -> None:
    use("acme-1", "p1", seconds=3500)
    use("acme-2", "c1", seconds=3600)

    text = words(issued(folder))

    assert "Atelier 1 0 h 58 1 h 00 24,00 € Imprimante P1 1 0 h 58 1 h 00 24,00 €/h 24,00 €" in text
    assert "Bureau d’études 1 1 h 00 1 h 00 38,50 € Fraiseuse C1 1 1 h 00 1 h 00 36,00 €/h 36,00 €" in text
    assert "Fraiseuse C1, forfait par session 1 2,50 € 2,50 €" in text
    assert "Heures par jour" in text


def test_a_session_from_the_month_before_shows_both_its_dates(folder: Path) -> None:
    use(start=datetime(2026, 9, 30, 20, tzinfo=UTC), seconds=8 * 3600)

    assert "dont une session du 30 septembre au 1er octobre 2026" in words(issued(folder))


def test_a_specimen_says_so_on_every_page(folder: Path) -> None:
    for number in range(60):
        machine(f"m{number}", f"Imprimante d’essai {number}")
        use("acme-1", f"m{number}", simulated=True)

    pages = PdfReader(issued(folder, specimen=True)).pages

    assert len(pages) > 1
    for one in pages:
        assert "SPECIMEN" in re.sub(r"\s", "", one.extract_text())
    assert "à ne pas payer" in words(folder / "DEMO-F-2026-0001.pdf")


def test_no_name_of_a_person_and_no_number_of_a_holder_leaves_the_house(folder: Path) -> None:
    use()

    content = json.loads(issued(folder).with_suffix(".json").read_text())

    assert not any("holder" in key or "person" in key for key in keys(content))


def test_the_files_are_kept_by_their_hashes(folder: Path) -> None:
    use()

    path = issued(folder)

    row = document(path.stem)
    assert row.state == "issued"
    assert row.issued_at == CLOSING
    assert row.pdf_sha256 == sha256(path.read_bytes())
    assert row.frozen_sha256 == sha256(path.with_suffix(".json").read_bytes())
    assert sorted(file.name for file in folder.iterdir()) == ["F-2026-0001.json", "F-2026-0001.pdf", "F-2026-0001.xml"]


def test_the_same_words_give_the_same_bytes(folder: Path) -> None:
    use()

    path = issued(folder)

    xml = path.with_suffix(".xml").read_bytes()
    assert pdf(page(json.loads(path.with_suffix(".json").read_text())), xml) == path.read_bytes()


def test_the_invoice_for_programs_lies_beside_the_page_and_in_it(folder: Path) -> None:
    use()

    path = issued(folder)

    assert get_xml_from_pdf(path.read_bytes())[1] == path.with_suffix(".xml").read_bytes()


def test_an_invoice_for_programs_that_was_lost_comes_back_and_one_that_was_changed_is_found(folder: Path) -> None:
    use()
    path = issued(folder).with_suffix(".xml")
    before = path.read_bytes()
    path.unlink()
    lost = verify_billing(folder)
    render_document(document(path.stem).id, folder, CLOSING)
    back = path.read_bytes()
    path.write_bytes(before.replace(b"24.00", b"25.00"))

    assert lost == ["F-2026-0001.xml is missing"]
    assert back == before
    assert verify_billing(folder) == ["F-2026-0001.xml is not the invoice that its PDF carries"]


def test_whoever_is_not_established_in_france_gets_none_unless_asked(folder: Path) -> None:
    use("nord-1")

    assert not issued(folder).with_suffix(".xml").exists()


def test_an_address_that_asks_gets_one(folder: Path) -> None:
    with writing() as session:
        session.scalars(select(Establishment).where(Establishment.country == "DE")).one().wants_einvoice = True
    use("nord-1")

    assert b"AE" in issued(folder).with_suffix(".xml").read_bytes()


def test_what_is_not_valid_is_never_made_into_a_file(folder: Path) -> None:
    use()
    close()
    (number,) = issue()
    with writing() as session:
        row = session.get_one(Document, document(number).id)
        row.frozen = row.frozen.replace('"siren":"000000002"', '"siren":""')
        row.frozen_sha256 = sha256(row.frozen.encode())

    with pytest.raises(DamagedDocumentError, match="F-2026-0001 is not valid: buyer_siren"):
        render_document(document(number).id, folder, CLOSING)

    assert [file.name for file in folder.iterdir()] == ["F-2026-0001.json"]


def test_a_document_is_never_rendered_again(folder: Path) -> None:
    use()
    path = issued(folder)
    before = path.stat()

    render_document(document(path.stem).id, folder, CLOSING + timedelta(days=1))

    assert path.stat() == before
    assert document(path.stem).issued_at == CLOSING


def test_a_crash_between_the_file_and_the_books_is_resumed_with_the_same_pdf(folder: Path) -> None:
    use()
    path = issued(folder)
    before = path.stat()
    with writing() as session:
        row = session.get_one(Document, document(path.stem).id)
        row.state, row.pdf_sha256, row.issued_at = "numbered", None, None

    render_document(document(path.stem).id, folder, CLOSING)

    assert path.stat() == before
    assert document(path.stem).pdf_sha256 == sha256(path.read_bytes())


def test_a_lost_pdf_comes_back_as_the_very_same(folder: Path) -> None:
    use()
    path = issued(folder)
    path.unlink()

    render_document(document(path.stem).id, folder, CLOSING)

    assert sha256(path.read_bytes()) == document(path.stem).pdf_sha256


@pytest.mark.parametrize("suffix", [".pdf", ".json"])
def test_a_file_that_was_tampered_with_is_said_and_not_overwritten(folder: Path, suffix: str) -> None:
    use()
    path = issued(folder).with_suffix(suffix)
    path.write_bytes(b"something else")

    with pytest.raises(DamagedDocumentError, match="F-2026-0001"):
        render_document(document(path.stem).id, folder, CLOSING)

    assert path.read_bytes() == b"something else"


def test_words_that_changed_in_the_database_are_not_rendered(folder: Path) -> None:
    use()
    close()
    (number,) = issue()
    with writing() as session:
        session.get_one(Document, document(number).id).frozen += " "

    with pytest.raises(DamagedDocumentError, match="not those that were frozen"):
        render_document(document(number).id, folder, CLOSING)

    assert not folder.exists()


def machine(code: str, name: str) -> None:
    """One more printer with its own price, beside an agent of its own."""
    with writing():
        machines.add_agent(f"agent-{code}", **BY)
        machines.add_machine(code, name, "printer", f"agent-{code}", RiskClass.LOW, **BY)
        billing.add_tariff(Scope(machine=code), simple(2400, 900), OPENED, **BY)


def keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for each in value.values() for key in keys(each))]
    return [key for each in value for key in keys(each)] if isinstance(value, list) else []
