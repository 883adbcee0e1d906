"""What a request about sessions is about, for the gate; 404 for what is not there."""

from typing import Any

from flask import abort
from sqlalchemy import select

from server.db import db, reading
from server.domain.roles import About
from server.machines.models import Machine
from server.people.models import Payer, Tenant
from server.usage.models import UsageSession


def session_of(session_id: str, **others: Any) -> About:
    wanted = (
        select(Machine.code, Machine.room, Tenant.code.label("tenant"), UsageSession.holder_number)
        .select_from(UsageSession)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
    )
    with reading():
        found = db.session.execute(wanted.where(UsageSession.id == session_id)).one_or_none()
    if found is None:
        abort(404)
    return About(tenant=found.tenant, machine=found.code, room=found.room, holder=found.holder_number)
