"""After a restore: documents that were issued since the backup come back from the files beside their PDFs.

What left the house stays issued. Its number is never given again, and its sessions are never charged again, even
where the rest of the document cannot be put back and a person has to look.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, tuple_

from server.audit import service as audit
from server.billing import entries
from server.billing.errors import BillingError
from server.billing.giving import link
from server.billing.ledger_rows import seal_charges
from server.billing.models import Charge, Document, Series
from server.db import db, writing
from server.domain.decisions import AS_MEASURED, Decision
from server.jobs import service as jobs
from server.people.models import Establishment, Tenant
from server.usage import decisions

ACTOR = "restore"


def adopt_documents(documents_dir: Path, now: datetime) -> list[str]:
    """Put back every document that has its words in a file and no row. Returns their numbers.

    BillingError, after all others are adopted, names those that could not be and why.
    """
    adopted: list[str] = []
    problems: list[str] = []
    for content, text, path in _read(documents_dir, problems):
        problem = _adopt(content, text, path.with_suffix(".pdf"), now)
        if problem is None:
            adopted.append(content["number"])
        elif problem:
            problems.append(f"{content['number']}: {problem}")
    if problems:
        raise BillingError("not every document could be adopted: %(problems)s", problems="; ".join(problems))
    return adopted


def _read(documents_dir: Path, problems: list[str]) -> list[tuple[dict[str, Any], str, Path]]:
    """Every document there is a file of, in the order of their numbers; what cannot be read is a problem."""
    found = []
    for path in documents_dir.glob("*.json"):
        try:
            text = path.read_text(encoding="utf-8")
            found.append((json.loads(text), text, path))
        except ValueError:
            problems.append(f"{path.name} cannot be read")
    return sorted(found, key=lambda one: (one[0]["series"], one[0]["sequence"]))


def _adopt(content: dict[str, Any], text: str, rendered: Path, now: datetime) -> str | None:
    """None when it was adopted, "" when it was there already, else why it cannot be."""
    with writing() as session:
        _lift_series(content["series"], content["sequence"], date.fromisoformat(content["issued_on"]))
        known = session.scalar(select(Document.frozen).where(Document.number == content["number"]))
        if known is not None:
            return "" if known == text else "the database has another document of this number"
        ids = entries.load_ids()
        establishment_id = _establishment(content["buyer"])
        problem = _missing(content, ids, establishment_id)
        if problem or establishment_id is None:
            return problem
        document = entries.document_row(content, text, establishment_id)
        if rendered.exists():
            document.state, document.issued_at = "issued", now
            document.pdf_sha256 = entries.sha256(rendered.read_bytes())
        link(document, content["corrects"])
        entries.add(document, entries.charge_rows(content, ids))
        seal_charges(document.id)
        _adopt_decisions(content, now)
        audit.record(ACTOR, "adopt", "document", document.number, None, {"month": document.month}, "", now)
        jobs.announce("document", document.number, now)
        if not rendered.exists():
            jobs.enqueue("render_document", {"document_id": document.id}, now)
    return None


def _adopt_decisions(content: dict[str, Any], now: datetime) -> None:
    """What was decided about its sessions came to this document; the books may have been older than that."""
    for charge in content["charges"]:
        decision = Decision(charge["counted_s"], charge["free"])
        if charge["kind"] == "session" and decision != AS_MEASURED:
            reason = f"as it stands on {content['number']}"
            decisions.adopt(charge["subject"], decision, reason, actor=ACTOR, now=now)


def _lift_series(name: str, sequence: int, day: date) -> None:
    """Whatever becomes of the document itself, its number is taken."""
    row = db.session.get(Series, name)
    if row is None:
        db.session.add(Series(name=name, last_sequence=sequence, last_date=day))
        db.session.flush()
    elif row.last_sequence < sequence:
        row.last_sequence, row.last_date = sequence, max(day, row.last_date or day)


def _establishment(buyer: dict[str, Any]) -> int | None:
    wanted = (
        select(Establishment.id)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(Tenant.code == buyer["tenant"], Establishment.legal_name == buyer["legal_name"])
        .order_by(Establishment.street != buyer["street"], Establishment.id)
    )
    found: int | None = db.session.scalar(wanted.limit(1))
    return found


def _missing(content: dict[str, Any], ids: entries.Ids, establishment_id: int | None) -> str:
    """What the restored database lacks for this document, in words; empty when nothing."""
    if establishment_id is None:
        return f"{content['buyer']['legal_name']} is not in the database"
    payers = {charge["payer"] for charge in content["charges"]} - ids.payers.keys()
    machines = {charge["machine"] for charge in content["charges"] if charge["machine"]} - ids.machines.keys()
    if payers or machines:
        return f"not in the database: {', '.join(sorted(payers | machines))}"
    subjects = [(charge["subject"], charge["round"]) for charge in content["charges"]]
    taken = select(Charge.subject).where(tuple_(Charge.subject, Charge.round).in_(subjects))
    twice = db.session.scalar(taken.limit(1))
    return f"session {twice} stands on another document already" if twice else ""
