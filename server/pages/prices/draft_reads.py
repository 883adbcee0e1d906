"""What the pages of draft price lists show: the drafts, what one of them changes, and what a month would come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import abort
from sqlalchemy import select

from server.billing.models import PriceDraft
from server.billing.price_drafts import changes_of
from server.billing.tariffs import load_tariffs
from server.billing.whatif import Found
from server.db import reading
from server.domain.pricelist import in_force
from server.domain.tariffs import Rule, Scope, Tariff
from server.domain.whatif import Change, share
from server.pages.prices import reads, sentences
from server.pages.prices.reads import Named
from server.web.here import now


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One draft in the list."""

    id: int
    name: str
    prices: int
    created_at: datetime
    adopted_on: date | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One price of a draft, beside what is in force for just the same now; None: nothing is."""

    number: int
    change: Change
    target: Named
    whose: str
    now: Rule | None


@dataclass(frozen=True, slots=True)
class Draft:
    line: DraftLine
    version: int
    changes: tuple[ChangeLine, ...]
    starts: tuple[tuple[int, str], ...]  # prices in force that a change may start from, by number


@dataclass(frozen=True, slots=True)
class TenantLine:
    name: str
    sessions: int
    before: int
    after: int
    without: int  # sessions that would have no amount

    @property
    def difference(self) -> int:
        return self.after - self.before

    @property
    def share(self) -> int | None:
        """In tenths of a percent."""
        return share(self.before, self.after)


@dataclass(frozen=True, slots=True)
class MoveLine:
    session: str
    tenant: str
    machine: str
    started_at: datetime
    measured_s: int
    before: int | None
    after: int | None

    @property
    def difference(self) -> int:
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of trying a draft on a month."""

    total: TenantLine
    tenants: tuple[TenantLine, ...]
    moves: tuple[MoveLine, ...]
    unpriced: tuple[tuple[str, str, int], ...]  # machine, kind of tenant, sessions
    not_measured: int


def drafts() -> list[DraftLine]:
    """The newest first."""
    with reading() as session:
        return [_line(row) for row in session.scalars(select(PriceDraft).order_by(PriceDraft.id.desc()))]


def one_draft(number: int) -> Draft:
    with reading() as session:
        row = session.get(PriceDraft, number) or abort(404)
        changes, tariffs = changes_of(row), in_force(load_tariffs(), now())
        line, version = _line(row), row.version
    lines = (_change(place, change, tariffs) for place, change in enumerate(changes, start=1))
    return Draft(line, version, tuple(lines), _starts(tariffs, {change.scope for change in changes}))


def start_of(number: int) -> Tariff | None:
    """The price in force that a change starts from."""
    with reading():
        return next((tariff for tariff in load_tariffs() if tariff.id == number), None)


def outcome(found: Found | None) -> Outcome | None:
    if found is None or found.result is None:
        return None
    told = found.result
    return Outcome(
        total=_tenant({**told, "name": ""}),
        tenants=tuple(_tenant(one) for one in told["tenants"]),
        moves=tuple(_move(one) for one in told["moves"]),
        unpriced=tuple((one["name"], one["tenant_kind"], one["sessions"]) for one in told["unpriced"]),
        not_measured=told["after"]["not_measured"],
    )


def _line(row: PriceDraft) -> DraftLine:
    return DraftLine(row.id, row.name, len(row.changes), row.created_at, row.adopted_on)


def _change(number: int, change: Change, tariffs: Sequence[Tariff]) -> ChangeLine:
    same = [tariff for tariff in tariffs if tariff.scope == change.scope]
    now_there = max(same, key=lambda one: (one.valid_from, one.id)).rule if same else None
    return ChangeLine(number, change, *reads.scope_in_words(change.scope), now_there)


def _starts(tariffs: Sequence[Tariff], changed: set[Scope]) -> tuple[tuple[int, str], ...]:
    found = []
    for tariff in tariffs:
        if tariff.scope not in changed:
            target, whose = reads.scope_in_words(tariff.scope)
            found.append((tariff.id, f"{target.name} · {whose} · {sentences.headline(tariff.rule)}"))
    return tuple(sorted(found, key=lambda one: one[1]))


def _tenant(told: dict[str, Any]) -> TenantLine:
    before, after = told["before"], told["after"]
    without = after["unpriced"] + after["not_measured"]
    return TenantLine(told["name"], told["sessions"], before["cents"], after["cents"], without)


def _move(told: dict[str, Any]) -> MoveLine:
    return MoveLine(**{**told, "started_at": datetime.fromisoformat(told["started_at"])})
