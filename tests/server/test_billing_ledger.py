"""The books are checked by working everything out again; each thing that is changed by hand is found."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, Series, Tariff
from server.billing.service import render_document
from server.db import reading, writing
from server.usage.models import UsageSession
from tests.server.billing_lab import CLOSING, close, furnish, issue, use

Change = Callable[[Any], None]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tested here does not depend on the database; issuing and restoring run on both."""
    return sqlite_url


@pytest.fixture
def documents_dir(app: Flask, tmp_path: Path) -> Path:
    """Two issued documents, with their files."""
    furnish()
    use("acme-1", "p1", seconds=3500)
    use("acme-2", "c1", seconds=3600)
    use("nord-1", "p1", seconds=900)
    close()
    issue()
    with reading() as session:
        ids = session.scalars(select(Document.id)).all()
    for document_id in ids:
        render_document(document_id, tmp_path / "documents", CLOSING)
    return tmp_path / "documents"


def change(model: type[Any], to: Change, number: int = 0) -> None:
    with writing() as session:
        order = Series.name if model is Series else model.id
        to(session.scalars(select(model).order_by(order)).all()[number])


def put(name: str, value: Any) -> Change:
    return lambda row: setattr(row, name, value)


def add(name: str, amount: Any) -> Change:
    return lambda row: setattr(row, name, getattr(row, name) + amount)


def test_a_session_that_goes_on_after_a_power_cut_is_charged_without_a_second_fee_and_verified_so(app: Flask) -> None:
    furnish()
    first = use("acme-1", "c1", seconds=600, end_reason="power_loss", cooldown_s=0)
    # Occupied ten minutes, powered fifteen: it cooled down for five of them.
    use("acme-1", "c1", CLOSING - timedelta(days=20), 600, continues=first, cooldown_s=300)
    close()
    issue()

    with reading() as session:
        charged = session.execute(select(Charge.billed_s, Charge.priced, Charge.net_cents, Charge.continues)).all()
    fees = [(billed_s, priced.get("fee_cents", 0), *rest) for billed_s, priced, *rest in charged]
    assert sorted(fees) == [(600, 0, 600, True), (1800, 250, 2050, False)]
    assert verify_billing() == []
    change(Charge, put("continues", False), 1)
    assert any("differ in continues" in problem for problem in verify_billing())


def test_books_in_order_have_no_problem(documents_dir: Path) -> None:
    assert verify_billing(documents_dir) == []


@pytest.mark.parametrize(
    ("model", "to", "words"),
    [
        (Charge, add("net_cents", 1), "cents are charged"),
        (Charge, add("billed_s", 900), "s are billed, its tariff says"),
        (Charge, add("occupied_s", -1), "charge and session differ in occupied_s"),
        (Charge, add("rate_bp", 50), "its VAT is not what its charges come to"),
        (Charge, put("subject", "gone"), "not in the ledger of sessions"),
        (UsageSession, add("occupied_s", 1), "charge and session differ in occupied_s: an adjustment is due"),
        (UsageSession, add("ended_at", timedelta(seconds=1)), "differ in ended_at"),
        (UsageSession, put("state", "open"), "its session is open"),
        (UsageSession, put("simulated", True), "a real document and a simulated session"),
        (Tariff, put("rule", {"session_fee_cents": 1}), "another price than its tariff"),
        (Document, add("gross_cents", 1), "its totals are not what its charges come to"),
        (Document, add("frozen", " "), "its words are not those that were frozen"),
        (Document, put("issued_on", date(2026, 12, 1)), "before the one it follows"),
        (Document, put("number", "F-2026-0009"), "stands where F-2026-0001 belongs"),
        (Document, put("sequence", 9), "series F-2026 jumps from 0 to 2"),
        (Series, add("last_sequence", 1), "series F-2026 stands at 3, its last document is 2"),
    ],
)
def test_what_is_changed_by_hand_is_found(documents_dir: Path, model: type[Any], to: Change, words: str) -> None:
    change(model, to)

    assert words in "\n".join(verify_billing())


@pytest.mark.parametrize("suffix", ["pdf", "json"])
def test_a_file_that_was_changed_or_lost_is_found(documents_dir: Path, suffix: str) -> None:
    changed, lost = documents_dir / f"F-2026-0001.{suffix}", documents_dir / f"F-2026-0002.{suffix}"
    changed.write_bytes(changed.read_bytes() + b" ")
    lost.unlink()

    problems = verify_billing(documents_dir)

    assert problems == [f"{changed.name} is not the file that was issued", f"{lost.name} is missing"]


def test_a_document_the_database_does_not_know_is_found(documents_dir: Path) -> None:
    (documents_dir / "F-2026-0003.json").write_text("{}")

    assert verify_billing(documents_dir) == ["F-2026-0003.json is a document that the database does not know: adopt it"]
