"""The evidence of one session: what its agent said of it, when that came in, and whether the chain of it is whole.

A session's first and last words name it; what the same agent said in between is found by their numbers. A payload that was
erased leaves its number, its hash and its place.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from server.db import db
from server.domain.usage import moment
from server.machines.models import Agent
from server.usage.evidence import GENESIS, chain_hash, payload_hash
from server.usage.models import Event, EventPayload
from wire.messages import (
    Body,
    Checkpoint,
    Fault,
    SessionAdopted,
    SessionEnded,
    SessionStarted,
    decode_body,
    decode_envelope,
)

_BETWEEN = 400  # two weeks of hourly words
_EVENT = select(
    *Event.__table__.columns,
    EventPayload.salt, EventPayload.payload, Agent.name.label("agent"),
)  # fmt: skip
_EVENT = _EVENT.outerjoin(EventPayload, EventPayload.event_id == Event.id).join(Agent, Agent.id == Event.agent_id)


@dataclass(frozen=True, slots=True)
class Word:
    """One event as it came. ``at`` is the agent's time, None where what it said was erased; ``whole``: neither its words
    nor its link in the chain were changed since."""

    id: int
    agent: str
    outbox: str
    n: int
    kind: str
    received_at: datetime
    chain: str
    at: datetime | None
    quality: str
    said: Body | None
    whole: bool

    @property
    def delay_s(self) -> int:
        return 0 if self.at is None else max(0, int((self.received_at - self.at).total_seconds()))


@dataclass(frozen=True, slots=True)
class Evidence:
    """``hours`` are the hourly words in which the session was still running; ``adopted``: its agent was away, and found
    it running."""

    start: Word | None
    end: Word | None
    hours: tuple[Word, ...]
    faults: tuple[Word, ...]
    adopted: tuple[Word, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        told = (self.start, *self.hours, *self.faults, *self.adopted, self.end)
        return tuple(word for word in told if word is not None)

    @property
    def whole(self) -> bool:
        return all(word.whole for word in self.words)

    @property
    def badge(self) -> str:
        """The last four of the badge's fingerprint; empty where nobody told or it was erased."""
        said = self.start.said if self.start else None
        return said.token[-4:].upper() if isinstance(said, SessionStarted) else ""


def evidence_of(session_id: str, machine: str) -> Evidence:
    """Inside ``reading()``. Of a session ended twice the first end counts, as in the books."""
    own = _words(_EVENT.where(Event.session == session_id).order_by(Event.id))
    start = next((word for word in own if word.kind == SessionStarted.KIND), None)
    end = next((word for word in own if word.kind == SessionEnded.KIND), None)
    between = _between(session_id, start, end)
    hours = tuple(word for word in between if _confirms(word, session_id))
    faults = tuple(word for word in between if isinstance(word.said, Fault) and word.said.machine in {machine, None})
    adopted = tuple(word for word in own if isinstance(word.said, SessionAdopted))
    return Evidence(start, end, hours, faults, adopted)


def _between(session_id: str, start: Word | None, end: Word | None) -> list[Word]:
    """What the agent that told of the start said until it told of the end, or until now."""
    if start is None:
        return []
    wanted = _EVENT.where(Event.outbox == start.outbox, Event.n > start.n)
    if end is not None and end.outbox == start.outbox:
        wanted = wanted.where(Event.n < end.n)
    told = Event.kind.in_((Checkpoint.KIND, Fault.KIND))
    return _words(wanted.where(told).order_by(Event.n).limit(_BETWEEN))


def _confirms(word: Word, session_id: str) -> bool:
    return isinstance(word.said, Checkpoint) and any(one.session == session_id for one in word.said.running)


def _words(wanted: Select[*tuple[Any, ...]]) -> list[Word]:
    """Events, each held against its own hash and against the link before it."""
    rows = db.session.execute(wanted).all()
    before = select(Event.id, Event.chain_hash).where(Event.id.in_([row.id - 1 for row in rows]))
    links = dict(db.session.execute(before).all())
    return [_word(row, links.get(row.id - 1, GENESIS)) for row in rows]


def _word(row: Any, before: str) -> Word:
    unchanged = row.payload is None or payload_hash(row.salt, row.payload) == row.payload_hash
    said = decode_body(decode_envelope(row.payload)) if unchanged and row.payload is not None else None
    link = chain_hash(before, row._asdict())
    stamp = _stamp(said)
    return Word(
        id=row.id,
        agent=row.agent,
        outbox=row.outbox,
        n=row.n,
        kind=row.kind,
        received_at=row.received_at,
        chain=row.chain_hash,
        at=None if stamp is None else moment(stamp.wall_ms),
        quality="" if stamp is None else str(stamp.quality),
        said=said,
        whole=unchanged and row.chain_hash == link,
    )


def _stamp(said: Body | None) -> Any:
    match said:
        case SessionStarted():
            return said.started
        case SessionEnded():
            return said.ended
        case None:
            return None
        case _:
            return said.at
