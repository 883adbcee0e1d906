"""Single and monthly items: added with a reason, taken back or ended as long as they are not charged.

That nothing already charged is touched is seen to by ``server.billing.item_corrections``, which pages call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from server.audit import service as audit
from server.db import expect_version, writing
from server.domain.items import ItemKind, Unit
from server.domain.supplies import SupplyError
from server.domain.vat import Nature
from server.jobs.service import announce
from server.people.rows import payer_by_code
from server.supplies.models import OneOff, Recurring
from server.supplies.rows import (
    checked_labels,
    checked_nature,
    checked_reason,
    milli,
    one_off_by_id,
    recurring_by_id,
)

UNITS = (
    Unit.PIECE,
    Unit.HOUR,
    Unit.DAY,
    Unit.PERSON,
    Unit.SHEET,
    Unit.METRE,
    Unit.GRAM,
    Unit.MILLILITRE,
)  # of one item
_MOST_CENTS = 10_000_000  # a hundred thousand euros: more is a slip of the finger
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """``labels`` by language, French at least; ``cents`` is the price of one, with fractions to a thousandth."""

    payer: str
    day: date
    labels: Mapping[str, str]
    nature: str
    quantity: Decimal
    unit: str
    cents: Decimal


def add_one_off(facts: ItemFacts, reason: str, *, actor: str, now: datetime) -> int:
    """Something that is billed once. Returns its number."""
    if facts.cents < 0:
        raise SupplyError("A price is not below zero. What was charged wrongly is adjusted from its own page.")
    kind = ItemKind.FEE if facts.nature == Nature.FEE else ItemKind.ONE_OFF
    return _add(facts, kind, reason, actor, now)


def adjust(facts: ItemFacts, reason: str, *, actor: str, now: datetime) -> int:
    """Something taken off what a payer owes. ``facts.cents`` is below zero. Returns its number."""
    if facts.cents >= 0:
        raise SupplyError("An adjustment takes something off: its amount is above zero.")
    return _add(facts, ItemKind.ADJUSTMENT, reason, actor, now)


def take_back(number: int, reason: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """It is not billed after all."""
    with writing():
        row = one_off_by_id(number, changing=True)
        expect_version(row, version)
        if row.ended_at is not None:
            raise SupplyError("This item is taken back already.")
        row.ended_at, row.ended_reason = now, checked_reason(reason)
        after = {"name": row.labels["fr"], "ended_at": now}
        audit.record(actor, "take_back", "one_off", number, None, after, row.ended_reason, now)
        announce("month", "items", now)


def add_recurring(
    payer: str,
    labels: Mapping[str, str],
    nature: str,
    cents: int,
    since: date,
    reason: str,
    until: date | None = None,
    *,
    actor: str,
    now: datetime,
) -> int:
    """Something that is billed every month, ``until`` the first day on which it no longer holds. Returns its number."""
    if not 0 <= cents <= _MOST_CENTS:
        raise SupplyError("A monthly price is not below zero, and not above a hundred thousand euros.")
    if until is not None and until <= since:
        raise SupplyError("It would end before it begins.")
    with writing() as session:
        row = Recurring(
            payer_id=payer_by_code(payer).id,
            labels=checked_labels(labels),
            nature=checked_nature(nature),
            cents=cents,
            valid_from=since,
            valid_until=until,
            reason=checked_reason(reason),
            made_by=actor,
        )
        session.add(row)
        session.flush()
        after = {"name": row.labels["fr"], "payer": payer, "cents": str(cents), "valid_from": since, "until": until}
        audit.record(actor, "add", "recurring", row.id, None, after, row.reason, now)
        announce("month", "items", now)
        return row.id


def end_recurring(
    number: int, until: date, reason: str, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """``until``: the first day on which it is billed no more. Its own first day takes it back."""
    with writing():
        row = recurring_by_id(number, changing=True)
        expect_version(row, version)
        if until < row.valid_from:
            raise SupplyError("It cannot end before it begins.")
        before, row.valid_until = {"valid_until": row.valid_until}, until
        audit.record(actor, "end", "recurring", number, before, {"valid_until": until}, checked_reason(reason), now)
        announce("month", "items", now)


def _add(facts: ItemFacts, kind: ItemKind, reason: str, actor: str, now: datetime) -> int:
    _refuse_odd(facts)
    with writing() as session:
        row = OneOff(
            kind=kind.value,
            payer_id=payer_by_code(facts.payer).id,
            day=facts.day,
            labels=checked_labels(facts.labels),
            nature=checked_nature(facts.nature),
            unit=facts.unit,
            quantity_milli=milli(facts.quantity),
            cents_milli=milli(facts.cents),
            reason=checked_reason(reason),
            made_by=actor,
            made_at=now,
        )
        session.add(row)
        session.flush()
        audit.record(actor, "add", "one_off", row.id, None, _picture(facts, row), row.reason, now)
        announce("month", "items", now)
        return row.id


def _picture(facts: ItemFacts, row: OneOff) -> dict[str, Any]:
    after = {"name": row.labels["fr"], "payer": facts.payer, "day": facts.day, "nature": facts.nature}
    return {**after, "quantity": str(facts.quantity), "cents": str(facts.cents)}


def _refuse_odd(facts: ItemFacts) -> None:
    if facts.unit not in {unit.value for unit in UNITS}:
        raise SupplyError("Say in which unit it is counted.")
    if not 0 < facts.quantity <= _MOST:
        raise SupplyError("A quantity is above zero, and not above a hundred thousand.")
    if abs(facts.quantity * facts.cents) > _MOST_CENTS:
        raise SupplyError("More than a hundred thousand euros in one item: check the numbers.")
