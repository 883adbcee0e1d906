"""What a request about supplies is about, for the gate; 404 for what is not there. A catalogue belongs to the whole lab."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import About
from server.people.models import Payer, Tenant
from server.supplies.models import Material, Noted, OneOff, Preset, Recurring, SupplyPrice


def material_of(number: int, **others: Any) -> About:
    return _about(select(Material.id).where(Material.id == number))


def price_of(number: int, **others: Any) -> About:
    return _about(select(SupplyPrice.id).where(SupplyPrice.id == number))


def preset_of(number: int, **others: Any) -> About:
    return _about(select(Preset.id).where(Preset.id == number))


def noted_of(number: int, **others: Any) -> About:
    return _about(select(Noted.id).where(Noted.id == number))


def one_off_of(code: str, number: int, **others: Any) -> About:
    return _of_tenant(select(Tenant.code).join(Payer).join(OneOff).where(OneOff.id == number), code)


def recurring_of(code: str, number: int, **others: Any) -> About:
    return _of_tenant(select(Tenant.code).join(Payer).join(Recurring).where(Recurring.id == number), code)


def _of_tenant(wanted: Any, code: str) -> About:
    """An item of another tenant is not there."""
    with reading():
        found = db.session.scalar(wanted.where(Tenant.code == code))
    return About(tenant=found) if found is not None else abort(404)


def _about(wanted: Any) -> About:
    with reading():
        found = db.session.scalar(wanted)
    return About() if found is not None else abort(404)
