"""Reads what billing decides upon, as plain values: the month's sessions, prices, the VAT table, sellers and payers.

Everything dated keeps its dates; what was in force is asked for the day a session started.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, select

from server.billing import models
from server.db import db
from server.domain import invoicing, rating
from server.domain.decisions import AS_MEASURED, Decision, counted
from server.domain.period import Period, day_of
from server.domain.vat import Cell
from server.machines.models import Machine
from server.people.models import BillTo, Establishment, Payer, TaxTreatment, Tenant, TenantKind
from server.usage import decisions
from server.usage.models import UsageSession

FINISHED = ("ended", "provisional")
_REFUSED = select(models.ChargeRefusal.session_id).where(models.ChargeRefusal.answered_at.is_(None))


class Use(NamedTuple):
    """A finished session with the machine, payer and tenant it names. ``charge``: the one it already has, or None;
    ``decision``: what a person has said of it."""

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
    holder: int
    state: str
    end_reason: str | None
    time_quality: str
    tenant: str
    risk: str
    simulated: bool
    continues: str | None
    decision: Decision = AS_MEASURED

    @property
    def counted_s(self) -> int | None:
        return counted(self.state, self.measured_s, self.decision)


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
    refused: frozenset[str] = frozenset()  # sessions that their payer refuses, until somebody has answered


def load(period: Period, specimen: bool, tenant_id: int | None = None) -> Facts:
    """Inside ``reading()``. A specimen month is made of simulated sessions only, a real one of real ones. With
    ``tenant_id`` the uses are those of one tenant."""
    establishments = db.session.execute(
        select(Establishment, Tenant.code).join(Tenant, Tenant.id == Establishment.tenant_id)
    ).all()
    return Facts(
        uses=load_uses(*_in_month(period, specimen, tenant_id)),
        tariffs=load_tariffs(),
        cells=[_copy(Cell, row) for row in db.session.scalars(select(models.VatCell))],
        issuers=[_dated(row, _issuer(row)) for row in db.session.scalars(select(models.Seller))],
        bill_to=_by((row.tenant_id, _dated(row, row.establishment_id)) for row in db.session.scalars(select(BillTo))),
        treatments=_by(
            (row.establishment_id, _dated(row, row.treatment)) for row in db.session.scalars(select(TaxTreatment))
        ),
        buyers={row.id: _copy(invoicing.Buyer, row, tenant=tenant) for row, tenant in establishments},
        owners={row.id: row.tenant_id for row, _ in establishments},
        refused=frozenset(db.session.scalars(_REFUSED)),
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


def load_uses(*conditions: ColumnElement[bool]) -> list[Use]:
    """Sessions that fit, by tenant and start, inside ``reading()``."""
    wanted = (
        select(
            *(UsageSession.id, UsageSession.started_at, UsageSession.ended_at, UsageSession.occupied_s),
            *(Machine.code, Machine.name, Machine.category, Payer.code, Payer.cost_centre),
            *(Tenant.id, Tenant.name, Tenant.kind, models.Charge.id),
            *(UsageSession.holder_number, UsageSession.state, UsageSession.end_reason, UsageSession.time_quality),
            *(Tenant.code, Machine.risk, UsageSession.simulated, UsageSession.continues),
        )
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(models.Charge, models.Charge.session_id == UsageSession.id)
        .where(*conditions)
        .order_by(Tenant.id, UsageSession.started_at, UsageSession.id)
    )
    uses = [Use._make((*row, AS_MEASURED)) for row in db.session.execute(wanted)]
    decided = decisions.newest(*conditions) if uses else {}
    return [use._replace(decision=decided[use.id]) if use.id in decided else use for use in uses]


def load_use(session_id: str, until: datetime) -> Use | None:
    """One session as it is, inside ``reading()``; one that is open as if it ended at ``until``."""
    found = load_uses(UsageSession.id == session_id)
    if not found:
        return None
    (use,) = found
    if cast("datetime | None", use.ended_at) is not None:
        return use
    return use._replace(ended_at=until, measured_s=max(0, int((until - use.started_at).total_seconds())))


def rated_as(use: Use, zone: tzinfo) -> rating.Session:
    """A use as rating sees it."""
    return rating.Session(
        id=use.id,
        start=use.started_at,
        day=day_of(use.started_at, zone),
        measured_s=use.measured_s,
        machine=use.machine,
        category=use.category,
        tenant_kind=use.tenant_kind,
        counted_s=use.counted_s,
        free=use.decision.free,
        continues=bool(use.continues),
    )


def _in_month(period: Period, specimen: bool, tenant_id: int | None) -> list[ColumnElement[bool]]:
    """Sessions that ended in the period, but for those of internal tenants: they are measured and never invoiced."""
    payers = select(Payer.id).join(Tenant, Tenant.id == Payer.tenant_id)
    if tenant_id is None:
        payers = payers.where(Tenant.kind != TenantKind.INTERNAL.value)
    else:
        payers = payers.where(Tenant.id == tenant_id)
    ended = (UsageSession.ended_at >= period.start) & (UsageSession.ended_at < period.end)
    finished = UsageSession.state.in_(FINISHED) & UsageSession.simulated.is_(specimen)
    return [finished, ended, UsageSession.payer_id.in_(payers)]


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
