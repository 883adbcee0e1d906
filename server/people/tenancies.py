"""Tenants and their papers after the first day: what is known of them changes, a cost centre closes, a tenant leaves.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.jobs import service as jobs
from server.people.contacts import forget_contact_of
from server.people.models import Establishment, Membership, Payer, TenantKind
from server.people.rows import PeopleError, establishment_by_id, payer_by_code, tenant_by_code
from wire.messages import Shows


@dataclass(frozen=True, slots=True)
class Address:
    """What a form says of an establishment."""

    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    siren: str | None
    vat_id: str | None
    siret: str | None = None
    email: str | None = None
    service_code: str | None = None
    needs_service_code: bool = False
    wants_einvoice: bool = False


def edit_tenant(
    code: str,
    name: str,
    kind: TenantKind,
    language: str,
    parent: str | None,
    shows: Shows = Shows.PRICE,
    *,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Name, kind, language, the tenant it belongs to, and what panels show of its terms. The kind decides prices."""
    with writing():
        tenant = tenant_by_code(code, changing=True)
        expect_version(tenant, version)
        above = tenant_by_code(parent) if parent else None
        if above is not None and above.id == tenant.id:
            raise PeopleError("a tenant cannot belong to itself")
        said: dict[str, Any] = {"name": name, "kind": TenantKind(kind).value, "language": language}
        said |= {"parent_id": above.id if above else None, "shows": Shows(shows).value}
        if write(tenant, said, "tenant", code, actor, now):
            jobs.announce("access", f"tenant:{code}", now)


def edit_establishment(
    number: int, address: Address, *, version: int | None = None, actor: str, now: datetime
) -> Establishment:
    """What bills say from now on. An issued one keeps what it said."""
    with writing():
        establishment = establishment_by_id(number, changing=True)
        expect_version(establishment, version)
        write(establishment, asdict(address), "establishment", number, actor, now)
    return establishment


def end_payer(code: str, until: datetime, reason: str, *, actor: str, now: datetime) -> None:
    """Nothing is charged to this cost centre from a moment on. Who has it as default payer is refused with that reason."""
    with writing():
        payer = payer_by_code(code, changing=True)
        if until <= payer.valid_from:
            raise PeopleError("the cost centre would end before it begins")
        before = {"valid_until": payer.valid_until}
        payer.valid_until = until
        audit.record(actor, "end", "payer", code, before, {"valid_until": until}, reason, now)
        jobs.announce("access", f"payer:{code}", now)


def end_tenant(code: str, reason: str, *, version: int | None = None, actor: str, now: datetime) -> None:
    """The tenant leaves: its cost centres close and its members lose this payer. What it owes is still invoiced."""
    with writing():
        tenant = tenant_by_code(code, changing=True)
        expect_version(tenant, version)
        if tenant.ended_at is not None:
            raise PeopleError("this tenant has left already")
        for payer in _open_payers(tenant.id, now):
            payer.valid_until = max(now, payer.valid_from)
            audit.record(actor, "end", "payer", payer.code, None, {"valid_until": payer.valid_until}, reason, now)
        for membership in _open_memberships(tenant.id, now):
            membership.ended_at, membership.ended_reason = now, reason
            audit.record(actor, "end", "membership", membership.ref, None, {"ended_at": now}, reason, now)
            forget_contact_of(membership.holder_number, now)
        tenant.ended_at = now
        audit.record(actor, "end", "tenant", code, {"ended_at": None}, {"ended_at": now}, reason, now)
        jobs.announce("access", f"tenant:{code}", now)


def write(row: Any, said: dict[str, Any], kind: str, key: object, actor: str, now: datetime, reason: str = "") -> bool:
    """Set what differs and write it down, in the caller's ``writing()``. False when nothing does."""
    before = {name: getattr(row, name) for name, value in said.items() if getattr(row, name) != value}
    if not before:
        return False
    for name in before:
        setattr(row, name, said[name])
    audit.record(actor, "edit", kind, key, before, {name: said[name] for name in before}, reason, now)
    return True


def _open_payers(tenant_id: int, now: datetime) -> list[Payer]:
    payers = db.session.scalars(select(Payer).where(Payer.tenant_id == tenant_id))
    return [payer for payer in payers if payer.valid_until is None or payer.valid_until > now]


def _open_memberships(tenant_id: int, now: datetime) -> list[Membership]:
    ties = db.session.scalars(
        select(Membership).where(Membership.tenant_id == tenant_id, Membership.ended_at.is_(None))
    )
    return [tie for tie in ties if tie.valid_until is None or tie.valid_until > now]
