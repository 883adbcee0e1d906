"""A number and a frozen document, in one short transaction: the only place where either comes from.

Everything is computed before. The transaction takes the number, writes the document, its charges and the job to render it, or
nothing at all; so it may be killed anywhere, and run twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from server.audit import service as audit
from server.billing import entries
from server.billing.errors import BillingError
from server.billing.ledger_rows import seal_charges
from server.billing.models import Charge, Document, Series
from server.db import db, reading, writing
from server.domain.duties import LONGEST_PUBLIC_TERM, LONGEST_TERM
from server.domain.numbering import DateGoesBack, Last, Number, following, series_name, statement_series
from server.jobs import service as jobs

Content = dict[str, Any]
Check = Callable[[list[dict[str, Any]]], None]
_TRIES = 20  # each lost only to another process that took the number we had prepared


class GoneError(Exception):
    """What was to be written is not so any more: done by another process, decided about, built anew. Nothing was written."""


class _LostRaceError(Exception):
    """Another process took this number first; nothing was written."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    number: Number
    document: Document
    charges: list[dict[str, Any]]


def give(
    content: Content,
    establishment_id: int,
    day: date,
    ids: entries.Ids,
    check: Check,
    *,
    reason: str = "",
    actor: str,
    now: datetime,
) -> Number:
    """Give this draft its number, dated ``day``. ``check`` looks at the charges inside the transaction, holds fast what they
    follow from, and raises GoneError where that has changed. BillingError where the date would go back."""
    series = series_of(content, day)
    for _ in range(_TRIES):
        prepared = _prepare(content, establishment_id, next_number(series, day), day, ids)
        try:
            _write(prepared, content["corrects"], check, day, reason, actor, now)
        except _LostRaceError:
            continue
        return prepared.number
    raise BillingError(f"no number could be taken in series {series}: too many processes issue at once")


def series_of(content: Content, day: date) -> str:
    """A statement is no invoice: it takes no number of theirs."""
    if content["kind"] == "statement":
        return statement_series(content["month"], content["buyer"]["tenant"], content["specimen"])
    return series_name(content["prefix"], day, content["specimen"])


def next_number(series: str, day: date) -> Number:
    with reading() as session:
        row = session.get(Series, series)
        last = Last(row.last_sequence, row.last_date) if row else Last(0, None)
    number = following(series, last, day)
    if isinstance(number, DateGoesBack):
        raise BillingError(str(number))
    return number


def term(content: Mapping[str, Any]) -> int:
    """How many days this customer has to pay it. A credit note is due at once."""
    if content["kind"] == "credit_note":
        return 0
    seller, customer = content["seller"], content["buyer"]["customer"]
    days: int = seller["payment_days" if customer == "business" else f"payment_days_{customer}"]
    return days


def due_on(content: Content, day: date) -> date:
    """The day by which it is to be paid. BillingError for a term that is too long."""
    days, customer = term(content), content["buyer"]["customer"]
    if customer == "public" and days > LONGEST_PUBLIC_TERM:
        raise BillingError(
            "A public body pays within %(days)s days (art. R2192-10 of the code de la commande publique).",
            days=LONGEST_PUBLIC_TERM,
        )
    if not 0 <= days <= LONGEST_TERM:
        raise BillingError(
            "A monthly invoice is payable within %(days)s days (art. L441-10 I al. 4 of the code de commerce).",
            days=LONGEST_TERM,
        )
    return day + timedelta(days=days)


def _prepare(content: Content, establishment_id: int, number: Number, day: date, ids: entries.Ids) -> _Prepared:
    frozen = content | {
        "number": str(number),
        "series": number.series,
        "sequence": number.sequence,
        "issued_on": day.isoformat(),
        "due_on": due_on(content, day).isoformat(),
    }
    document = entries.document_row(frozen, entries.canonical(frozen), establishment_id)
    return _Prepared(number, document, entries.charge_rows(frozen, ids))


def link(document: Document, corrected: list[dict[str, Any]]) -> None:
    """A credit note knows the invoice that its words name, or the statement that it was made of; inside ``writing()``."""
    for one in corrected:
        ours = one.get("statement") or one["number"]
        document.corrects_id = db.session.scalar(select(Document.id).where(Document.number == ours))


def _write(
    prepared: _Prepared,
    corrected: list[dict[str, Any]],
    check: Check,
    day: date,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """The transaction. The row of the series is taken first, so that two who issue at once stand in line."""
    with writing():
        _take(prepared.number, day)
        check(prepared.charges)
        _not_charged(prepared.charges)
        document = prepared.document
        link(document, corrected)
        entries.add(document, prepared.charges)
        seal_charges(document.id)
        number = str(prepared.number)
        audit.record(actor, "issue", "document", number, None, {"gross_cents": document.gross_cents}, reason, now)
        jobs.enqueue("render_document", {"document_id": document.id}, now)
        jobs.announce("document", number, now)


def _not_charged(charges: list[dict[str, Any]]) -> None:
    """What is charged once is not charged again."""
    wanted = {(charge["subject"], charge["round"]) for charge in charges}
    rows = select(Charge.subject, Charge.round).where(Charge.subject.in_({subject for subject, _ in wanted}))
    if wanted & {(subject, number) for subject, number in db.session.execute(rows)}:
        raise GoneError


def _take(number: Number, day: date) -> None:
    """Move the series on by one, or lose the race. A series begins with its first document."""
    taken = {"last_sequence": number.sequence, "last_date": day}
    mine = update(Series).where(Series.name == number.series, Series.last_sequence == number.sequence - 1)
    result: Any = db.session.execute(mine.values(**taken))
    if result.rowcount == 1:
        return
    if number.sequence > 1:
        raise _LostRaceError
    try:
        db.session.add(Series(name=number.series, **taken))
        db.session.flush()
    except IntegrityError:
        raise _LostRaceError from None
