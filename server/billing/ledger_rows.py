"""The rows of the books one by one: whether each is as it was written, and which one is not.

Every document carries its charges in its frozen words; prices, documents and what platforms said of them carry a seal; the rest
follows from what is beside it. So a byte changed by other hands shows with the table and the row it stands in.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any, cast

from sqlalchemy import Table, select

from server.audit import seals
from server.billing.entries import SAME, charge_rows, load_ids, sha256
from server.billing.models import Charge, Document, PlatformState, Series, Tariff
from server.db import db
from server.usage.models import Event, SessionDecision
from wire.messages import SessionEnded

CHARGES = "charges"  # sealed together, a document's
_SAID = ("payer_id", "machine_id", "started_at", "ended_at", "day", *SAME)


def newest(charges: Mapping[int, Iterable[Charge]]) -> dict[str, Charge]:
    """By session the charge that says how it stands: the last one, unless a credit note lets it be charged anew."""
    found: dict[str, Charge] = {}
    for charge in sorted((one for own in charges.values() for one in own), key=lambda one: one.id):
        subject = charge.priced.get("adjusts") or charge.priced.get("corrects") or charge.subject
        if charge.kind == "credit":
            if charge.priced.get("reopens"):
                found.pop(subject, None)
        elif charge.kind != "item":
            found[subject] = charge
    return found


def is_known_since(session_id: str, document: Document) -> bool:
    """Whether its end came in, or somebody decided about it, on the day of this document or later: an adjustment is due, and
    nothing is wrong with the books."""
    since = datetime.combine(document.issued_on, time(), tzinfo=UTC)
    came = select(Event.id).where(
        Event.session == session_id, Event.kind == SessionEnded.KIND, Event.received_at >= since
    )
    decided = select(SessionDecision.id).where(SessionDecision.session_id == session_id, SessionDecision.at >= since)
    return any(db.session.scalar(one.limit(1)) is not None for one in (came, decided))


def seal_charges(document_id: int) -> None:
    """After they are written, inside ``writing()``."""
    seals.put(db.session.connection(), CHARGES, str(document_id), _rows_of(document_id))


def problems(documents: Iterable[Document], charges: Mapping[int, list[Charge]]) -> list[str]:
    """Inside ``reading()``."""
    documents = list(documents)
    found = [problem for document in documents for problem in _charges(document, charges.get(document.id, []))]
    numbers = {str(document.id): document.number for document in documents}
    for problem in seals.differing(CHARGES, ((key, _rows_of(int(key))) for key in numbers)):
        key = problem.split()[1].rstrip(":")
        found.append(f"{numbers.get(key, key)}: the rows of its charges are not those that were written")
    for model in (Document, Tariff, PlatformState):
        found += seals.broken(model)
    known = {document.id for document in documents}
    loose = [charge for document_id, own in charges.items() if document_id not in known for charge in own]
    found += [f"charge {charge.id}: it stands on no document" for charge in loose]
    return [*found, *_counters(documents)]


def alone() -> list[str]:
    """The same, for whoever has not read them. Inside ``reading()``."""
    charges: dict[int, list[Charge]] = defaultdict(list)
    for charge in db.session.scalars(select(Charge).order_by(Charge.id)):
        charges[charge.document_id].append(charge)
    return problems(db.session.scalars(select(Document).order_by(Document.id)).all(), charges)


def _charges(document: Document, charges: Iterable[Charge]) -> Iterator[str]:
    """Each charge against the words of its document."""
    if sha256(document.frozen.encode()) != document.frozen_sha256:
        return  # said already; its words are not to be believed
    try:
        frozen = {(row["subject"], row["round"]): row for row in charge_rows(json.loads(document.frozen), load_ids())}
    except (KeyError, ValueError):
        return  # said already, too
    for charge in charges:
        row = frozen.pop((charge.subject, charge.round), None)
        if row is None:
            yield f"charge {charge.id}: {document.number} does not say anything of it"
        elif differing := [name for name in _SAID if getattr(charge, name) != row[name]]:
            yield f"charge {charge.id}: {', '.join(differing)} not as {document.number} says"
    yield from (f"{document.number}: the charge of {subject} is not there" for subject, _ in frozen)


def _rows_of(document_id: int) -> list[dict[str, Any]]:
    table = cast("Table", Charge.__table__)
    rows = db.session.execute(select(table).where(table.c.document_id == document_id).order_by(table.c.id))
    return [dict(row) for row in rows.mappings()]


def _counters(documents: Iterable[Document]) -> Iterator[str]:
    """The date of a series is that of its last document."""
    last: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        last[document.series].append(document)
    for row in db.session.scalars(select(Series)):
        own = last.get(row.name)
        if own and row.last_date != max(document.issued_on for document in own):
            yield f"series {row.name}: its last date is not that of its last document"
