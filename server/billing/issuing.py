"""Issuing a month: each draft that is not held becomes a numbered, frozen document, in one short transaction.

Everything is computed before; the transaction takes the number, the document, its charges and the job to render it, or
nothing at all. So it may crash anywhere and run twice: a draft goes away with its number, a session is charged once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from server.audit import service as audit
from server.billing import entries, progress
from server.billing.errors import BillingError
from server.billing.models import Charge, Document, Draft, Period, Series
from server.billing.months import build_drafts
from server.db import Stale, db, reading, writing
from server.domain.decisions import AS_MEASURED, says
from server.domain.numbering import DateGoesBack, Last, Number, following, series_name
from server.domain.period import day_of
from server.jobs import service as jobs
from server.usage import decisions
from server.usage.models import UsageSession

_ROUNDS = 5  # each lost only to somebody who built the drafts anew meanwhile
_TRIES = 20  # each lost only to another process that took the number we had prepared


class _LostRaceError(Exception):
    """Another process took this number first; nothing was written."""


class _GoneError(Exception):
    """This draft is not what its sessions come to any more: issued by another process, decided about, built anew.
    Nothing was written."""


class _Ready(NamedTuple):
    """A draft that can be issued."""

    id: int
    establishment_id: int
    content: dict[str, Any]


class Seen(NamedTuple):
    """How many documents somebody has agreed to issue, and what they come to with VAT."""

    number: int
    gross_cents: int


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document ready to be written, and the draft it comes from."""

    draft_id: int
    number: Number
    document: Document
    charges: list[dict[str, Any]]


def issue_month(month: str, actor: str, now: datetime, zone: tzinfo, specimen: bool) -> list[str]:
    """Issue every draft of a closed month that is not held, and return the numbers given.

    BillingError when the month is not closed or the date would go back. Running it again issues only what is new.
    """
    with reading() as session:
        state = session.scalar(select(Period.state).where(Period.month == month))
    if state != "closed":
        raise BillingError("%(month)s is not closed yet.", month=month)
    given: list[str] = []
    for _ in range(_ROUNDS):
        build_drafts(month, now, zone, specimen)
        drafts, ids = _ready(month)
        numbers = [_issue(draft, day_of(now, zone), ids, actor, now) for draft in drafts]
        given += [str(number) for number in numbers if number is not None]
        if None not in numbers:
            return given
    raise BillingError(f"the drafts of {month} were built anew {_ROUNDS} times while they were being issued: try again")


def ask_to_issue(month: str, seen: Seen, actor: str, now: datetime, zone: tzinfo, specimen: bool) -> None:
    """Have ``work`` issue a closed month, as somebody has seen it. Stale where it comes to something else by now."""
    with writing() as session:
        row = session.scalars(select(Period).where(Period.month == month).with_for_update()).one_or_none()
        if row is None or row.state != "closed":
            raise BillingError("%(month)s is not closed yet.", month=month)
        if progress.under_way(row):
            raise BillingError("%(month)s is being issued already.", month=month)
        drafts, _ = _ready(month)
        if not drafts:
            raise BillingError("Nothing of %(month)s can be issued: every draft waits for a decision.", month=month)
        if seen != Seen(len(drafts), sum(draft.content["gross_cents"] for draft in drafts)):
            raise Stale
        day = day_of(now, zone)
        _next_number(series_name(drafts[0].content["prefix"], day, specimen), day)  # refuses a date that goes back
        job = jobs.enqueue("issue_month", {"month": month, "actor": actor}, now)
        row.issuing = {"job": job, "planned": len(drafts), **progress.so_far(month)}


def _ready(month: str) -> tuple[list[_Ready], entries.Ids]:
    ready = select(Draft.id, Draft.establishment_id, Draft.content)
    ready = ready.where(Draft.month == month, Draft.held == "").order_by(Draft.id)
    with reading() as session:
        return [_Ready(*row) for row in session.execute(ready)], entries.load_ids()


