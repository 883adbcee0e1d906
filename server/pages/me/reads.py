"""What a maker sees of his sessions: the last ones, and what the one that runs now comes to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from server.billing.pricing import priced
from server.db import db, reading
from server.domain.rating import RatedSession
from server.machines.models import Machine
from server.people.models import Payer
from server.usage.models import UsageSession
from server.web.here import zone

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Mine:
    """One of my sessions. ``cents`` is net, or ``with_vat`` where a private person pays; None while nobody has said what it costs.
    Of those that are over it is not worked out here, the payer's page has it."""

    id: str
    machine: str
    machine_name: str
    payer: str
    start: datetime
    end: datetime | None
    seconds: int
    payer_code: str
    cents: int | None = None
    with_vat: bool = False


def my_sessions(holder: int, now: datetime) -> list[Mine]:
    """The newest first; what runs now has its cost so far."""
    with reading():
        rows = db.session.execute(sessions_of(holder).limit(_SHOWN)).all()
        paying = select(Payer.id, Payer.code).where(Payer.id.in_({row.payer_id for row, *_ in rows}))
        codes = dict(db.session.execute(paying).all())
    return [_mine(row, code, name, label, codes[row.payer_id], now) for row, code, name, label in rows]


def sessions_of(holder: int) -> Select[*tuple[Any, ...]]:
    return (
        select(UsageSession, Machine.code, Machine.name, Payer.label)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .where(UsageSession.holder_number == holder)
        .order_by(UsageSession.started_at.desc())
    )


def _mine(row: UsageSession, code: str, name: str, label: str, payer: str, now: datetime) -> Mine:
    seconds = row.occupied_s if row.ended_at else int((now - row.started_at).total_seconds())
    cents, with_vat = _cost(row.id, now) if row.ended_at is None else (None, False)
    return Mine(row.id, code, name, label, row.started_at, row.ended_at, seconds, payer, cents, with_vat)


def _cost(session_id: str, now: datetime) -> tuple[int | None, bool]:
    """What it comes to so far, and whether that is with VAT."""
    price = priced(session_id, now, zone())
    if price is None or not isinstance(price.rated, RatedSession):
        return None, False
    if price.is_with_vat:
        return price.rated.net_cents + (price.vat_cents or 0), True
    return price.rated.net_cents, False
