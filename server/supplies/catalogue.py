"""The catalogue: materials, what they and other supplies cost from a day on, and single items that come again and again.

Every function runs inside ``writing()`` and audits. Refusals raise SupplyError with a sentence. A price is never
rewritten: another one for the same ends it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.items import Unit
from server.domain.supplies import WAYS, SupplyError, What
from server.domain.vat import Nature
from server.jobs.service import announce
from server.supplies.models import Material, Preset, SupplyPrice
from server.supplies.rows import (
    checked_labels,
    checked_nature,
    checked_reason,
    machine_id,
    material_by_id,
    milli,
    preset_by_id,
    price_by_id,
)

NATURES = (Nature.GOODS, Nature.MATERIAL_IN_SERVICE)  # of material
_LONGEST_FREE_S = 8 * 3600
_LATEST_H = 24 * 14


@dataclass(frozen=True, slots=True)
class MaterialFacts:
    """``names`` by language, French at least."""

    names: Mapping[str, str]
    unit: str
    nature: str


@dataclass(frozen=True, slots=True)
class PriceFor:
    """What a price is for. ``machine`` by its code or ``category``, and ``tenant_kind``: None means every one."""

    what: str
    material: int | None = None
    machine: str | None = None
    category: str | None = None
    tenant_kind: str | None = None


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """``cents`` for one unit, for an hour, or for a booking; fractions to a thousandth of a cent."""

    cents: Decimal
    step_s: int = 60
    free_s: int = 0
    per_hour: bool = False
    within_h: int = 0


def add_material(facts: MaterialFacts, *, actor: str, now: datetime) -> int:
    with writing() as session:
        row = Material(**_columns(facts))
        session.add(row)
        session.flush()
        audit.record(actor, "add", "material", row.id, None, _picture(row), "", now)
        return row.id


def edit_material(number: int, facts: MaterialFacts, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Its unit stays: what was noted in grams was grams."""
    with writing():
        row = material_by_id(number, changing=True)
        expect_version(row, version)
        columns, before = _columns(facts), _picture(row)
        if columns["unit"] != row.unit:
            raise SupplyError("The unit stays: what was noted in it would be wrong. Add another material.")
        row.names, row.nature = columns["names"], columns["nature"]
        if before != _picture(row):
            audit.record(actor, "edit", "material", number, before, _picture(row), "", now)


def end_material(number: int, reason: str, *, actor: str, now: datetime) -> None:
    """It is offered no longer. What was noted of it is billed all the same."""
    with writing():
        row = material_by_id(number, changing=True)
        row.ended_at = row.ended_at or now
        audit.record(actor, "end", "material", number, None, {"ended_at": row.ended_at}, reason, now)


def resume_material(number: int, *, actor: str, now: datetime) -> None:
    with writing():
        row = material_by_id(number, changing=True)
        before, row.ended_at = {"ended_at": row.ended_at}, None
        audit.record(actor, "resume", "material", number, before, {"ended_at": None}, "", now)


def add_price(scope: PriceFor, facts: PriceFacts, since: date, reason: str, *, actor: str, now: datetime) -> int:
    """A price from a day on. It ends the one that was for the same before."""
    _refuse_odd_scope(scope)
    _refuse_odd_price(scope, facts)
    with writing() as session:
        if scope.material is not None:
            material_by_id(scope.material, changing=True)
        same = {
            "what": scope.what,
            "material_id": scope.material,
            "machine_id": machine_id(scope.machine),
            "category": scope.category,
            "tenant_kind": scope.tenant_kind,
        }
        _end_last(session.scalars(select(SupplyPrice).filter_by(**same)), since)
        terms = {"step_s": facts.step_s, "free_s": facts.free_s, "per_hour": facts.per_hour, "within_h": facts.within_h}
        row = SupplyPrice(**same, **terms, cents_milli=milli(facts.cents), valid_from=since, reason=reason)
        session.add(row)
        session.flush()
        after: dict[str, Any] = {
            "kind": scope.what,
            "machine": scope.machine,
            "category": scope.category,
            "valid_from": since,
        }
        after |= {"tenant_kind": scope.tenant_kind, "cents": str(facts.cents), **terms}
        audit.record(actor, "add", "supply_price", row.id, None, after, reason, now)
        announce("month", "prices", now)
        return row.id


