"""What boxes told of somebody, as they told it: it goes from the evidence, whose chain of salted hashes stays whole.

Sessions and refusals go with their own classes; here goes everything else that may name a person: who reported a problem,
cleared it, let a list hold longer. What is about machines alone stays.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update

from server.db import reading, writing
from server.domain.retention import PSEUDONYMS_FROM, Kept
from server.machines.models import Machine
from server.privacy.night import AT_ONCE, Night, Waiting
from server.usage.models import Denial, Event, EventPayload, Notice, RejectedEvent, UsageSession
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Checkpoint,
    Fault,
    Gap,
    SessionAdopted,
    SessionEnded,
    SessionStarted,
)

_OF_NOBODY = (Checkpoint.KIND, Fault.KIND, AgentStarted.KIND, Gap.KIND)
_OF_SESSIONS = (SessionStarted.KIND, SessionEnded.KIND, SessionAdopted.KIND)
_OF_TRAINING = ("sign_off",)  # evidence of an instruction: as long as these are kept


def waiting(night: Night) -> Waiting:
    with reading() as session:
        told, first = session.execute(_told(night, func.count(), func.min(Event.received_at))).one()
        raw, earlier = session.execute(_rejected(night, func.count(), func.min(RejectedEvent.received_at))).one()
        loose, before = session.execute(_named(night, func.count(), func.min(Notice.at))).one()
    return Waiting(told + raw + loose, _earliest(first, earlier, before))


def step(night: Night) -> int:
    return _forget_told(night) or _forget_rejected(night) or _forget_named(night)


def _forget_told(night: Night) -> int:
    with reading() as session:
        found = list(session.scalars(_told(night, Event.id).order_by(Event.id).limit(AT_ONCE)))
    if not found:
        return 0
    with writing() as session:
        events = list(session.scalars(_told(night, Event.id).where(Event.id.in_(found))))
        session.execute(update(Notice).where(Notice.event_id.in_(events)).values(holder_number=None))
        session.execute(delete(EventPayload).where(EventPayload.event_id.in_(events)))
    return len(events)


def _forget_rejected(night: Night) -> int:
    """What could not be used is kept with its number and the reason; what it said goes."""
    with reading() as session:
        rows = list(session.scalars(_rejected(night, RejectedEvent.id).limit(AT_ONCE)))
    if rows:
        with writing() as session:
            session.execute(update(RejectedEvent).where(RejectedEvent.id.in_(rows)).values(raw=b""))
    return len(rows)


def _forget_named(night: Night) -> int:
    with reading() as session:
        found = list(session.scalars(_named(night, Notice.event_id).limit(AT_ONCE)))
    if not found:
        return 0
    with writing() as session:
        rows = list(session.scalars(_named(night, Notice.event_id).where(Notice.event_id.in_(found))))
        session.execute(update(Notice).where(Notice.event_id.in_(rows)).values(holder_number=None))
    return len(rows)


def _told(night: Night, *columns: Any) -> Select[*tuple[Any, ...]]:
    before, signed_before = night.over_before(Kept.MESSAGES), night.over_before(Kept.TRAINING)
    signed = Event.kind.in_(_OF_TRAINING)
    over = or_(and_(~signed, Event.received_at < before), and_(signed, Event.received_at < signed_before))
    wanted = select(*columns).select_from(Event).join(EventPayload, EventPayload.event_id == Event.id)
    wanted = wanted.outerjoin(Notice, Notice.event_id == Event.id)
    free = night.held().free(Notice.holder_number, Notice.machine_id, Notice.at)
    return wanted.where(
        over, Event.kind.not_in(_OF_NOBODY), ~_has_its_own_class(), or_(Notice.event_id.is_(None), free)
    )


def _has_its_own_class() -> ColumnElement[bool]:
    """A refusal that still stands as one, a session that still says who it was."""
    refused = and_(Event.kind == AccessDenied.KIND, exists().where(Denial.event_id == Event.id))
    whose = exists().where(UsageSession.id == Event.session, UsageSession.holder_number < PSEUDONYMS_FROM)
    used = and_(Event.kind.in_(_OF_SESSIONS), whose)
    return or_(refused, used)


def _rejected(night: Night, *columns: Any) -> Select[*tuple[Any, ...]]:
    before = night.over_before(Kept.MESSAGES)
    return select(*columns).where(RejectedEvent.received_at < before, RejectedEvent.raw != b"")


def _named(night: Night, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Whose payload is gone, and whose row still says who it was."""
    free = night.held().free(Notice.holder_number, Notice.machine_id, Notice.at)
    over = and_(Notice.at < night.over_before(Kept.MESSAGES), Notice.holder_number.is_not(None))
    gone = ~exists().where(EventPayload.event_id == Notice.event_id)
    return select(*columns).select_from(Notice).join(Machine, Machine.id == Notice.machine_id).where(over, gone, free)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
