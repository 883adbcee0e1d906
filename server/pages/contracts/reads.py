"""All that was agreed with a tenant, with what is left of it, for its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.billing.left import Included, Limited, budgets_on, included
from server.billing.orders import used_of
from server.contracts.models import Contract, Pack
from server.contracts.service import Given, Known, all_orders, asked_by, known_budgets
from server.db import db, reading
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.orders import Asked, Order
from server.domain.period import day_of
from server.people.models import BillTo, Establishment, Payer, Tenant
from server.web.here import settings, zone


@dataclass(frozen=True, slots=True)
class Agreement:
    """One row of a contract. ``left`` is None where it gives nothing this month, or nothing that is used up."""

    id: int
    name: str
    gives: Gives
    given: Given
    cost_centre: str
    categories: tuple[str, ...]
    since: date
    until: date | None
    reason: str
    version: int
    left: Included | None = None

    def is_over(self, day: date) -> bool:
        return self.until is not None and self.until <= day


@dataclass(frozen=True, slots=True)
class Sold:
    """A pack. ``left`` is None before and after its days."""

    id: int
    name: str
    unit: Unit
    amount: int
    price_cents: int
    cost_centre: str
    pooled: bool
    categories: tuple[str, ...]
    since: date
    until: date | None
    is_taken_back: bool
    version: int
    left: Included | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    order: Order
    cost_centre: str
    used_cents: int
    version: int = 1


@dataclass(frozen=True, slots=True)
class House:
    """An address that bills go to, and what it asks of them."""

    id: int
    name: str
    asked: Asked
    orders: tuple[Numbered, ...]


@dataclass(frozen=True, slots=True)
class File:
    code: str
    name: str
    agreements: tuple[Agreement, ...]
    packs: tuple[Sold, ...]
    limits: tuple[Limited, ...]
    other_budgets: tuple[Known, ...]  # that hold later, or did before
    houses: tuple[House, ...]
    is_ended: bool

    def in_force(self, day: date) -> list[Agreement]:
        """Those that hold on a day, then those that will."""
        return sorted((one for one in self.agreements if not one.is_over(day)), key=lambda one: max(one.since, day))

    def over(self, day: date) -> list[Agreement]:
        return [one for one in self.agreements if one.is_over(day)]

    @property
    def is_empty(self) -> bool:
        orders = [order for house in self.houses for order in house.orders]
        return not (self.agreements or self.packs or self.limits or self.other_budgets or orders)


def read_contracts(code: str, now: datetime) -> File:
    with reading():
        tenant = db.session.scalars(select(Tenant).where(Tenant.code == code)).one()
        centres: dict[int | None, str] = {row.id: row.cost_centre for row in _payers(tenant.id)}
        left = _left(tenant.id, now)
        limits = budgets_on(now, zone(), tenant.id)
        holding = {one.budget.rule.id for one in limits}
        return File(
            code=code,
            name=tenant.name,
            agreements=tuple(_agreement(row, centres, left, day_of(now, zone())) for row in _rows(Contract, tenant.id)),
            packs=tuple(_pack(row, centres, left) for row in _rows(Pack, tenant.id)),
            limits=tuple(limits),
            other_budgets=tuple(one for one in known_budgets(tenant.id) if one.rule.id not in holding),
            houses=_houses(tenant.id),
            is_ended=tenant.ended_at is not None,
        )


def one_contract(number: int) -> Agreement:
    with reading():
        row = db.session.get_one(Contract, number)
        centres: dict[int | None, str] = {one.id: one.cost_centre for one in _payers(row.tenant_id)}
        return _agreement(row, centres, {}, row.valid_from)


def one_pack(number: int) -> Sold:
    with reading():
        row = db.session.get_one(Pack, number)
        return _pack(row, {one.id: one.cost_centre for one in _payers(row.tenant_id)}, {})


def tenant_name(code: str) -> str:
    with reading():
        return db.session.scalars(select(Tenant.name).where(Tenant.code == code)).one()


def payer_choices(code: str, now: datetime) -> list[tuple[str, str]]:
    """The tenant's cost centres that can be charged."""
    with reading():
        number = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
        return [
            (row.code, row.cost_centre) for row in _payers(number) if row.valid_until is None or row.valid_until > now
        ]


def house_choices(code: str) -> list[tuple[int, str]]:
    with reading():
        number = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
        return [(row.id, f"{row.legal_name}, {row.city}") for row in _billed_at(number)]


def _payers(tenant_id: int) -> Sequence[Payer]:
    return db.session.scalars(select(Payer).where(Payer.tenant_id == tenant_id).order_by(Payer.cost_centre)).all()


def _rows(table: Any, tenant_id: int) -> Sequence[Any]:
    begins = table.valid_from if table is Contract else table.bought_on
    return db.session.scalars(
        select(table).where(table.tenant_id == tenant_id).order_by(begins.desc(), table.id.desc())
    ).all()


def _left(tenant_id: int, now: datetime) -> dict[str, Included]:
    """By reference. What is pooled is the same for every cost centre."""
    return {one.ref: one for payer in _payers(tenant_id) for one in included(payer.code, now, zone())}


def _agreement(row: Contract, centres: Mapping[int | None, str], left: Mapping[str, Included], day: date) -> Agreement:
    holds = row.valid_from <= day and (row.valid_until is None or day < row.valid_until)
    return Agreement(
        id=row.id,
        name=row.name,
        gives=Gives(row.gives),
        given=Given(row.amount, row.carry_months, row.carry_most),
        cost_centre=centres.get(row.payer_id, ""),
        categories=tuple(row.categories),
        since=row.valid_from,
        until=row.valid_until,
        reason=row.reason,
        version=row.version,
        left=left.get(f"contract:{row.root_id or row.id}") if holds else None,
    )


def _pack(row: Pack, centres: Mapping[int | None, str], left: Mapping[str, Included]) -> Sold:
    return Sold(
        id=row.id,
        name=row.name,
        unit=Unit(row.unit),
        amount=row.amount,
        price_cents=row.price_cents,
        cost_centre=centres.get(row.payer_id, ""),
        pooled=row.pooled,
        categories=tuple(row.categories),
        since=row.bought_on,
        until=row.valid_until,
        is_taken_back=row.taken_back_at is not None,
        version=row.version,
        left=left.get(f"pack:{row.id}"),
    )


def _billed_at(tenant_id: int) -> Sequence[Establishment]:
    """Where its bills go or went, and its own addresses."""
    goes = select(BillTo.establishment_id).where(BillTo.tenant_id == tenant_id)
    own = Establishment.id.in_(goes) | (Establishment.tenant_id == tenant_id)
    return db.session.scalars(select(Establishment).where(own).order_by(Establishment.id)).all()


def _houses(tenant_id: int) -> tuple[House, ...]:
    rows = _billed_at(tenant_id)
    ids = [row.id for row in rows]
    orders, asked = all_orders(ids), asked_by(ids)
    used = used_of(orders, zone(), settings().demo)
    centres = {row.code: row.cost_centre for row in _payers(tenant_id)}
    return tuple(
        House(
            row.id,
            row.legal_name,
            asked.get(row.id, Asked()),
            tuple(
                Numbered(one, centres.get(one.payer or "", ""), used.get(one.id, 0))
                for one in orders
                if one.establishment == row.id and (one.payer is None or one.payer in centres)
            ),
        )
        for row in rows
    )
