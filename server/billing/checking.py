"""Drafts are held against the norm for electronic invoices before they get a number, which costs a moment for each.

What was found is kept with the hash of what was looked at: a draft that is built anew and says the same is not looked at again.
``work`` does it after a month is closed, so that what is not valid is known before anybody issues.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from server.billing import entries
from server.billing.drafting import plain
from server.billing.models import Draft
from server.db import reading, writing
from server.domain.holds import Hold

JOB = "check_month"
_AT_A_TIME = 8


def content_sha256(content: dict[str, Any]) -> str:
    return entries.sha256(entries.canonical(content).encode())


def check_month(month: str) -> int:
    """Look at each draft that nothing else holds and nobody has looked at. Returns how many are held by what was found."""
    held = 0
    while waiting := _unchecked(month):
        for draft_id, content in waiting:
            held += _check(draft_id, content)
    return held


def checked_before(rows: list[Draft]) -> dict[str, list[dict[str, Any]]]:
    """By hash of a content, what was found in it: to be kept when drafts are built anew."""
    return {row.checked_sha256: row.found for row in rows if row.checked_sha256 is not None}


def _unchecked(month: str) -> list[tuple[int, dict[str, Any]]]:
    wanted = select(Draft.id, Draft.content).where(Draft.month == month, Draft.held == "")
    wanted = wanted.where(Draft.checked_sha256.is_(None)).order_by(Draft.id).limit(_AT_A_TIME)
    with reading() as session:
        return [(draft_id, content) for draft_id, content in session.execute(wanted)]


def _check(draft_id: int, content: dict[str, Any]) -> bool:
    """Outside of any transaction; then note it, unless the draft was built anew meanwhile."""
    from server.billing.einvoice.service import hold_for  # brings the stylesheets of the norm along, for whoever checks

    hold = hold_for(content)
    with writing() as session:
        row = session.get(Draft, draft_id, with_for_update=True)
        if row is not None and row.content == content:
            row.checked_sha256 = content_sha256(content)
            note(row, [] if hold is None else _plain(hold))
    return hold is not None


def note(row: Draft, found: list[dict[str, Any]]) -> None:
    """What was found holds the draft beside whatever else does."""
    row.found = found
    row.reasons = [*row.reasons, *found]
    row.held = "; ".join(filter(None, [row.held, *(str(Hold(**_back(one))) for one in found)]))


def _plain(hold: Hold) -> list[dict[str, Any]]:
    return [plain(asdict(hold))]


def _back(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "findings": tuple(tuple(each) for each in one.get("findings", ()))}
