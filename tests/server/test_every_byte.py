"""One byte changed anywhere in the books is found, and the row it stands in is named.

A small ledger with everything in it; each byte of each value of each row is changed, the books are checked, and it is changed
back. Of long values every so-many-th byte is taken: they stand or fall with one hash. ``FLIP_ALL=1`` takes them all.
"""

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from server.billing import platform
from server.billing.credit_notes import Chosen, credit
from server.billing.documents import render_document
from server.billing.models import Charge, Document
from server.billing.platform import State
from server.billing.verifying import verify
from server.db import closing_database, db, make_app, reading
from server.domain.decisions import Free
from server.ingest import ingest
from server.supplies import service as supplies
from server.supplies.service import ItemFacts
from server.usage import decisions
from tests.server.billing_lab import CLOSING, ZONE, close, furnish, issue
from tests.server.paper_agent import PaperAgent, uuid

TAKEN = None if os.environ.get("FLIP_ALL") else 5  # bytes of a value
FEWEST = 600
# What stands in the books of a lab, each row with its key.
TABLES = {
    "event": "id",
    "event_payload": "event_id",
    "usage_session": "id",
    "session_decision": "id",
    "tariff": "id",
    "charge": "id",
    "document": "id",
    "series": "name",
    "platform_state": "id",
}
KNOWN_BY = ("subject", "number", "session_id", "name")  # columns
START = datetime(2026, 10, 5, 8, tzinfo=UTC)
NEXT = datetime(2026, 12, 3, 9, tzinfo=UTC)


class Flip(NamedTuple):
    table: str
    key: Any
    column: str
    value: Any
    known: frozenset[str]  # what a sentence may call the row by


@pytest.fixture(scope="module")
def ledger(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Events, sessions, decisions, an item, three documents with files, two of them credit notes, one for an adjustment; and a
    word of the platform."""
    folder = tmp_path_factory.mktemp("ledger")
    file = folder / "lab.db"
    file.write_bytes(_sqlite_template.read_bytes())
    with make_app(f"sqlite:///{file}").app_context(), closing_database():
        furnish()
        agent = PaperAgent()
        for number, (machine, seconds) in enumerate((("p1", 3600), ("c1", 1800))):
            session_id = uuid("session", number)
            agent.starts(session_id, machine, START, payer="acme-1")
            agent.ends(session_id, machine, START, seconds, payer="acme-1")
        ingest(agent.sent, START + timedelta(hours=2))
        by: Any = {"actor": "manager", "now": CLOSING - timedelta(days=10)}
        decisions.correct_end(uuid("session", 1), START + timedelta(minutes=20), "forgotten", **by)
        badge = {"fr": "Badge perdu", "de": "Verlorene Karte", "en": "Lost badge"}
        item = ItemFacts("acme-1", START.date(), badge, "machine_use", Decimal(1), "piece", Decimal(1500))
        supplies.add_one_off(item, "lost", **by)
        close()
        issue()
        now = CLOSING + timedelta(days=1)
        decisions.do_not_charge(uuid("session", 1), Free.GOODWILL, "spoiled", actor="manager", now=now)
        credit("F-2026-0001", Chosen(frozenset({uuid("session", 0)})), "Nozzle", zone=ZONE, actor="manager", now=now)
        platform.note_state(
            "F-2026-0001", State.DEPOSITED, CLOSING.date(), "at noon", today=now.date(), actor="manager", now=now
        )
        close("2026-11", NEXT)
        issue("2026-11", NEXT)
        with reading() as session:
            assert set(session.scalars(select(Charge.kind))) == {"session", "item", "credit", "adjust"}
            ids = list(session.scalars(select(Document.id)))
        for document_id in ids:
            render_document(document_id, folder / "documents", now)
        assert verify(folder / "documents") == []
        yield file


def test_every_byte_that_is_changed_is_found_and_placed(ledger: Path) -> None:
    documents = ledger.parent / "documents"
    tried, missed, nowhere = 0, [], []
    with sqlite3.connect(ledger, isolation_level=None) as books:
        for flip in list(_flips(books)):
            change = f'UPDATE "{flip.table}" SET "{flip.column}" = ? WHERE "{TABLES[flip.table]}" = ?'
            before = books.execute(_one(flip), (flip.key,)).fetchone()[0]
            try:
                books.execute(change, (flip.value, flip.key))
            except sqlite3.IntegrityError:
                continue  # the database itself does not take it
            key = flip.value if flip.column == TABLES[flip.table] else flip.key
            db.session.expire_all()
            problems = verify(documents)
            books.execute(change, (before, key))
            tried += 1
            if not problems:
                missed.append(flip)
            elif not any(_names(flip, problem) for problem in problems):
                nowhere.append((flip, problems))
    books.close()

    print(f"\n{tried} bytes changed, {len(missed)} not found, {len(nowhere)} not placed")
    assert missed == []
    assert nowhere == []
    assert tried > FEWEST
    assert verify(documents) == [], "all is as it was"


def _one(flip: Flip) -> str:
    return f'SELECT "{flip.column}" FROM "{flip.table}" WHERE "{TABLES[flip.table]}" = ?'


def _flips(books: sqlite3.Connection) -> Iterator[Flip]:
    numbers = dict(books.execute("SELECT id, number FROM document").fetchall())
    for table, key in TABLES.items():
        columns = [row[1] for row in books.execute(f'PRAGMA table_info("{table}")')]
        for row in books.execute(f'SELECT * FROM "{table}"').fetchall():
            said = dict(zip(columns, row, strict=True))
            for column, value in said.items():
                known = frozenset(str(said[name]) for name in KNOWN_BY if said.get(name))
                known |= frozenset({numbers[said["document_id"]]} if "document_id" in said else ())
                for changed in _changed(value):
                    yield Flip(table, said[key], column, changed, known)


def _changed(value: Any) -> Iterator[Any]:
    """The value with one byte of it another; of a number, one digit."""
    match value:
        case None:
            return
        case bytes():
            for at in _taken(len(value)):
                yield value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        case str():
            for at in _taken(len(value)):
                yield value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        case _:
            digits = str(value)
            for at in range(len(digits)):
                if digits[at].isdigit():
                    yield int(digits[:at] + chr(ord(digits[at]) ^ 1) + digits[at + 1 :])


def _taken(length: int) -> Iterator[int]:
    if TAKEN is None or length <= TAKEN:
        yield from range(length)
    else:
        yield from (length * step // TAKEN for step in range(TAKEN))


def _names(flip: Flip, problem: str) -> bool:
    """Whether a sentence says where: the row by its key before or after, or what people know it by."""
    keys = {str(flip.key), *([str(flip.value)] if flip.column == TABLES[flip.table] else [])}
    table = "event" if flip.table == "event_payload" else flip.table
    words = {f"{table} {key}{end}" for key in keys for end in (":", " ")}
    return any(name in problem for name in words | flip.known | {key for key in keys if not key.isdigit()})
