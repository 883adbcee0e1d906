"""Who it was, of a session: a while after its invoice the holder's number gives way to a random one that nothing leads back from.

All sessions of one holder in one period get the same number in one transaction, and nobody keeps which: what a tenant paid for
can still be counted by persons, and no person can be found. What was measured, and what was charged, stays as it is.
"""

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, func, or_, select, update

from server.audit.models import AuditEntry
from server.billing.models import Charge, ChargeRefusal, Dispute, Document
from server.db import db, reading, writing
from server.domain.period import day_of
from server.domain.retention import PSEUDONYMS_FROM, Kept, Trace, by_person_and_period, whole_groups
from server.domain.usage import SessionState
from server.people.models import Payer, Tenant, TenantKind
from server.privacy.night import Night, Waiting
from server.usage.decisions import ENTERED_VERB
from server.usage.models import Event, EventPayload, Notice, UsageSession

_NUMBERS = 9 * 10**12
_AT_ONCE = 300  # more than anybody has in a month: a person's sessions of a period stay together
_TABLE: Any = UsageSession.__table__
_PARTED = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("key"))
    .values(holder_number=bindparam("number"), supervisor=None, companion=None)
)


def waiting(night: Night) -> Waiting:
    with reading() as session:
        return Waiting(*session.execute(_over(night, func.count(), func.min(UsageSession.ended_at))).one())


def step(night: Night) -> int:
    """The sessions of a few holders, whole periods at a time."""
    with reading():
        wanted = _over(night, UsageSession.id, UsageSession.holder_number, UsageSession.ended_at)
        wanted = wanted.order_by(UsageSession.holder_number, UsageSession.ended_at).limit(_AT_ONCE)
        due = whole_groups([Trace(*row) for row in db.session.execute(wanted)], _AT_ONCE, night.place.zone)
        sessions = [trace.session for trace in due]
        told = {kind: _events(kind, sessions) for kind in (Event, Notice)} if due else {}
    if not due:
        return 0
    with writing():
        still = set(db.session.scalars(_over(night, UsageSession.id).where(UsageSession.id.in_(sessions))))
        groups = by_person_and_period([trace for trace in due if trace.session in still], night.place.zone)
        _part({one: number for _, own in groups for number in [_pseudonym()] for one in own})
        _forget_what_was_told([event for events in told.values() for event, session in events if session in still])
        return len(still)


def unbilled(night: Night) -> int:
    """Sessions as old whose document is not issued yet: their link waits for it."""
    with reading() as session:
        old = [UsageSession.ended_at < night.over_before(Kept.SESSIONS), *_linked(night), ~_billable_never(night)]
        wanted = _joined(func.count()).where(*old, Charge.id.is_(None))
        return session.scalar(wanted) or 0


def _pseudonym() -> int:
    return PSEUDONYMS_FROM + secrets.randbelow(_NUMBERS)


def _part(numbers: dict[str, int]) -> None:
    """Put its number in the place of the holder wherever each of these sessions says who it was, and who stood beside."""
    rows = [{"key": session, "number": number} for session, number in numbers.items()]
    if rows:
        db.session.connection().execute(_PARTED, rows)
    entered = select(AuditEntry).where(AuditEntry.object_kind == "session", AuditEntry.verb == ENTERED_VERB)
    for entry in db.session.scalars(entered.where(AuditEntry.object_id.in_(numbers))):
        # A session entered by hand stands in the audit with its holder, and is checked against it.
        entry.after = {**(entry.after or {}), "holder_number": numbers[entry.object_id]}


def _events(of: Any, sessions: list[str]) -> list[tuple[int, str]]:
    """The numbers of the events that name these sessions, each with its session."""
    key = Event.id if of is Event else Notice.event_id
    return [tuple(row) for row in db.session.execute(select(key, of.session).where(of.session.in_(sessions)))]


def _forget_what_was_told(events: list[int]) -> None:
    db.session.execute(delete(EventPayload).where(EventPayload.event_id.in_(events)))
    db.session.execute(update(Notice).where(Notice.event_id.in_(events)).values(holder_number=None))


def _over(night: Night, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Charged on a document that was issued long enough ago; or never to be charged, and as long over."""
    before = night.over_before(Kept.SESSIONS)
    issued = Document.issued_on < day_of(before, night.place.zone)
    never = and_(Charge.id.is_(None), _billable_never(night), UsageSession.ended_at < before)
    return _joined(*columns).where(*_linked(night), or_(issued, never))


def _joined(*columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(UsageSession)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(Charge, Charge.subject == UsageSession.id)
        .outerjoin(Document, Document.id == Charge.document_id)
    )


def _linked(night: Night) -> list[ColumnElement[bool]]:
    """Over, still with its person, not held, nor whoever stood beside, and not disputed."""
    held = night.held()
    is_over = UsageSession.state != SessionState.OPEN.value
    return [
        UsageSession.holder_number < PSEUDONYMS_FROM,
        is_over,
        UsageSession.ended_at.is_not(None),
        held.free(UsageSession.holder_number, UsageSession.machine_id, UsageSession.started_at),
        held.free(UsageSession.supervisor),
        held.free(UsageSession.companion),
        ~_disputed(night),
    ]


def _disputed(night: Night) -> ColumnElement[bool]:
    """Its payer has refused the charge or contests the line, and that was not settled long enough ago."""
    before = night.over_before(Kept.SESSIONS)
    unsettled = or_(ChargeRefusal.answered_at.is_(None), ChargeRefusal.answered_at >= before)
    contested = or_(Dispute.answered_at.is_(None), Dispute.answered_at >= before)
    return or_(
        exists().where(ChargeRefusal.session_id == UsageSession.id, unsettled),
        exists().where(Dispute.subject == UsageSession.id, contested),
    )


def _billable_never(night: Night) -> ColumnElement[bool]:
    """Measured and never invoiced: internal tenants; and what was simulated, where that is not the demo."""
    return or_(Tenant.kind == TenantKind.INTERNAL.value, UsageSession.simulated != night.place.demo)