def end_price(number: int, until: date, reason: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """``until``: the first day on which it no longer holds. Its own first day takes it back: it never held."""
    with writing():
        row = price_by_id(number, changing=True)
        expect_version(row, version)
        if until < row.valid_from:
            raise SupplyError("It cannot end before it begins.")
        if row.valid_until is not None and until >= row.valid_until:
            raise SupplyError("It has ended by then already.")
        before, row.valid_until = {"valid_until": row.valid_until}, until
        audit.record(actor, "end", "supply_price", number, before, {"valid_until": until}, reason, now)
        announce("month", "prices", now)


def add_preset(labels: Mapping[str, str], nature: str, cents: Decimal, *, actor: str, now: datetime) -> int:
    """A single item that is needed again and again."""
    with writing() as session:
        if cents < 0:
            raise SupplyError("A price is not below zero.")
        row = Preset(labels=checked_labels(labels), nature=checked_nature(nature), cents_milli=milli(cents))
        session.add(row)
        session.flush()
        after = {"name": row.labels["fr"], "nature": nature, "cents": str(cents)}
        audit.record(actor, "add", "preset", row.id, None, after, "", now)
        return row.id


def end_preset(number: int, reason: str, *, actor: str, now: datetime) -> None:
    with writing():
        row = preset_by_id(number, changing=True)
        row.ended_at = row.ended_at or now
        after = {"name": row.labels["fr"], "ended_at": row.ended_at}
        audit.record(actor, "end", "preset", number, None, after, checked_reason(reason), now)


def _end_last(rows: Iterable[SupplyPrice], since: date) -> None:
    """The last of these holds until ``since`` at most; one that was taken back before it began is in nobody's way."""
    holding = (row for row in rows if row.valid_until is None or row.valid_until > row.valid_from)
    last = max(holding, key=lambda row: row.valid_from, default=None)
    if last is None:
        return
    if last.valid_from >= since:
        raise SupplyError("Something is already decided from %(day)s on.", day=last.valid_from)
    last.valid_until = min(last.valid_until or since, since)


def _refuse_odd_scope(scope: PriceFor) -> None:
    if scope.what not in set(What) or (scope.what == What.MATERIAL) != (scope.material is not None):
        raise SupplyError("Say what the price is for.")
    if scope.machine is not None and scope.category is not None:
        raise SupplyError("A price is for a machine or for a category, not for both.")
    if scope.what == What.OPERATOR and (scope.machine or scope.category):
        raise SupplyError("An operator’s hour costs the same at every machine.")


def _refuse_odd_price(scope: PriceFor, facts: PriceFacts) -> None:
    if facts.cents < 0:
        raise SupplyError("A price is not below zero.")
    if scope.what == What.OPERATOR and not (0 < facts.step_s <= 3600 and 0 <= facts.free_s <= _LONGEST_FREE_S):
        raise SupplyError("A step is a minute to an hour, and at most eight hours are free.")
    if scope.what == What.LATE and not 0 < facts.within_h <= _LATEST_H:
        raise SupplyError("Say within how many hours before it begins a cancellation is late.")


def _columns(facts: MaterialFacts) -> dict[str, Any]:
    if facts.unit not in {unit.value for unit in WAYS}:
        raise SupplyError("Say in which unit it is measured.")
    if facts.nature not in NATURES:
        raise SupplyError("Say whether it is handed over or used with a machine: it decides the VAT.")
    return {"names": checked_labels(facts.names), "unit": Unit(facts.unit).value, "nature": facts.nature}


def _picture(row: Material) -> dict[str, Any]:
    return {"name": row.names["fr"], "names": dict(row.names), "unit": row.unit, "nature": row.nature}


def materials() -> list[Material]:
    """Every one there is, by its French name; inside ``reading()``."""
    return sorted(db.session.scalars(select(Material)), key=lambda row: row.names["fr"].casefold())
