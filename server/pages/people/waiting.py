"""Which badge was held to a machine's reader while somebody waits for it on a page.

A badge nobody carries is refused there as unknown, and the refusal names its fingerprint. What counts is when the server
heard of it: an agent that comes back sends old refusals, and its clock may be a little off.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from server.db import db, reading
from server.machines.models import Agent, Machine
from server.pages.people.names import Named, named
from server.pages.people.reads import mark_of
from server.people.models import Token
from server.people.service import lent_to
from server.usage.models import Denial, Event, UsageSession
from server.usage.sessions import IS_OPEN
from wire.messages import DenialReason

LASTS = timedelta(minutes=2)
_OFF = timedelta(minutes=1)  # how far a synchronised clock may be off
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """``unknown``: the first badge that nobody carries. ``lent``: the last one that was refused though somebody carries
    it, and who. ``started``: whose badge was not refused, so that the machine runs now."""

    unknown: str | None
    lent: tuple[str, Named] | None
    started: Named | None


@dataclass(frozen=True, slots=True)
class Place:
    """The machine somebody waits at."""

    code: str
    name: str
    online: bool


def place_of(code: str) -> Place | None:
    wanted = select(Machine.code, Machine.name, Agent.online).join(Agent, Agent.id == Machine.agent_id)
    with reading():
        row = db.session.execute(wanted.where(Machine.code == code, Machine.ended_at.is_(None))).first()
    return None if row is None else Place(*row)


def heard_since(machine: str, since: datetime) -> Heard:
    """What was refused or granted at this machine since the wait began."""
    wanted = (
        select(Denial.token, Denial.reasons)
        .join(Machine, Machine.id == Denial.machine_id)
        .join(Event, Event.id == Denial.event_id)
        .where(Machine.code == machine, Denial.at >= since - _OFF, Event.received_at >= since)
        .order_by(Denial.event_id)
        .limit(_LOOKED_AT)
    )
    with reading():
        taps = [(token, tuple(reasons)) for token, reasons in db.session.execute(wanted)]
        unknown = (token for token, reasons in taps if _is_unknown(reasons) and lent_to(token) is None)
        known = [token for token, _ in taps if lent_to(token) is not None]
        return Heard(next(unknown, None), _carrier(known[-1]) if known else None, _started_since(machine, since))


def _started_since(machine: str, since: datetime) -> Named | None:
    wanted = select(UsageSession.holder_number).join(Machine, Machine.id == UsageSession.machine_id)
    holder = db.session.scalar(wanted.where(Machine.code == machine, IS_OPEN, UsageSession.started_at >= since))
    return None if holder is None else named([holder])[holder]


def carrier_of(fingerprint: str) -> tuple[str, Named] | None:
    """Who has this badge, and how it is named; None when nobody has it."""
    with reading():
        return _carrier(fingerprint)


def _carrier(fingerprint: str) -> tuple[str, Named] | None:
    holder = db.session.scalar(
        select(Token.holder_number).where(Token.fingerprint == fingerprint, Token.returned_at.is_(None))
    )
    return None if holder is None else (mark_of(fingerprint), named([holder])[holder])


def _is_unknown(reasons: tuple[str, ...]) -> bool:
    return DenialReason.UNKNOWN_TOKEN in reasons
