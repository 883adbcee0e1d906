"""Reads what billing decides upon, as plain values: the month's sessions, prices, the VAT table, sellers and payers.

Everything dated keeps its dates; what was in force is asked for the day a session started.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from server.billing import models
from server.db import db
from server.domain import invoicing, rating
from server.domain.period import Period
from server.domain.vat import Cell
from server.machines.models import Machine
from server.people.models import BillTo, Establishment, Payer, TaxTreatment, Tenant, TenantKind
from server.usage.models import UsageSession

FINISHED = ("ended", "provisional")


class Use(NamedTuple):
    """A finished session with the machine, payer and tenant it names. ``charge``: the one it already has, or None."""

    id: str
    started_at: datetime
    ended_at: datetime
    measured_s: int
    machine: str
    machine_name: str
    category: str
    payer: str
    cost_centre: str
    tenant_id: int
    tenant_name: str
    tenant_kind: str
    charge: int | None


class Dated(NamedTuple):
    """A value that holds from a day on, and until the first day on which it does not."""

    valid_from: date
    valid_until: date | None
    value: Any


class Issuer(NamedTuple):
    """A seller, with what is not printed: its VAT regime, and how its series begin."""

    regime: str
    prefix: str
    seller: invoicing.Seller


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the drafts of one month follow from. Numbers are database ids."""

    uses: list[Use]
    tariffs: list[rating.Tariff]
    cells: list[Cell]
    issuers: list[Dated]
    bill_to: Mapping[int, list[Dated]]  # tenant → establishments
    treatments: Mapping[int, list[Dated]]  # establishment → treatments
    buyers: Mapping[int, invoicing.Buyer]  # establishment → its address and identity
    owners: Mapping[int, int]  # establishment → tenant


def load(period: Period, specimen: bool) -> Facts:
    """Inside ``reading()``. A specimen month is made of simulated sessions only, a real one of real ones."""
    establishments = db.session.execute(
        select(Establishment, Tenant.code).join(Tenant, Tenant.id == Establishment.tenant_id)
    ).all()
    return Facts(
        uses=_uses(period, specimen),
        tariffs=load_tariffs(),
        cells=[_copy(Cell, row) for row in db.session.scalars(select(models.VatCell))],
        issuers=[_dated(row, _issuer(row)) for row in db.session.scalars(select(models.Seller))],
        bill_to=_by((row.tenant_id, _dated(row, row.establishment_id)) for row in db.session.scalars(select(BillTo))),
        treatments=_by(
            (row.establishment_id, _dated(row, row.treatment)) for row in db.session.scalars(select(TaxTreatment))
        ),
        buyers={row.id: _copy(invoicing.Buyer, row, tenant=tenant) for row, tenant in establishments},
        owners={row.id: row.tenant_id for row, _ in establishments},
    )


def load_tariffs() -> list[rating.Tariff]:
    """Every tariff there ever was; machines by their code."""
    rows = db.session.execute(
        select(models.Tariff, Machine.code).outerjoin(Machine, Machine.id == models.Tariff.machine_id)
    ).all()
    return [_copy(rating.Tariff, row, machine=code) for row, code in rows]


def in_force(rows: Iterable[Dated], day: date) -> Any:
    """The value that holds on a day, of two the later one; None when nothing does."""
    holding = [row for row in rows if row.valid_from <= day and (row.valid_until is None or day < row.valid_until)]
    return max(holding, key=lambda row: row.valid_from).value if holding else None


def _uses(period: Period, specimen: bool) -> list[Use]:
    """Sessions that ended in the period, but for those of internal tenants: they are measured and never invoiced."""
    wanted = (
        select(
            *(UsageSession.id, UsageSession.started_at, UsageSession.ended_at, UsageSession.occupied_s),
            *(Machine.code, Machine.name, Machine.category, Payer.code, Payer.cost_centre),
            *(Tenant.id, Tenant.name, Tenant.kind, models.Charge.id),
        )
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(models.Charge, models.Charge.session_id == UsageSession.id)
        .where(UsageSession.state.in_(FINISHED), UsageSession.simulated.is_(specimen))
        .where(UsageSession.ended_at >= period.start, UsageSession.ended_at < period.end)
        .where(Tenant.kind != TenantKind.INTERNAL.value)
        .order_by(Tenant.id, UsageSession.started_at, UsageSession.id)
    )
    return [Use._make(row) for row in db.session.execute(wanted)]


def _issuer(row: models.Seller) -> Issuer:
    return Issuer(row.regime, row.series_prefix, _copy(invoicing.Seller, row))


def _dated(row: Any, value: Any) -> Dated:
    return Dated(row.valid_from, row.valid_until, value)


def _copy(kind: Any, row: Any, **more: Any) -> Any:
    """A domain value with the row's columns of the same names."""
    names = [field.name for field in fields(kind) if field.name not in more]
    return kind(**{name: getattr(row, name) for name in names}, **more)


def _by(pairs: Iterable[tuple[int, Dated]]) -> dict[int, list[Dated]]:
    grouped: dict[int, list[Dated]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return grouped
