"""Checks the books: charges against the sessions they charge, documents against their charges, files against documents.

Everything is worked out again from what is stored. A problem is a sentence; no problem is an empty list.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.billing import ledger_limits, ledger_rows
from server.billing.einvoice import beside
from server.billing.entries import SAME, charge_rows, load_ids, sha256
from server.billing.models import Charge, Document, Series, Tariff
from server.billing.uses import FINISHED
from server.db import db, reading
from server.domain import numbering, proof
from server.domain.decisions import AS_MEASURED, Decision, says
from server.domain.items import Unit, amount
from server.domain.money import Net, totals
from server.domain.tariffs import Basis
from server.usage import decisions
from server.usage.models import UsageSession

_SUMS = ("net_cents", "vat_cents", "gross_cents")
_FROZEN = ("payer_id", "machine_id", "started_at", "ended_at", "day", *SAME)
_FROM_SESSION = ("machine_id", "payer_id", "started_at", "ended_at", "occupied_s")


def verify_billing(documents_dir: Path | None = None) -> list[str]:
    """All that is wrong, in sentences. With ``documents_dir`` the files of the documents are checked too."""
    with reading() as session:
        documents = session.scalars(select(Document).order_by(Document.series, Document.sequence)).all()
        charges: dict[int, list[Charge]] = defaultdict(list)
        for charge in session.scalars(select(Charge).order_by(Charge.id)):
            charges[charge.document_id].append(charge)
        newest, due = ledger_rows.newest(charges), set[str]()
        problems = [*_charges(documents, charges, newest, due), *_documents(documents, charges), *_series(documents)]
        problems += ledger_rows.problems(documents, charges)
        specimens = {document.id for document in documents if document.specimen}
        standing = [charge for name, charge in newest.items() if name not in due]
        for one in (True, False):
            problems += ledger_limits.problems(row for row in standing if (row.document_id in specimens) is one)
    if documents_dir is not None:
        problems += _files(documents, documents_dir)
    return problems


def _charges(
    documents: Iterable[Document], charges: dict[int, list[Charge]], newest: Mapping[str, Charge], due: set[str]
) -> Iterator[str]:
    """``due`` takes the sessions that something has come to be known of since: an adjustment follows, and what they leave of
    caps and included hours may be charged to others already."""
    is_charged = select(Charge.id).where(Charge.subject == UsageSession.id).exists()
    sessions = {row.id: row for row in db.session.scalars(select(UsageSession).where(is_charged))}
    decided = decisions.newest(is_charged)
    tariffs: dict[int, dict[str, Any]] = dict(db.session.execute(select(Tariff.id, Tariff.rule)).all())
    for document in documents:
        for charge in charges[document.id]:
            problem = ""
            if charge.kind == "session":
                session = sessions.get(charge.subject)
                decision = decided.get(charge.subject, AS_MEASURED)
                if newest.get(charge.subject) is charge:
                    problem = _charge(charge, session, document.specimen) or _decided(charge, decision)
                    problem = _unless_due(problem, charge.subject, document, due)
                problem = problem or _rated(charge, tariffs)
            elif charge.kind == "item":
                problem = fault_of_item(charge)
            elif charge.kind == "adjust":
                problem = _adjusted(charge, sessions, decided, newest, document, due)
            if problem:
                yield f"{document.number}, {charge.kind} {charge.subject}: {problem}"


def _unless_due(problem: str, session_id: str, document: Document, due: set[str]) -> str:
    if problem and ledger_rows.is_known_since(session_id, document):
        due.add(session_id)
        return ""
    return problem


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
    differing += [name for name in _measured_otherwise(charge, session) if name not in differing]
    return f"charge and session differ in {', '.join(differing)}: an adjustment is due" if differing else ""


def _measured_otherwise(charge: Charge, session: UsageSession) -> list[str]:
    """The times that its price is for, where the session has others. A time nobody measured is what counts by decision."""
    measured = {
        Basis.OCCUPIED: session.occupied_s,
        Basis.POWERED: max(0, session.powered_s - session.cooldown_s),
        Basis.RUNNING: charge.counted_s if session.running_s is None else session.running_s,
        Basis.COOLDOWN: session.cooldown_s,
    }
    parts = charge.priced.get("parts", [])
    return [f"{part['basis']}_s" for part in parts if part["measured_s"] != measured[Basis(part["basis"])]]


def _decided(charge: Charge, decision: Decision) -> str:
    """What people decided about the session against what its charge says of that."""
    told = says(charge.counted_s, charge.free, charge.occupied_s, decision)
    return "" if told else "its charge does not say what was decided about the session"


def _rated(charge: Charge, tariffs: Mapping[int, dict[str, Any]]) -> str:
    """The charge worked out again, from the tariff it names and from its own steps."""
    if charge.tariff_id is not None and tariffs.get(charge.tariff_id) != charge.priced.get("rule"):
        return "the charge has another price than its tariff"
    return _steps(charge, charge.priced, charge.net_cents)


def _steps(charge: Charge, priced: dict[str, Any], net_cents: int) -> str:
    if charge.started_at is None:
        return "it does not say when it began"
    said = proof.Charged(
        started_at=charge.started_at,
        occupied_s=charge.occupied_s,
        counted_s=charge.counted_s,
        free=charge.free,
        continues=charge.continues,
        billed_s=charge.billed_s,
        net_cents=net_cents,
        priced=priced,
    )
    try:
        return next(proof.faults(said), "")
    except (KeyError, TypeError, ValueError) as error:
        return f"its price cannot be read: {error!r}"


def _adjusted(
    charge: Charge,
    sessions: Mapping[str, UsageSession],
    decided: Mapping[str, Decision],
    newest: Mapping[str, Charge],
    document: Document,
    due: set[str],
) -> str:
    """What came to be known of a session after it was charged: against the session, and against all that was charged of it."""
    subject = charge.priced.get("adjusts", "")
    session = sessions.get(subject)
    if newest.get(subject) is charge and session is not None:
        stands = (session.occupied_s, session.ended_at) == (charge.occupied_s, charge.ended_at)
        problem = "" if stands else "adjustment and session differ: another one is due"
        problem = problem or _decided(charge, decided.get(subject, AS_MEASURED))
        if problem := _unless_due(problem, subject, document, due):
            return problem
    return _steps(charge, charge.priced.get("steps", {}), charge.net_cents + charge.priced.get("before_cents", 0))


def fault_of_item(charge: Charge) -> str:
    """Hours are written with four places, and are whole seconds."""
    try:
        quantity = Decimal(charge.priced["quantity"])
        if charge.priced["unit"] == Unit.HOUR:
            quantity = Decimal(round(quantity * 3600)) / 3600
        worth = amount(quantity, Decimal(charge.priced.get("unit_cents", 0)))
    except (KeyError, ArithmeticError) as error:
        return f"its amount cannot be read: {error!r}"
    due = 0 if charge.free else worth
    return "" if due == charge.net_cents else f"{charge.net_cents} cents are charged, {due} are due"


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
        booked = {charge.subject: [getattr(charge, name) for name in _FROZEN] for charge in charges[document.id]}
        if booked != {row["subject"]: [row[name] for name in _FROZEN] for row in frozen}:
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


def _files_of(document: Document, directory: Path) -> Iterator[str]:
    are_whole = True
    for suffix, expected in (("json", document.frozen_sha256), ("pdf", document.pdf_sha256)):
        path = directory / f"{document.number}.{suffix}"
        if path.exists() and sha256(path.read_bytes()) == expected:
            continue
        are_whole = False
        yield f"{path.name} is not the file that was issued" if path.exists() else f"{path.name} is missing"
    if are_whole:
        yield from beside.faults(directory / f"{document.number}.pdf")


def _files(documents: Iterable[Document], directory: Path) -> Iterator[str]:
    known: dict[str, Document] = {document.number: document for document in documents}
    for document in known.values():
        if document.state != "issued":
            continue  # numbered a moment ago: its job will write the files
        yield from _files_of(document, directory)
    for path in sorted(directory.glob("*.json")):
        if path.stem not in known:
            yield f"{path.name} is a document that the database does not know: adopt it"
