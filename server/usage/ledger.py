"""Checks the books of usage: the evidence is whole and unchanged, and every session says what its events say.

A payload that was erased leaves its place in the chain; its session can then no longer be compared, all others can. A payload that
was changed is reported as that, and is not believed about its session. One change anywhere is one problem.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, union_all

from server.db import db, reading
from server.domain import usage
from server.domain.usage import Session, SessionState
from server.machines.models import Machine
from server.people.models import Payer
from server.usage import decided, sessions
from server.usage.evidence import GENESIS, chain_hash, payload_hash
from server.usage.models import Event, EventPayload, Outbox, RejectedEvent, SavedEvent
from wire.messages import Checkpoint, SessionEnded, SessionStarted, decode_body, decode_envelope

_AT_A_TIME = 1000
_TELLING = frozenset({SessionStarted.KIND, SessionEnded.KIND, Checkpoint.KIND})
_FACTS = tuple(one.name for one in fields(Session))


@dataclass(slots=True)
class _Story:
    """What the events say of one session. The first end counts, and the first start where no end has come."""

    session: Session | None = None
    confirmed_s: int = 0

    def told(self) -> Session | None:
        """The session as it must stand in the books, but for a provisional end."""
        return None if self.session is None else usage.confirmed(self.session, self.confirmed_s)


@dataclass(slots=True)
class _Told:
    """What was read on the way through the evidence."""

    machines: dict[str, int]
    payers: dict[str, int]
    stories: dict[str, _Story] = field(default_factory=dict)
    unread: set[str | None] = field(default_factory=set)  # of these the payload was erased or changed: not compared


def verify_ledger() -> list[str]:
    """Every problem found, in words; an empty list when the books are right. Reads everything once."""
    with reading() as session:
        machines = dict(session.execute(select(Machine.code, Machine.id)).all())
        told = _Told(machines, dict(session.execute(select(Payer.code, Payer.id)).all()))
        return [*_evidence(told), *_loose(), *_numbers(), *_sessions(told), *decided.decisions()]


def _evidence(told: _Told) -> Iterator[str]:
    """Walk the chain. After a broken link the walk goes on from what stands there, or from what should stand there."""
    stored = expected = GENESIS
    last_id = 0
    for row in _events():
        links = [chain_hash(before, row._asdict()) for before in (expected, stored)]
        follows = row.id == last_id + 1
        whole = row.chain_hash in links
        if follows and not whole:
            yield f"event {row.id}: the chain of evidence is broken here"
        if not follows:
            yield f"event {last_id + 1}: it is not in its place, the next one is {row.id}"
        stored, last_id = row.chain_hash, row.id
        expected = links[0] if follows and not whole else stored
        if row.payload is not None and payload_hash(row.salt, row.payload) != row.payload_hash:
            yield f"event {row.id}: what it says was changed after it came in"
            told.unread.add(row.session)
        elif row.kind in _TELLING:
            _read(row, told)


def _loose() -> Iterator[str]:
    """What was said without the event that said it."""
    wanted = select(EventPayload.event_id).outerjoin(Event, Event.id == EventPayload.event_id).where(Event.id.is_(None))
    for event_id in db.session.scalars(wanted):
        yield f"event {event_id}: its words are there, and it is not"


def _events() -> Iterator[Any]:
    """The events in the order of the chain, a page at a time."""
    wanted = select(Event.__table__, EventPayload.salt, EventPayload.payload).outerjoin(EventPayload).order_by(Event.id)
    last_id = 0
    while page := db.session.execute(wanted.where(Event.id > last_id).limit(_AT_A_TIME)).all():
        yield from page
        last_id = page[-1].id


def _read(row: Any, told: _Told) -> None:
    if row.payload is None:
        told.unread.add(row.session)  # None: of a checkpoint, which may have told of any session
        return
    body = decode_body(decode_envelope(row.payload))
    if isinstance(body, Checkpoint):
        for running in body.running:
            story = told.stories.get(running.session)  # as in ingest, one that comes before its start is passed over
            if story is not None:
                story.confirmed_s = max(story.confirmed_s, running.occupied_s)
    elif isinstance(body, SessionStarted | SessionEnded):
        _tell(told.stories.setdefault(body.session, _Story()), body, row, told)


def _tell(story: _Story, body: SessionStarted | SessionEnded, row: Any, told: _Told) -> None:
    where = told.machines.get(body.machine, 0), told.payers.get(body.payer, 0)
    match body:
        case SessionStarted() if story.session is None:
            story.session = usage.started(body, *where, row.simulated)
        case SessionEnded() if story.session is None or story.session.state == SessionState.OPEN:
            story.session = usage.ended(body, *where, row.simulated, row.received_at)


def _numbers() -> Iterator[str]:
    """Every number of every outbox up to the last is an event, or was rejected and is kept raw, or was stored under another."""
    taken = union_all(
        select(Event.outbox, Event.n),
        select(RejectedEvent.outbox, RejectedEvent.n).where(RejectedEvent.n.is_not(None)),
        select(SavedEvent.outbox, SavedEvent.n),
    ).subquery()
    numbers, last = func.count(taken.c.n.distinct()).label("numbers"), func.max(taken.c.n).label("last")
    kept = select(taken.c.outbox, numbers, last).group_by(taken.c.outbox).subquery()
    wanted = select(Outbox.id, Outbox.last_n, func.coalesce(kept.c.numbers, 0), func.coalesce(kept.c.last, 0))
    wanted = wanted.outerjoin(kept, kept.c.outbox == Outbox.id).order_by(Outbox.id)
    for outbox, through, count, highest in db.session.execute(wanted):
        if count != through or highest != through:
            yield f"outbox {outbox}: receipted through {through}, but {count} numbers up to {highest} are kept"


def _sessions(told: _Told) -> Iterator[str]:
    by_hand, given_s = decided.entered(), decided.ends_given()
    yield from (f"session {session_id}: {problem}" for session_id, problem in by_hand.items() if problem)
    for session in sessions.read():
        story = told.stories.pop(session.id, None)
        if story is None and session.id in by_hand:
            continue
        wanted = None if story is None else story.told()
        is_unread = session.id in told.unread or None in told.unread
        if is_unread and (wanted is None or wanted.state != SessionState.ENDED):
            continue  # what would say more of it may be what could not be read
        if wanted is None:
            yield f"session {session.id}: no event tells of it"
        elif differences := [
            name for name in _FACTS if not _agree(session, wanted, name, given_s.get(session.id, frozenset()))
        ]:
            said = ", ".join(f"{name} {getattr(session, name)!s} for {getattr(wanted, name)!s}" for name in differences)
            yield f"session {session.id}: not what its events say: {said}"
    for session_id, story in told.stories.items():
        if story.session is not None:
            yield f"session {session_id}: its events are there, the session is not"


def _agree(session: Session, wanted: Session, name: str, given_s: Collection[int]) -> bool:
    """Whether the books and the events say the same. Where no end has come, the server may have closed it provisionally,
    or a person, after so many seconds."""
    if SessionState.ENDED in (wanted.state, session.state) or name not in ("state", "ended_at"):
        return bool(getattr(session, name) == getattr(wanted, name))
    if session.state == SessionState.OPEN:
        return session.ended_at is None
    given = (session.started_at + timedelta(seconds=seconds) for seconds in given_s)
    return session.ended_at in (session.last_known_at, *given)
