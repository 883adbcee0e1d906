"""Reads what billing decides upon, as plain values: the month's sessions, prices, the VAT table, sellers and payers.

Everything dated keeps its dates; what was in force is asked for the day a session started.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from server.billing import models
from server.billing.agreed import terms_of
from server.billing.orders import ordered_on
from server.billing.tariffs import load_tariffs
from server.billing.uses import FINISHED, Dated, Use, load_month, load_uses, reopened
from server.contracts import service as contracts
from server.db import db
from server.domain import invoicing
from server.domain.allowances import Terms
from server.domain.bearing import Ordered
from server.domain.items import BillItem
from server.domain.period import Period, day_of, day_start
from server.domain.status import Proof
from server.domain.supplies import MissingItemPrice
from server.domain.tariffs import Tariff
from server.domain.vat import Cell
from server.machines.models import Machine
from server.people.models import BillTo, Establishment, Payer, TaxTreatment, Tenant, TenantKind
from server.people.proofs import proofs_of
from server.supplies import service as supplies
from server.usage.models import UsageSession

_IN_ONE = 500  # references asked for at once
_PAYERS = select(Payer.code, Payer.cost_centre, Tenant.id, Tenant.name).join(Tenant, Tenant.id == Payer.tenant_id)
NOTHING_ORDERED = Ordered()
_REFUSED = select(models.ChargeRefusal.session_id).where(models.ChargeRefusal.answered_at.is_(None))


class Issuer(NamedTuple):
    """A seller, with what is not printed: its VAT regime, and how its series begin."""

    regime: str
    prefix: str
    seller: invoicing.Seller


class Whose(NamedTuple):
    """A payer's cost centre and tenant."""

    cost_centre: str
    tenant_id: int
    tenant_name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the drafts of one month follow from. Numbers are database ids."""

    uses: list[Use]
    tariffs: list[Tariff]
    cells: list[Cell]
    issuers: list[Dated]
    bill_to: Mapping[int, list[Dated]]  # tenant → establishments
    treatments: Mapping[int, list[Dated]]  # establishment → treatments
    buyers: Mapping[int, invoicing.Buyer]  # establishment → its address and identity
    owners: Mapping[int, int]  # establishment → tenant
    proofs: Mapping[int, Sequence[Proof]] = field(default_factory=dict)  # establishment → what was seen of its status
    refused: frozenset[str] = frozenset()  # sessions that their payer refuses, until somebody has answered
    terms: Mapping[str, Terms] = field(default_factory=dict)  # tenant's code → what it has agreed
    items: Sequence[BillItem | MissingItemPrice] = ()  # what is billed beside sessions, charged or not
    charged: Mapping[str, int] = field(default_factory=dict)  # item → round of its last charge
    reopened: Mapping[str, int] = field(default_factory=dict)  # subject → credit notes that let it be charged anew
    payers: Mapping[str, Whose] = field(default_factory=dict)  # by code
    machines: Mapping[str, str] = field(default_factory=dict)  # code → name
    agreed: Mapping[str, str] = field(default_factory=dict)  # what contracts and packs are called, by reference
    ordered: Ordered = NOTHING_ORDERED
    carried: Sequence[Use] = ()  # sessions of the month before that began on a day on which one of these did


def load(period: Period, specimen: bool, tenant_id: int | None = None) -> Facts:
    """Inside ``reading()``. A specimen month is made of simulated sessions only, a real one of real ones. With
    ``tenant_id`` the uses are those of one tenant."""
    establishments = db.session.execute(
        select(Establishment, Tenant.code, Tenant.kind, Tenant.language)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .order_by(Establishment.id)
    ).all()
    tariffs, uses = load_tariffs(), load_month(period, *_of_month(specimen, tenant_id))
    items = [*supplies.bill_items(period, specimen, tenant_id), *_packs(period, tenant_id)]
    terms = terms_of(period, specimen, tariffs, tenant_id)
    return Facts(
        uses=uses,
        tariffs=tariffs,
        cells=[_copy(Cell, row) for row in db.session.scalars(select(models.VatCell))],
        issuers=load_issuers(),
        bill_to=_by((row.tenant_id, _dated(row, row.establishment_id)) for row in db.session.scalars(select(BillTo))),
        treatments=_by(
            (row.establishment_id, _dated(row, row.treatment)) for row in db.session.scalars(select(TaxTreatment))
        ),
        buyers={
            row.id: _copy(invoicing.Buyer, row, tenant=tenant, tenant_kind=kind, language=language)
            for row, tenant, kind, language in establishments
        },
        owners={row.id: row.tenant_id for row, *_ in establishments},
        proofs=proofs_of(),
        refused=frozenset(db.session.scalars(_REFUSED)),
        terms=terms,
        agreed=contracts.names_of([one.ref for agreed in terms.values() for one in agreed.allowances]),
        items=items,
        charged=_charged([item.ref for item in items]),
        reopened=reopened(real=not specimen) if items else {},
        payers={row[0]: Whose(row[1], row[2], row[3]) for row in db.session.execute(_PAYERS)},
        machines=dict(db.session.execute(select(Machine.code, Machine.name)).all()),
        ordered=ordered_on(period.zone, specimen),
        carried=_carried(uses, period, specimen),
    )


def load_issuers() -> list[Dated]:
    """All sellers; inside ``reading()``."""
    return [_dated(row, _issuer(row)) for row in db.session.scalars(select(models.Seller))]


def _packs(period: Period, tenant_id: int | None) -> list[BillItem]:
    return contracts.bill_items(period, None if tenant_id is None else [tenant_id])


def _charged(refs: Sequence[str]) -> dict[str, int]:
    """Of the items that are charged already, the round of their last charge."""
    found: dict[str, int] = {}
    last = select(models.Charge.subject, func.max(models.Charge.round)).group_by(models.Charge.subject)
    for at in range(0, len(refs), _IN_ONE):
        own = last.where(models.Charge.subject.in_(refs[at : at + _IN_ONE]))
        found |= dict(db.session.execute(own).all())
    return found


def _carried(uses: Sequence[Use], period: Period, specimen: bool) -> list[Use]:
    """What ended in the period before, on a day on which a session of this one began."""
    first = min((use.started_at for use in uses), default=period.start)
    if first >= period.start:
        return []
    tenants = {use.tenant_id for use in uses if use.started_at < period.start}
    began = UsageSession.started_at >= day_start(day_of(first, period.zone), period.zone)
    before = (UsageSession.ended_at < period.start) & UsageSession.payer_id.in_(
        select(Payer.id).where(Payer.tenant_id.in_(tenants))
    )
    return load_uses(began, before, UsageSession.state.in_(FINISHED), UsageSession.simulated.is_(specimen))


def _of_month(specimen: bool, tenant_id: int | None) -> list[ColumnElement[bool]]:
    """All sessions, but for those of internal tenants: they are measured and never invoiced."""
    payers = select(Payer.id).join(Tenant, Tenant.id == Payer.tenant_id)
    if tenant_id is None:
        payers = payers.where(Tenant.kind != TenantKind.INTERNAL.value)
    else:
        payers = payers.where(Tenant.id == tenant_id)
    return [UsageSession.simulated.is_(specimen), UsageSession.payer_id.in_(payers)]


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
