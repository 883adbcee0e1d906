"""Decisions about sessions as long as they are not charged: the same as in ``usage.decisions``, and refused afterwards.

An issued document is never changed; what is wrong on it is put right by a credit note.
"""

from datetime import datetime, tzinfo

from sqlalchemy import select

from server.billing.errors import BillingError
from server.billing.models import Charge, Document
from server.billing.uses import charge_in_force
from server.db import db, writing
from server.domain.period import month_of
from server.people.models import Payer
from server.usage import decisions


def correct_end(
    session_id: str, ended_at: datetime, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    with writing():
        _still_open(session_id)
        decisions.correct_end(session_id, ended_at, reason, version, actor=actor, now=now)


def count_as_measured(session_id: str, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    with writing():
        _still_open(session_id)
        decisions.count_as_measured(session_id, reason, version, actor=actor, now=now)


def do_not_charge(
    session_id: str, free: str, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    with writing():
        _still_open(session_id)
        decisions.do_not_charge(session_id, free, reason, version, actor=actor, now=now)


def charge_again(session_id: str, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    with writing():
        _still_open(session_id)
        decisions.charge_again(session_id, reason, version, actor=actor, now=now)


def enter_by_hand(
    machine: str,
    holder: int,
    payer: str,
    start: datetime,
    end: datetime,
    reason: str,
    *,
    zone: tzinfo,
    simulated: bool,
    actor: str,
    now: datetime,
) -> str:
    """Refused, too, in a month of which the tenant has its invoice."""
    month = month_of(end, zone)
    with writing():
        if (number := _invoice(payer, month)) is not None:
            raise BillingError(
                "%(month)s is issued for this tenant, as %(number)s: nothing can be added to it.",
                month=month,
                number=number,
            )
        times = (start, end, reason)
        return decisions.enter_by_hand(machine, holder, payer, *times, simulated=simulated, actor=actor, now=now)


def _still_open(session_id: str) -> None:
    """Nobody charges it from here on until this transaction is over; and nobody has."""
    decisions.locked(session_id)
    charge = charge_in_force(session_id)
    if charge is not None:
        number = db.session.get_one(Document, charge.document_id).number
        raise BillingError(
            "%(number)s is issued with this session on it: it can only be put right by a credit note.", number=number
        )


def _invoice(payer: str, month: str) -> str | None:
    """The document of this month on which sessions of the payer's tenant stand."""
    tenant = select(Payer.tenant_id).where(Payer.code == payer).scalar_subquery()
    own = select(Payer.id).where(Payer.tenant_id == tenant)
    charged = select(Document.number).join(Charge, Charge.document_id == Document.id)
    found: str | None = db.session.scalar(charged.where(Document.month == month, Charge.payer_id.in_(own)).limit(1))
    return found
