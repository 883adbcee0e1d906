"""What a request about tenants is about, for the gate; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import About
from server.people.models import Establishment, Payer, Tenant


def tenant_of(code: str, **others: Any) -> About:
    return _about(select(Tenant.code).where(Tenant.code == code))


def establishment_of(code: str, number: int, **others: Any) -> About:
    """An address belongs to its tenant: one of another tenant is not there."""
    own = select(Tenant.code).join(Establishment, Establishment.tenant_id == Tenant.id)
    return _about(own.where(Tenant.code == code, Establishment.id == number))


def payer_of(code: str, payer: str, **others: Any) -> About:
    own = select(Tenant.code).join(Payer, Payer.tenant_id == Tenant.id)
    return _about(own.where(Tenant.code == code, Payer.code == payer))


def _about(wanted: Any) -> About:
    with reading():
        code = db.session.scalar(wanted)
    return About(tenant=code) if code is not None else abort(404)
