"""What a request about contracts is about, for the gate; 404 for what is not there, or is another tenant's."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.contracts.models import Budget, Contract, Pack, PurchaseOrder
from server.db import db, reading
from server.domain.roles import About
from server.people.models import BillTo, Establishment, Tenant


def tenant_of(code: str, **others: Any) -> About:
    return _about(select(Tenant.code).where(Tenant.code == code))


def contract_of(code: str, number: int, **others: Any) -> About:
    return _own(Contract, code, number)


def pack_of(code: str, number: int, **others: Any) -> About:
    return _own(Pack, code, number)


def budget_of(code: str, number: int, **others: Any) -> About:
    return _own(Budget, code, number)


def house_of(code: str, number: int, **others: Any) -> About:
    """An address that the tenant's bills go to, or one of its own."""
    wanted = select(Tenant.code).where(Tenant.code == code, _billed_at(number))
    return _about(wanted)


def order_of(code: str, number: int, **others: Any) -> About:
    with reading():
        house = db.session.scalar(select(PurchaseOrder.establishment_id).where(PurchaseOrder.id == number))
    return house_of(code, house) if house is not None else abort(404)


def _billed_at(house: int) -> Any:
    goes = select(BillTo.id).where(BillTo.tenant_id == Tenant.id, BillTo.establishment_id == house).exists()
    return (
        goes | select(Establishment.id).where(Establishment.tenant_id == Tenant.id, Establishment.id == house).exists()
    )


def _own(table: Any, code: str, number: int) -> About:
    own = select(Tenant.code).join(table, table.tenant_id == Tenant.id)
    return _about(own.where(Tenant.code == code, table.id == number))


def _about(wanted: Any) -> About:
    with reading():
        code = db.session.scalar(wanted)
    return About(tenant=code) if code is not None else abort(404)
