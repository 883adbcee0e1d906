"""Finds one row about contracts, or says in a sentence that there is none; and writes down what was changed."""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select

from server.audit import service as audit
from server.contracts.errors import ContractError
from server.db import Model, db, expect_version
from server.people.models import Payer, Tenant

_Row = TypeVar("_Row", bound=Model)


def held(table: type[_Row], number: int, version: int | None) -> _Row:
    """A row, kept for the one who changes it until his transaction ends. Raises Stale where somebody was faster."""
    row: Any = db.session.get(table, number, with_for_update=True, populate_existing=True)
    if row is None:
        raise ContractError("It is not there any more.")
    expect_version(row, version)
    return row


def tenant_of(code: str) -> Tenant:
    found = db.session.scalar(select(Tenant).where(Tenant.code == code))
    if found is None:
        raise ContractError("There is no tenant %(code)s.", code=code)
    return found


def payer_id(tenant_id: int, code: str | None) -> int | None:
    """Of one of the tenant's own cost centres; None for all of them."""
    if code is None:
        return None
    found: int | None = db.session.scalar(select(Payer.id).where(Payer.code == code, Payer.tenant_id == tenant_id))
    if found is None:
        raise ContractError("There is no cost centre %(code)s of this tenant.", code=code)
    return found


def added(row: Any, kind: str, after: dict[str, Any], reason: str, actor: str, now: datetime) -> None:
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "add", kind, row.id, None, after, reason, now)


def changed(
    row: Any, kind: str, said: dict[str, Any], reason: str, actor: str, now: datetime, verb: str = "change"
) -> bool:
    """Keep what is said where it differs, and write that down. Returns whether anything did."""
    before = {name: getattr(row, name) for name, value in said.items() if getattr(row, name) != value}
    if not before:
        return False
    for name in before:
        setattr(row, name, said[name])
    audit.record(actor, verb, kind, row.id, before, {name: said[name] for name in before}, reason, now)
    return True
