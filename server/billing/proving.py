"""Whose proof of status is missing or runs out: establishments that bills go to, treated as businesses of another country."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select

from server.db import db, reading
from server.domain.status import NEED_PROOF, WARNED, until
from server.people.models import BillTo, Establishment, TaxTreatment, Tenant, TenantKind
from server.people.service import proofs_of


@dataclass(frozen=True, slots=True)
class Unproven:
    """``until``: the first day on which no proof will do any more; None: there is none that does."""

    establishment: int
    legal_name: str
    tenant: str  # the code of the one it belongs to
    until: date | None


def proofs_wanted(day: date) -> tuple[Unproven, ...]:
    """Those without a proof, and those whose last one runs out within thirty days; the most pressing first."""
    with reading():
        proofs = proofs_of()
        found = [
            Unproven(number, name, tenant, until(proofs.get(number, ()), day, vat_id))
            for number, name, vat_id, tenant in db.session.execute(_asked(day))
        ]
    pressing = [one for one in found if one.until is None or one.until <= day + WARNED]
    return tuple(sorted(pressing, key=lambda one: (one.until or date.min, one.legal_name)))


def _asked(day: date) -> Select[int, str, str | None, str]:
    """Where bills go on a day, treated so that a proof is asked for."""
    billed = (
        select(BillTo.establishment_id)
        .join(Tenant, Tenant.id == BillTo.tenant_id)
        .where(Tenant.ended_at.is_(None), Tenant.kind != TenantKind.INTERNAL.value)
        .where(BillTo.valid_from <= day, BillTo.valid_until.is_(None) | (BillTo.valid_until > day))
    )
    treated = select(TaxTreatment.establishment_id).where(
        TaxTreatment.treatment.in_(NEED_PROOF),
        TaxTreatment.valid_from <= day,
        TaxTreatment.valid_until.is_(None) | (TaxTreatment.valid_until > day),
    )
    return (
        select(Establishment.id, Establishment.legal_name, Establishment.vat_id, Tenant.code)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(Establishment.id.in_(billed), Establishment.id.in_(treated))
    )
