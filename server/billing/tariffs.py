"""Every tariff there ever was, as rating knows them."""

from sqlalchemy import select

from server.billing import models
from server.db import db
from server.domain.rule_text import from_plain
from server.domain.tariffs import Scope, Tariff
from server.machines.models import Machine
from server.people.models import Tenant


def load_tariffs() -> list[Tariff]:
    """Every tariff there ever was; machines and tenants by their code."""
    rows = db.session.execute(
        select(models.Tariff, Machine.code, Tenant.code)
        .outerjoin(Machine, Machine.id == models.Tariff.machine_id)
        .outerjoin(Tenant, Tenant.id == models.Tariff.tenant_id)
        .order_by(models.Tariff.id)
    )
    return [tariff_of(row, machine, tenant) for row, machine, tenant in rows]


def tariff_of(row: models.Tariff, machine: str | None, tenant: str | None) -> Tariff:
    scope = Scope(machine, row.category, tenant, row.tenant_kind, row.member_class)
    return Tariff(row.id, scope, row.valid_from, row.valid_until, from_plain(row.rule))
