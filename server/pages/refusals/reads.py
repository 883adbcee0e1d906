"""Refused charges as pages show them: the session, who pays, who was at the machine, why it was refused, the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from server.billing.models import ChargeRefusal, Dispute
from server.billing.pricing import priced
from server.db import db, reading
from server.domain.rating import RatedSession
from server.machines.models import Machine
from server.pages.people.names import Named, named
from server.people.models import Payer, Tenant
from server.usage.models import UsageSession
from server.web.here import zone
from server.web.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class RefusedCharge:
    id: int
    session: str
    machine: str
    tenant: str
    tenant_code: str
    cost_centre: str
    person: Named
    started_at: datetime
    ended_at: datetime
    measured_s: int
    refused_at: datetime
    refused_by: str
    reason: str
    answered_at: datetime | None
    is_charged: bool | None
    answer: str
    version: int
    cents: int | None = None


def find_refusals() -> Page[RefusedCharge]:
    """Those that wait first, the oldest of them on top; then those that are answered, the newest first."""
    with reading():
        rows = _rows(_wanted())
    waiting = sorted((one for one in rows if one.answered_at is None), key=lambda one: one.refused_at)
    answered = [one for one in rows if one.answered_at is not None]
    return page_of([*waiting, *sorted(answered, key=lambda one: one.refused_at, reverse=True)])


def read_refusal(number: int) -> RefusedCharge | None:
    """With what it comes to."""
    with reading():
        one = next(iter(_rows(_wanted(ChargeRefusal.id == number))), None)
    if one is None:
        return None
    price = priced(one.session, one.ended_at, zone())
    return replace(one, cents=price.rated.net_cents if price and isinstance(price.rated, RatedSession) else None)


def refused_of(holder: int) -> list[RefusedCharge]:
    """Sessions of this person that their payer refused, the newest first."""
    with reading():
        return sorted(
            _rows(_wanted(UsageSession.holder_number == holder)), key=lambda one: one.refused_at, reverse=True
        )


@dataclass(frozen=True, slots=True)
class ContestedSession:
    """``seen_at``: when the tenant's people first read its clock times."""

    machine: str
    tenant: str
    started_at: datetime
    words: str
    seen_at: datetime | None
    answered_at: datetime | None
    answer: str


def contested_of(holder: int) -> list[ContestedSession]:
    """Sessions of this person that a payer contested, the newest first."""
    wanted = (
        select(
            *(Machine.name, Tenant.name, UsageSession.started_at, Dispute.words),
            *(Dispute.seen_at, Dispute.answered_at, Dispute.answer),
        )
        .select_from(Dispute)
        .join(UsageSession, UsageSession.id == Dispute.subject)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == Dispute.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(UsageSession.holder_number == holder)
        .order_by(Dispute.raised_at.desc())
    )
    with reading():
        return [ContestedSession(*row) for row in db.session.execute(wanted)]


def _wanted(*conditions: ColumnElement[bool]) -> Any:
    return (
        select(ChargeRefusal, UsageSession, Machine.name, Tenant.name, Tenant.code, Payer.cost_centre)
        .join(UsageSession, UsageSession.id == ChargeRefusal.session_id)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == ChargeRefusal.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(*conditions)
    )


def _rows(wanted: Any) -> list[RefusedCharge]:
    rows = db.session.execute(wanted).all()
    people = named({session.holder_number for _, session, *_ in rows})
    return [_row(row, people) for row in rows]


def _row(row: Any, people: Mapping[int, Named]) -> RefusedCharge:
    refusal, session, machine, tenant, code, centre = row
    return RefusedCharge(
        id=refusal.id,
        session=session.id,
        machine=machine,
        tenant=tenant,
        tenant_code=code,
        cost_centre=centre,
        person=people.get(session.holder_number) or Named(session.holder_number, "", "", ""),
        started_at=session.started_at,
        ended_at=session.ended_at,
        measured_s=session.occupied_s,
        **{name: getattr(refusal, name) for name in _OF_REFUSAL},
    )


_OF_REFUSAL = ("refused_at", "refused_by", "reason", "answered_at", "is_charged", "answer", "version")
