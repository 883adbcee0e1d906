"""Issuing a month: each draft that is not held becomes a numbered, frozen document, in one short transaction each.

Drafts are built anew and held against the norm first; what has no number yet can still be held, what has one stays. It may
crash anywhere and run twice, or twice at once: a draft goes away with its number, a session is charged once.
"""

from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from server.billing import checking, entries, progress
from server.billing.errors import BillingError
from server.billing.giving import GoneError, give, next_number, series_of
from server.billing.models import Draft, Period
from server.billing.months import build_drafts
from server.db import Stale, db, reading, writing
from server.domain.decisions import AS_MEASURED, says
from server.domain.numbering import Number
from server.domain.period import day_of
from server.jobs import service as jobs
from server.usage import decisions
from server.usage.models import UsageSession

_ROUNDS = 5  # each lost only to somebody who built the drafts anew meanwhile


class _Ready(NamedTuple):
    """A draft that can be issued."""

    id: int
    establishment_id: int
    content: dict[str, Any]


class Seen(NamedTuple):
    """How many documents somebody has agreed to issue, and what they come to with VAT."""

    number: int
    gross_cents: int


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
        checking.check_month(month)
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
        if progress.is_building(row):
            raise BillingError("The drafts of %(month)s are being built: look at them first.", month=month)
        drafts, _ = _ready(month)
        if not drafts:
            raise BillingError("Nothing of %(month)s can be issued: every draft waits for a decision.", month=month)
        if seen != Seen(len(drafts), sum(draft.content["gross_cents"] for draft in drafts)):
            raise Stale
        day = day_of(now, zone)
        for series in {series_of(draft.content, day) for draft in drafts}:
            next_number(series, day)  # refuses a date that goes back
        job = jobs.enqueue("issue_month", {"month": month, "actor": actor}, now)
        row.issuing = {"job": job, "planned": len(drafts), **progress.so_far(month)}


def _ready(month: str) -> tuple[list[_Ready], entries.Ids]:
    ready = select(Draft.id, Draft.establishment_id, Draft.content)
    ready = ready.where(Draft.month == month, Draft.held == "").order_by(Draft.id)
    with reading() as session:
        return [_Ready(*row) for row in session.execute(ready)], entries.load_ids()


def _issue(draft: _Ready, day: date, ids: entries.Ids, actor: str, now: datetime) -> Number | None:
    """The number given, or None when another process has issued this draft meanwhile."""

    def still_so(charges: list[dict[str, Any]]) -> None:
        result: Any = db.session.execute(delete(Draft).where(Draft.id == draft.id))
        if result.rowcount == 0 or not _as_drafted(draft.content["charges"]):
            raise GoneError

    try:
        return give(draft.content, draft.establishment_id, day, ids, still_so, actor=actor, now=now)
    except GoneError:
        return None


def _as_drafted(charges: list[dict[str, Any]]) -> bool:
    """Whether these sessions, held fast from here on, still say what was drafted: an end may have come, or a decision."""
    wanted = {charge["priced"].get("adjusts", charge["subject"]): charge for charge in charges if _of_session(charge)}
    rows = select(UsageSession.id, UsageSession.occupied_s, UsageSession.ended_at).where(UsageSession.id.in_(wanted))
    stand = {row.id: row for row in db.session.execute(rows.with_for_update())}
    decided = decisions.newest(UsageSession.id.in_(wanted))
    return len(stand) == len(wanted) and all(
        (charge["occupied_s"], datetime.fromisoformat(charge["ended_at"]))
        == (stand[name].occupied_s, stand[name].ended_at)
        and says(charge["counted_s"], charge["free"], charge["occupied_s"], decided.get(name, AS_MEASURED))
        for name, charge in wanted.items()
    )


def _of_session(charge: dict[str, Any]) -> bool:
    """A session itself, or what came to be known of one after it was charged."""
    return charge["kind"] == "session" or "adjusts" in charge["priced"]
