"""Checks the books: charges against the sessions they charge, documents against their charges, files against documents.

Everything is worked out again from what is stored. A problem is a sentence; no problem is an empty list.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.billing.entries import SAME, charge_rows, load_ids, sha256
from server.billing.facts import FINISHED, load_tariffs
from server.billing.models import Charge, Document, Series
from server.db import db, reading
from server.domain import numbering
from server.domain.decisions import AS_MEASURED, Decision, says
from server.domain.money import Net, price_of, totals, whole_cents
from server.domain.rating import Tariff, billed_seconds, session_fee
from server.usage import decisions
from server.usage.models import UsageSession

_SUMS = ("net_cents", "vat_cents", "gross_cents")
_FROZEN = ("session_id", "payer_id", "machine_id", "started_at", "ended_at", *SAME)
_FROM_SESSION = ("machine_id", "payer_id", "started_at", "ended_at", "occupied_s")


def verify_billing(documents_dir: Path | None = None) -> list[str]:
    """All that is wrong, in sentences. With ``documents_dir`` the files of the documents are checked too."""
    with reading() as session:
        documents = session.scalars(select(Document).order_by(Document.series, Document.sequence)).all()
        charges: dict[int, list[Charge]] = defaultdict(list)
        for charge in session.scalars(select(Charge).order_by(Charge.id)):
            charges[charge.document_id].append(charge)
        problems = [*_charges(documents, charges), *_documents(documents, charges), *_series(documents)]
    if documents_dir is not None:
        problems += _files(documents, documents_dir)
    return problems


def _charges(documents: Iterable[Document], charges: dict[int, list[Charge]]) -> Iterator[str]:
    charged = select(UsageSession).join(Charge, Charge.session_id == UsageSession.id)
    sessions = {row.id: row for row in db.session.scalars(charged)}
    is_charged = select(Charge.id).where(Charge.session_id == UsageSession.id).exists()
    decided = decisions.newest(is_charged)
    tariffs = {tariff.id: tariff for tariff in load_tariffs()}
    for document in documents:
        for charge in charges[document.id]:
            tariff = tariffs.get(charge.tariff_id) if charge.tariff_id is not None else None
            session = sessions.get(charge.session_id)
            decision = decided.get(charge.session_id, AS_MEASURED)
            problem = (
                _charge(charge, session, document.specimen) or _decided(charge, decision) or _rated(charge, tariff)
            )
            if problem:
                yield f"{document.number}, session {charge.session_id}: {problem}"


def _charge(charge: Charge, session: UsageSession | None, specimen: bool) -> str:
    """What the session says against its charge."""
    if session is None:
        return "charged, and not in the ledger of sessions"
    if session.state not in FINISHED:
        return f"charged, and its session is {session.state}"
    if session.simulated != specimen:
        return "a real document and a simulated session, or the other way round"
    differing = [name for name in _FROM_SESSION if getattr(charge, name) != getattr(session, name)]
    if charge.continues is not bool(session.continues):
        differing.append("continues")
    return f"charge and session differ in {', '.join(differing)}: an adjustment is due" if differing else ""


def _decided(charge: Charge, decision: Decision) -> str:
    """What people decided about the session against what its charge says of that."""
    told = says(charge.counted_s, charge.free, charge.occupied_s, decision)
    return "" if told else "its charge does not say what was decided about the session"


def _rated(charge: Charge, tariff: Tariff | None) -> str:
    """The charge worked out again, from the tariff it names and from its own steps."""
    if tariff is not None:
        fee_cents = session_fee(charge.billed_s, tariff, charge.continues)
        rule = (tariff.cents_per_hour, tariff.step_s, fee_cents)
        if rule != (charge.cents_per_hour, charge.step_s, charge.fee_cents):
            return "the charge has another price than its tariff"
        counting_s = charge.occupied_s if charge.counted_s is None else charge.counted_s
        billed_s = 0 if charge.free else billed_seconds(counting_s, tariff, charge.continues)
        if charge.billed_s != billed_s:
            return f"{charge.billed_s} s are billed, its tariff says {billed_s} s"
    net_cents = whole_cents(price_of(charge.billed_s, charge.cents_per_hour) + charge.fee_cents)
    return "" if net_cents == charge.net_cents else f"{charge.net_cents} cents are charged, {net_cents} are due"


def _documents(documents: Iterable[Document], charges: dict[int, list[Charge]]) -> Iterator[str]:
    ids = load_ids()
    for document in documents:
        if sha256(document.frozen.encode()) != document.frozen_sha256:
            yield f"{document.number}: its words are not those that were frozen"
            continue
        content = json.loads(document.frozen)
        yield from (f"{document.number}: {problem}" for problem in _sums(document, content, charges[document.id]))
        try:
            frozen = charge_rows(content, ids)
        except KeyError as missing:
            yield f"{document.number}: {missing} is not in the database any more"
            continue
        booked = {tuple(getattr(charge, name) for name in _FROZEN) for charge in charges[document.id]}
        if booked != {tuple(row[name] for name in _FROZEN) for row in frozen}:
            yield f"{document.number}: its charges are not those that were frozen"


def _sums(document: Document, content: dict[str, Any], charges: Iterable[Charge]) -> Iterator[str]:
    """Charges, lines, VAT and totals, each against the one before."""
    due = totals(Net(charge.net_cents, charge.vat_category, charge.rate_bp) for charge in charges)
    lines = [line for group in content["groups"] for line in group["lines"]]
    stated = totals(Net(line["net_cents"], line["category"], line["rate_bp"]) for line in lines)
    if stated.vat != due.vat:
        yield f"its lines come to {stated.net_cents} cents net, its charges to {due.net_cents}"
    printed = [(row["category"], row["rate_bp"], row["net_cents"], row["vat_cents"]) for row in content["vat"]]
    if printed != [(row.category, row.rate_bp, row.net_cents, row.vat_cents) for row in due.vat]:
        yield "its VAT is not what its charges come to"
    sums = (due.net_cents, due.vat_cents, due.gross_cents)
    if sums != tuple(content[name] for name in _SUMS) or sums != tuple(getattr(document, name) for name in _SUMS):
        yield f"its totals are not what its charges come to ({due.gross_cents} cents)"


def _series(documents: Iterable[Document]) -> Iterator[str]:
    """Numbers without gaps, dates that never go back, and a counter that stands at the last number."""
    given: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        given[document.series].append(document)
        number = numbering.Number(document.series, document.sequence)
        if document.number != str(number):
            yield f"{document.number} stands where {number} belongs"
    for name, own in given.items():
        yield from numbering.faults(name, [(document.sequence, document.issued_on) for document in own])
    for row in db.session.scalars(select(Series)):
        last = max((document.sequence for document in given.pop(row.name, [])), default=0)
        if row.last_sequence != last:
            yield f"series {row.name} stands at {row.last_sequence}, its last document is {last}"
    yield from (f"series {name} has documents and no counter" for name in given)


def _files(documents: Iterable[Document], directory: Path) -> Iterator[str]:
    known: dict[str, Document] = {document.number: document for document in documents}
    for document in known.values():
        if document.state != "issued":
            continue  # numbered a moment ago: its job will write the files
        for suffix, expected in (("json", document.frozen_sha256), ("pdf", document.pdf_sha256)):
            path = directory / f"{document.number}.{suffix}"
            if not path.exists():
                yield f"{path.name} is missing"
            elif sha256(path.read_bytes()) != expected:
                yield f"{path.name} is not the file that was issued"
    for path in sorted(directory.glob("*.json")):
        if path.stem not in known:
            yield f"{path.name} is a document that the database does not know: adopt it"
