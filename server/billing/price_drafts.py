"""Draft price lists: rules nobody pays yet. They are begun, changed, tried on a month, thrown away, or put in force."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import PriceDraft, WhatIf
from server.billing.prices import add_tariff, end_tariff
from server.billing.tariffs import load_tariffs
from server.db import db, expect_version, writing
from server.domain.rule_text import from_plain, to_plain
from server.domain.tariffs import Scope, odd
from server.domain.whatif import Change


def begin_draft(name: str, *, actor: str, now: datetime) -> PriceDraft:
    with writing() as session:
        row = PriceDraft(name=name, changes=[], created_at=now, created_by=actor)
        session.add(row)
        session.flush()
        audit.record(actor, "add", "price_draft", row.id, None, {"name": name}, "", now)
        return row


def rename_draft(draft_id: int, name: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    with writing():
        row = _open(draft_id, version)
        before, row.name = row.name, name
        audit.record(actor, "change", "price_draft", row.id, {"name": before}, {"name": name}, "", now)


def put_change(draft_id: int, change: Change, version: int | None = None, *, actor: str, now: datetime) -> None:
    """Another rule for a scope, or none, instead of what the draft said of just that scope before."""
    if change.rule is not None and (sentence := odd(change.rule)) is not None:
        raise BillingError(sentence)
    with writing():
        row = _open(draft_id, version)
        changes = changes_of(row)
        same = next((one for one in changes if one.scope == change.scope), None)
        _store(row, [change if one is same else one for one in changes] if same else [*changes, change])
        before = {"rule": _plain(same)["rule"]} if same else None
        audit.record(actor, "change", "price_draft", row.id, before, _told(change), "", now)


def leave_out(draft_id: int, number: int, version: int | None = None, *, actor: str, now: datetime) -> None:
    """The change at a place, counted from 1, goes from the draft: what is in force is to stay."""
    with writing():
        row = _open(draft_id, version)
        changes = list(changes_of(row))
        if not 1 <= number <= len(changes):
            raise BillingError("This draft has no such price any more.")
        _store(row, [*changes[: number - 1], *changes[number:]])
        audit.record(actor, "leave_out", "price_draft", row.id, _told(changes[number - 1]), None, "", now)


def discard_draft(draft_id: int, version: int | None = None, *, actor: str, now: datetime) -> None:
    """What months would have come to under it goes with it; the journal keeps what it said."""
    with writing() as session:
        row = _held(draft_id, version)
        session.execute(delete(WhatIf).where(WhatIf.draft_id == row.id))
        session.delete(row)
        before = {"name": row.name, "changes": row.changes}
        audit.record(actor, "discard", "price_draft", draft_id, before, None, "", now)


def adopt_draft(
    draft_id: int, since: datetime, day: date, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> int:
    """Puts all of it in force from a moment on, the beginning of a day; all or nothing. Returns how many prices began or
    ended."""
    with writing():
        row = _open(draft_id, version)
        if not row.changes:
            raise BillingError("There is nothing in this draft yet.")
        touched = sum(_adopt(change, since, reason, actor, now) for change in changes_of(row))
        row.adopted_on = day
        after = {"valid_from": day, "prices": touched}
        audit.record(actor, "adopt", "price_draft", row.id, None, after, reason, now)
        return touched


def changes_of(row: PriceDraft) -> tuple[Change, ...]:
    return tuple(
        Change(Scope(**one["scope"]), None if one["rule"] is None else from_plain(one["rule"])) for one in row.changes
    )


def _adopt(change: Change, since: datetime, reason: str, actor: str, now: datetime) -> int:
    if change.rule is not None:
        add_tariff(change.scope, change.rule, since, reason=reason, actor=actor, now=now)
        return 1
    same = [one for one in load_tariffs() if one.scope == change.scope]
    goes_on = [one for one in same if one.valid_until is None or one.valid_until > max(since, one.valid_from)]
    for tariff in goes_on:
        end_tariff(tariff.id, max(since, tariff.valid_from), reason, actor=actor, now=now)
    return len(goes_on)


def _store(row: PriceDraft, changes: Iterable[Change]) -> None:
    row.changes = [_plain(change) for change in changes]


def _told(change: Change) -> dict[str, Any]:
    """As the journal says it."""
    plain = _plain(change)
    return {"scope": " · ".join(plain["scope"].values()), "rule": plain["rule"]}


def _plain(change: Change) -> dict[str, Any]:
    scope = {name: value for name, value in asdict(change.scope).items() if value is not None}
    return {"scope": scope, "rule": None if change.rule is None else to_plain(change.rule)}


def _open(draft_id: int, version: int | None) -> PriceDraft:
    row = _held(draft_id, version)
    if row.adopted_on is not None:
        raise BillingError("This draft is in force since %(day)s: begin another one.", day=row.adopted_on)
    return row


def _held(draft_id: int, version: int | None) -> PriceDraft:
    row = db.session.scalars(select(PriceDraft).where(PriceDraft.id == draft_id)).one_or_none()
    if row is None:
        raise BillingError("There is no such draft any more.")
    expect_version(row, version)
    return row