def _issue(draft: _Ready, day: date, ids: entries.Ids, actor: str, now: datetime) -> Number | None:
    """The number given, or None when another process has issued this draft meanwhile."""
    series = series_name(draft.content["prefix"], day, draft.content["specimen"])
    for _ in range(_TRIES):
        prepared = _prepare(draft, _next_number(series, day), day, ids)
        try:
            _write(prepared, day, actor, now)
        except _LostRaceError:
            continue
        except _GoneError:
            return None
        return prepared.number
    raise BillingError(f"no number could be taken in series {series}: too many processes issue at once")


def _next_number(series: str, day: date) -> Number:
    with reading() as session:
        row = session.get(Series, series)
        last = Last(row.last_sequence, row.last_date) if row else Last(0, None)
    number = following(series, last, day)
    if isinstance(number, DateGoesBack):
        raise BillingError(str(number))
    return number


def _prepare(draft: _Ready, number: Number, day: date, ids: entries.Ids) -> _Prepared:
    due = day + timedelta(days=draft.content["seller"]["payment_days"])
    content = draft.content | {
        "number": str(number),
        "series": number.series,
        "sequence": number.sequence,
        "issued_on": day.isoformat(),
        "due_on": due.isoformat(),
    }
    document = entries.document_row(content, entries.canonical(content), draft.establishment_id)
    return _Prepared(draft.id, number, document, entries.charge_rows(content, ids))


def _write(prepared: _Prepared, day: date, actor: str, now: datetime) -> None:
    """The transaction. The row of the series is taken first, so that two who issue at once stand in line."""
    with writing() as session:
        _take(prepared.number, day)
        if _rows(session.execute(delete(Draft).where(Draft.id == prepared.draft_id))) == 0:
            raise _GoneError
        sessions = [charge["session_id"] for charge in prepared.charges]
        if not _as_drafted(prepared.charges):
            raise _GoneError
        if session.scalar(select(Charge.id).where(Charge.session_id.in_(sessions)).limit(1)) is not None:
            raise _GoneError
        entries.add(prepared.document, prepared.charges)
        number, gross = str(prepared.number), prepared.document.gross_cents
        audit.record(actor, "issue", "document", number, None, {"gross_cents": gross}, "", now)
        jobs.enqueue("render_document", {"document_id": prepared.document.id}, now)
        jobs.announce("document", number, now)


def _as_drafted(charges: list[dict[str, Any]]) -> bool:
    """Whether these sessions, held fast from here on, still say what was drafted: an end may have come, or a decision."""
    wanted = {charge["session_id"]: charge for charge in charges}
    rows = select(UsageSession.id, UsageSession.occupied_s, UsageSession.ended_at).where(UsageSession.id.in_(wanted))
    stand = {row.id: row for row in db.session.execute(rows.with_for_update())}
    decided = decisions.newest(UsageSession.id.in_(wanted))
    return len(stand) == len(wanted) and all(
        (charge["occupied_s"], charge["ended_at"]) == (stand[name].occupied_s, stand[name].ended_at)
        and says(charge["counted_s"], charge["free"], charge["occupied_s"], decided.get(name, AS_MEASURED))
        for name, charge in wanted.items()
    )


def _take(number: Number, day: date) -> None:
    """Move the series on by one, or lose the race. A series begins with its first document."""
    taken = {"last_sequence": number.sequence, "last_date": day}
    mine = update(Series).where(Series.name == number.series, Series.last_sequence == number.sequence - 1)
    if _rows(db.session.execute(mine.values(**taken))) == 1:
        return
    if number.sequence > 1:
        raise _LostRaceError
    try:
        db.session.add(Series(name=number.series, **taken))
        db.session.flush()
    except IntegrityError:
        raise _LostRaceError from None


def _rows(result: Any) -> int:
    return int(result.rowcount)
