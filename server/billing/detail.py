"""The detail of one document by holder number: a file of its own, made on request and never sent along with the document.

A number leads to a person only within the lab; after the time for it is over, it leads to nobody. No time of day is in it.
"""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Charge, Document
from server.billing.printed.figures import euros, hours, long_day
from server.billing.printed.words import Words
from server.db import db, reading, writing
from server.domain.cells import harmless
from server.domain.period import day_of
from server.machines.models import Machine
from server.paper import typeset
from server.usage.models import UsageSession

_TEMPLATE = Path(__file__).parent / "document" / "detail.typ"


@dataclass(frozen=True, slots=True)
class Row:
    """One session. ``holder`` is None where its session has not come back after a restore."""

    day: date
    machine: str
    holder: int | None
    measured_s: int
    billed_s: int
    net_cents: int


@dataclass(frozen=True, slots=True)
class Detail:
    """The sessions of a document in the order of their days; ``other_cents`` is what its other rows come to."""

    content: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def other_cents(self) -> int:
        return int(self.content["net_cents"]) - sum(row.net_cents for row in self.rows)


def of_document(number: str, zone: tzinfo) -> Detail:
    wanted = (
        select(Charge, Machine.name, UsageSession.holder_number)
        .join(Document, Document.id == Charge.document_id)
        .join(Machine, Machine.id == Charge.machine_id)
        .outerjoin(UsageSession, UsageSession.id == Charge.subject)
        .where(Document.number == number, Charge.kind == "session")
    )
    with reading():
        frozen = db.session.scalars(select(Document.frozen).where(Document.number == number)).one()
        found = [_row(charge, name, holder, zone) for charge, name, holder in db.session.execute(wanted)]
    return Detail(json.loads(frozen), tuple(sorted(found, key=lambda row: (row.day, row.machine, row.holder or 0))))


def _row(charge: Charge, machine: str, holder: int | None, zone: tzinfo) -> Row:
    assert charge.ended_at is not None, "a session on a document has ended"
    day = day_of(charge.ended_at, zone)
    return Row(day, machine, holder, charge.occupied_s, charge.billed_s, charge.net_cents)


def hand_out(number: str, zone: tzinfo, reason: str, *, actor: str, now: datetime) -> Detail:
    """The detail of a document, and in the journal that it was handed out, by whom and why."""
    if not reason.strip():
        raise BillingError("Say who asked for it.")
    found = of_document(number, zone)
    with writing():
        audit.record(actor, "hand_out_detail", "document", number, None, {"sessions": len(found.rows)}, reason, now)
    return found


def as_csv(detail: Detail) -> bytes:
    """For a spreadsheet: semicolons, decimal commas, a mark of its encoding at the beginning; minutes and euros as numbers."""
    words = _words(detail)
    file = io.StringIO()
    table = csv.writer(file, delimiter=";", lineterminator="\r\n")
    keys = ("day", "head_machine", "holder", "minutes_measured", "minutes_billed", "amount_net")
    table.writerow([words(key) for key in keys])
    for row in detail.rows:
        minutes = (_decimal(row.measured_s, 60), _decimal(row.billed_s, 60))
        table.writerow(
            [row.day.isoformat(), harmless(row.machine), row.holder or "", *minutes, _decimal(row.net_cents, 100)]
        )
    if detail.other_cents:
        table.writerow(["", words("other_rows"), "", "", "", _decimal(detail.other_cents, 100)])
    return file.getvalue().encode("utf-8-sig")


def _decimal(number: int, of: int) -> str:
    return f"{number / of:.2f}".replace(".", ",")


def as_pdf(detail: Detail) -> bytes:
    """The same to be read, dated at the document's own day."""
    words, content = _words(detail), detail.content
    rows = [
        [
            long_day(row.day, words.language),
            row.machine,
            str(row.holder or ""),
            hours(row.measured_s, words.language),
            hours(row.billed_s, words.language),
            euros(row.net_cents, words.language),
        ]
        for row in detail.rows
    ]
    if detail.other_cents:
        rows.append(["", words("other_rows"), "", "", "", euros(detail.other_cents, words.language)])
    page = {
        "language": words.language,
        "title": words("detail_title", number=content["number"]),
        "about": f"{content['buyer']['legal_name']}, {long_day(date.fromisoformat(content['issued_on']), words.language)}",
        "note": words("detail_note"),
        "trade_name": content["seller"]["trade_name"],
        "head": [
            words(key) for key in ("day", "head_machine", "holder", "head_measured", "head_billed", "head_amount")
        ],
        "rows": rows,
        "sum": [words("net"), euros(content["net_cents"], words.language)],
        "page": [words("page"), words("of")],
    }
    return typeset.pdf(_TEMPLATE, page, date.fromisoformat(content["issued_on"]), tagged=True)


def _words(detail: Detail) -> Words:
    return Words(detail.content["language"], detail.content["kind"])
