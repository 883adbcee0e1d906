"""After a restore, what left the house comes back from its files: no number twice, no session charged twice."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select

from server.audit.models import LedgerSeal
from server.billing.ledger import verify_billing
from server.billing.models import Charge, Document, Draft, Series
from server.billing.service import BillingError, adopt_documents, render_document
from server.db import reading, writing
from server.jobs.models import Job
from server.people.models import Establishment
from server.usage.models import UsageSession
from tests.server.billing_lab import CLOSING, close, furnish, issue, use

Rows = list[tuple[object, ...]]


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Path:
    """Two documents, issued and rendered since a backup that knows nothing of them."""
    furnish()
    use("acme-1")
    use("nord-1")
    close()
    issue()
    with reading() as session:
        ids = session.scalars(select(Document.id)).all()
    for document_id in ids:
        render_document(document_id, tmp_path, CLOSING)
    return tmp_path


def forget() -> None:
    """What a restore of yesterday's backup does to today's documents."""
    with writing() as session:
        for model in (Charge, Document, Draft, Series, Job):
            session.execute(delete(model))
        session.execute(delete(LedgerSeal).where(LedgerSeal.of.in_(["document", "charges"])))


def books() -> tuple[Rows, Rows]:
    with reading() as session:
        documents = session.execute(
            select(Document.number, Document.frozen, Document.gross_cents, Document.state, Document.pdf_sha256)
        )
        charges = session.execute(
            select(Charge.subject, Charge.payer_id, Charge.machine_id, Charge.tariff_id, Charge.net_cents)
        )
        return sorted(map(tuple, documents)), sorted(map(tuple, charges))


def test_documents_and_charges_come_back_as_they_were(folder: Path) -> None:
    before = books()
    forget()

    adopted = adopt_documents(folder, CLOSING)

    assert adopted == ["F-2026-0001", "F-2026-0002"]
    assert books() == before
    assert verify_billing(folder) == []


def test_no_number_is_given_twice_and_no_session_charged_twice(folder: Path) -> None:
    forget()
    adopt_documents(folder, CLOSING)
    use("berg-1")

    assert issue(now=CLOSING + timedelta(days=1)) == ["F-2026-0003"]


def test_charges_come_back_before_their_sessions_do(folder: Path) -> None:
    forget()
    with writing() as session:
        session.execute(delete(UsageSession))

    assert len(adopt_documents(folder, CLOSING)) == 2
    assert "not in the ledger of sessions" in verify_billing(folder)[0]


def test_adopting_again_changes_nothing(folder: Path) -> None:
    before = books()

    assert adopt_documents(folder, CLOSING) == []
    assert books() == before


def test_a_document_without_its_pdf_is_rendered_again(folder: Path) -> None:
    forget()
    (folder / "F-2026-0001.pdf").unlink()

    adopt_documents(folder, CLOSING)

    with reading() as session:
        states = {row.number: (row.id, row.state) for row in session.scalars(select(Document))}
        jobs = session.scalars(select(Job)).all()
    document_id, state = states["F-2026-0001"]
    assert (state, states["F-2026-0002"][1]) == ("numbered", "issued")
    assert [job.args for job in jobs] == [{"document_id": document_id}]


def lose_the_establishment(_: Path) -> None:
    forget()
    with writing() as session:
        session.scalars(select(Establishment).where(Establishment.legal_name == "Acme SARL")).one().legal_name = "Other"


def other_words(folder: Path) -> None:
    path = folder / "F-2026-0001.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"gross_cents": 1}))


def unreadable(folder: Path) -> None:
    (folder / "F-2026-0001.json").write_bytes(b"{\xff")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lose_the_establishment, "F-2026-0001: Acme SARL is not in the database"),
        (other_words, "F-2026-0001: the database has another document of this number"),
        (unreadable, "F-2026-0001.json cannot be read"),
    ],
)
def test_what_cannot_be_adopted_is_said_and_the_rest_is_adopted(
    folder: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(folder)

    with pytest.raises(BillingError, match=words):
        adopt_documents(folder, CLOSING)

    with reading() as session:
        assert session.scalar(select(Document.state).where(Document.number == "F-2026-0002")) == "issued"
        assert session.get_one(Series, "F-2026").last_sequence == 2, "the number is taken all the same"
