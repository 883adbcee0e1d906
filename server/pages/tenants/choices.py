"""What fields about tenants offer."""

from sqlalchemy import select

from server.db import db, reading
from server.people.models import Establishment, Tenant


def tenant_names() -> list[tuple[str, str]]:
    """Code and name of every tenant that has not left."""
    wanted = select(Tenant.code, Tenant.name).where(Tenant.ended_at.is_(None)).order_by(Tenant.name)
    with reading():
        return [(code, name) for code, name in db.session.execute(wanted)]


def address_choices() -> dict[str, list[tuple[int, str]]]:
    """Every address a bill can go to, under the name of the tenant it belongs to."""
    wanted = (
        select(Tenant.name, Establishment.id, Establishment.legal_name, Establishment.city)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(Tenant.ended_at.is_(None))
        .order_by(Tenant.name, Establishment.id)
    )
    choices: dict[str, list[tuple[int, str]]] = {}
    with reading():
        for tenant, number, name, city in db.session.execute(wanted):
            choices.setdefault(tenant, []).append((number, f"{name}, {city}"))
    return choices
