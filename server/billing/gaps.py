"""What nobody has decided yet and somebody must, before it stops an invoice: prices, and cells of the VAT table."""

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import select

from server.billing.models import Seller, VatCell
from server.billing.natures import natures_in_use
from server.billing.tariffs import load_tariffs
from server.db import db, reading
from server.domain import pricelist
from server.domain.coming import Coming, Overlap, gaps_ahead, overlaps
from server.domain.duties import rhythm
from server.domain.pricelist import Gap, Place
from server.domain.vat import REGIMES, Cell, MissingCell, Nature, decide
from server.machines.models import Machine
from server.people.models import BillTo, Establishment, TaxTreatment, Tenant, TenantKind

_CELLS = select(*(getattr(VatCell, field.name) for field in fields(Cell)))


@dataclass(frozen=True, slots=True)
class Billed:
    """An establishment that bills go to, and a tenant they are for: its code and name."""

    establishment: int
    legal_name: str
    tenant: str
    tenant_name: str


@dataclass(frozen=True, slots=True)
class VatGap:
    """A cell that establishments need and nobody has decided. ``treatment`` None: they themselves have none."""

    regime: str
    treatment: str | None
    nature: str
    billed: tuple[Billed, ...]


@dataclass(frozen=True, slots=True)
class PriceWorries:
    """Machines without a price; those that lose theirs on a coming day; and prices for just the same at the same time."""

    missing: tuple[Gap, ...]
    coming: tuple[Coming, ...]
    twice: tuple[Overlap, ...]


def kinds_here() -> list[str]:
    """The kinds of tenant there are that are ever invoiced, in the order of the glossary. Inside ``reading()``."""
    there = set(db.session.scalars(select(Tenant.kind).where(Tenant.ended_at.is_(None)).distinct()))
    return [kind.value for kind in TenantKind if kind.value in there and kind is not TenantKind.INTERNAL]


def places() -> list[Place]:
    """The machines of the lab, in the order in which they were entered. Inside ``reading()``."""
    wanted = select(Machine.code, Machine.category).where(Machine.ended_at.is_(None)).order_by(Machine.id)
    return [Place(code, category) for code, category in db.session.execute(wanted)]


def price_gaps(now: datetime) -> tuple[Gap, ...]:
    """Machines that cost some kind of tenant, of which there are some, nothing anybody has said."""
    with reading():
        return pricelist.gaps(load_tariffs(), places(), kinds_here(), now)


def price_worries(now: datetime) -> PriceWorries:
    """All that may be wrong with prices, read once."""
    with reading():
        tariffs, machines, kinds = load_tariffs(), places(), kinds_here()
    return PriceWorries(
        missing=pricelist.gaps(tariffs, machines, kinds, now),
        coming=gaps_ahead(tariffs, machines, kinds, now),
        twice=overlaps(tariffs, now),
    )


def vat_gaps(day: date) -> tuple[VatGap, ...]:
    """Cells of the VAT table that an establishment needs which bills go to on ``day``."""
    with reading():
        cells = [Cell(*row) for row in db.session.execute(_CELLS)]
        found: dict[MissingCell, list[Billed]] = {}
        regime, there = regime_on(day), natures_in_use(day)
        used = [one for one in Nature if one in there]
        for billed, treatment in _billed(day):
            for nature in used if treatment else used[:1]:  # without a treatment one gap is enough
                cell = decide(cells, regime, treatment, nature, day)
                if isinstance(cell, MissingCell):
                    found.setdefault(cell, []).append(billed)
    return tuple(VatGap(cell.regime, cell.treatment, cell.nature, tuple(own)) for cell, own in found.items())


def regime_on(day: date) -> str:
    """The seller's on that day; before there is one, the usual one. Inside ``reading()``."""
    holds = (Seller.valid_from <= day) & (Seller.valid_until.is_(None) | (Seller.valid_until > day))
    found: str | None = db.session.scalar(
        select(Seller.regime).where(holds).order_by(Seller.valid_from.desc()).limit(1)
    )
    return found or REGIMES[0]


def rhythm_on(day: date) -> str:
    """In which the seller of that day reports to the tax office; before there is one, the usual one. Inside ``reading()``."""
    holds = (Seller.valid_from <= day) & (Seller.valid_until.is_(None) | (Seller.valid_until > day))
    wanted = select(Seller.regime, Seller.declares).where(holds).order_by(Seller.valid_from.desc()).limit(1)
    found = db.session.execute(wanted).first()
    return rhythm(*found) if found else REGIMES[0]


def _billed(day: date) -> list[tuple[Billed, str | None]]:
    """Who is billed on a day, with the treatment of the establishment; internal tenants are never invoiced."""
    wanted = (
        select(Establishment.id, Establishment.legal_name, Tenant.code, Tenant.name)
        .join(BillTo, BillTo.establishment_id == Establishment.id)
        .join(Tenant, Tenant.id == BillTo.tenant_id)
        .where(Tenant.ended_at.is_(None), Tenant.kind != TenantKind.INTERNAL.value)
        .where(BillTo.valid_from <= day, BillTo.valid_until.is_(None) | (BillTo.valid_until > day))
        .order_by(Tenant.name, BillTo.valid_from)
    )
    treated = _treatments(day)
    return [(Billed(*row), treated.get(row[0])) for row in db.session.execute(wanted)]


def _treatments(day: date) -> dict[int, str]:
    holds = (TaxTreatment.valid_from <= day) & (TaxTreatment.valid_until.is_(None) | (TaxTreatment.valid_until > day))
    wanted = select(TaxTreatment.establishment_id, TaxTreatment.treatment).where(holds)
    return dict(db.session.execute(wanted.order_by(TaxTreatment.valid_from)).all())
