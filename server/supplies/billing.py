"""A month's items, priced: what stands on the bill beside sessions, each with a reference that never changes.

What nobody has named a price for is a value that holds the document. Inside ``reading()``.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from server.courses.models import CourseFee
from server.db import db
from server.domain.decisions import Free
from server.domain.items import BillItem, ItemKind, Measured, Unit, amount
from server.domain.period import Period
from server.domain.supplies import (
    MissingItemPrice,
    Price,
    Wanted,
    What,
    days_in,
    month_share,
    operator_billed_s,
    operator_cents,
    price_for,
)
from server.domain.supply_words import in_all, of_course, of_operator, of_share
from server.domain.vat import Nature
from server.supplies.booked import of_bookings
from server.supplies.known import Use, Who, load_prices, materials_by_id, noted_in, payers_of
from server.supplies.models import Material, Noted, OneOff, Recurring
from server.supplies.rows import whole

Item = BillItem | MissingItemPrice
_HOURS = Decimal("0.0001")  # of an operator's time, as it is written


def bill_items(period: Period, specimen: bool, tenant_id: int | None = None) -> list[Item]:
    """All items of a month, by tenant, day and reference. A specimen month takes what was noted on simulated sessions, a
    real one on real ones; what belongs to no session stands in both. With ``tenant_id`` those of one tenant."""
    payers, prices = payers_of(tenant_id), load_prices()
    items = [
        *_of_notes(period, specimen, payers, prices),
        *_of_one_offs(period, payers),
        *_of_recurring(period, payers),
        *_of_courses(period, payers),
        *of_bookings(period, prices, {who.payer: who for who in payers.values()}),
    ]
    return sorted(items, key=lambda one: (one.tenant, one.day, one.ref))


def note_item(
    note: Noted, use: Use | None, who: Who, period: Period, prices: list[Price], materials: Mapping[int, Material]
) -> Item:
    """One note as it is billed."""
    material = materials.get(note.material_id) if note.material_id is not None else None
    return (
        _material(note, use, who, period, prices, material) if material else _operator(note, use, who, period, prices)
    )


def _of_notes(period: Period, specimen: bool, payers: Mapping[int, Who], prices: list[Price]) -> Iterator[Item]:
    materials = materials_by_id()
    for note, use in noted_in(period, specimen):
        who = payers.get(use.session.payer_id if use else note.payer_id or 0)
        if who is not None and note.quantity_milli:
            yield note_item(note, use, who, period, prices, materials)


def _material(note: Noted, use: Use | None, who: Who, period: Period, prices: list[Price], material: Material) -> Item:
    known = _known("material", ItemKind.MATERIAL, note, use, who, period) | {"labels": in_all(material.names)}
    wanted = Wanted(What.MATERIAL, known["day"], who.tenant_kind, material.id, *_place(use))
    price = price_for(prices, wanted)
    if price is None:
        return MissingItemPrice(**known, tenant_kind=who.tenant_kind)
    quantity, free = whole(note.quantity_milli), _free(use)
    return BillItem(
        **known,
        nature=material.nature,
        quantity=quantity,
        unit=Unit(material.unit),
        unit_cents=price.cents,
        net_cents=0 if free else amount(quantity, price.cents),
        measured=Measured(note.measured) if note.measured else None,
        reason=note.reason,
        free=free,
    )


def _operator(note: Noted, use: Use | None, who: Who, period: Period, prices: list[Price]) -> Item:
    minutes = int(whole(note.quantity_milli))
    known = _known("operator", ItemKind.OPERATOR, note, use, who, period)
    price = price_for(prices, Wanted(What.OPERATOR, known["day"], who.tenant_kind))
    known["labels"] = of_operator(minutes, price)
    if price is None:
        return MissingItemPrice(**known, tenant_kind=who.tenant_kind)
    free = _free(use)
    return BillItem(
        **known,
        nature=Nature.OPERATOR_SERVICE,
        quantity=(Decimal(operator_billed_s(minutes, price)) / 3600).quantize(_HOURS),
        unit=Unit.HOUR,
        unit_cents=price.cents,
        net_cents=0 if free else operator_cents(minutes, price),
        reason=note.reason,
        free=free,
    )


def _known(name: str, kind: ItemKind, note: Noted, use: Use | None, who: Who, period: Period) -> dict[str, Any]:
    """Of a note on a session the day is that of its end, so that both stand on the same document."""
    ended_at = use.session.ended_at if use else None
    return {
        "ref": f"{name}:{note.root_id or note.id}",
        "kind": kind,
        "day": period.day_of(ended_at) if ended_at else note.day,
        "tenant": who.tenant,
        "payer": who.payer,
        "session": use.session.id if use else None,
        "machine": use.machine if use else None,
    }


def _place(use: Use | None) -> tuple[str | None, str | None]:
    return (use.machine, use.category) if use else (None, None)


def _free(use: Use | None) -> str | None:
    """What a broken machine has spoiled nobody pays for; whatever else is given away is decided item by item."""
    return Free.MACHINE_FAULT.value if use and use.free == Free.MACHINE_FAULT else None


def _of_one_offs(period: Period, payers: Mapping[int, Who]) -> Iterator[Item]:
    within = (OneOff.day >= period.first_day) & (OneOff.day <= period.last_day)
    for row in db.session.scalars(select(OneOff).where(within, OneOff.ended_at.is_(None))):
        who, quantity, cents = payers.get(row.payer_id), whole(row.quantity_milli), whole(row.cents_milli)
        if who is not None:
            yield BillItem(
                ref=f"one_off:{row.id}",
                kind=ItemKind(row.kind),
                day=row.day,
                tenant=who.tenant,
                payer=who.payer,
                labels=in_all(row.labels),
                nature=row.nature,
                quantity=quantity,
                unit=Unit(row.unit),
                unit_cents=cents,
                net_cents=amount(quantity, cents),
                reason=row.reason,
            )


def _of_recurring(period: Period, payers: Mapping[int, Who]) -> Iterator[Item]:
    ends: ColumnElement[bool] = or_(Recurring.valid_until.is_(None), Recurring.valid_until > period.first_day)
    for row in db.session.scalars(select(Recurring).where(Recurring.valid_from <= period.last_day, ends)):
        who, days = payers.get(row.payer_id), days_in(period, row.valid_from, row.valid_until)
        if who is not None and days:
            cents = month_share(row.cents, days, period)
            yield BillItem(
                ref=f"recurring:{row.id}:{period.month}",
                kind=ItemKind.RECURRING,
                day=max(period.first_day, row.valid_from),
                tenant=who.tenant,
                payer=who.payer,
                labels=of_share(row.labels, days, row.cents, period),
                nature=row.nature,
                quantity=Decimal(1),
                unit=Unit.MONTH,
                unit_cents=Decimal(cents),
                net_cents=cents,
                reason=row.reason,
            )


def _of_courses(period: Period, payers: Mapping[int, Who]) -> Iterator[Item]:
    """What a date that was done costs those who came. Nobody is billed by fallback: a fee without a payer stays a note."""
    within = (CourseFee.held_at >= period.start) & (CourseFee.held_at < period.end)
    for fee in db.session.scalars(select(CourseFee).where(within, CourseFee.payer_id.is_not(None))):
        who = payers.get(fee.payer_id or 0)
        if who is not None:
            yield BillItem(
                ref=f"course:{fee.id}",
                kind=ItemKind.COURSE,
                day=period.day_of(fee.held_at),
                tenant=who.tenant,
                payer=who.payer,
                labels=of_course(fee.title),
                nature=fee.nature,
                quantity=Decimal(1),
                unit=Unit.PERSON if fee.holder_number is not None else Unit.PIECE,
                unit_cents=Decimal(fee.net_cents),
                net_cents=fee.net_cents,
            )
