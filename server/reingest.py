"""Reads events again that were set aside: after the program has learned them, or a machine or payer they name is known.

In the order in which they came. What can be read now is stored under its own number, as if it had come now; what is there
already is not stored twice; what still cannot be used stays, with its reason.
"""

import logging
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from server import ingest
from server.audit import service as audit
from server.db import db, in_one_go, reading, writing
from server.machines.models import Agent
from server.usage.counts import Tally, printable
from server.usage.evidence import Chain
from server.usage.intake import Arrival, Incoming
from server.usage.models import Event, Outbox, RejectedEvent
from server.usage.service import LiveKeys, Source, Usage
from wire.messages import Envelope, WireError, decode_envelope

log = logging.getLogger(__name__)


class Again(NamedTuple):
    """What became of what was set aside: stored now, there already, and still set aside."""

    stored: int = 0
    known: int = 0
    left: int = 0


def reingest(now: datetime, keys: LiveKeys = ingest.no_keys, *, actor: str) -> Again:
    """Try all of it again, each in a transaction of its own, so that one that breaks us keeps nobody else waiting."""
    with reading() as session:
        waiting = list(session.scalars(select(RejectedEvent.id).order_by(RejectedEvent.id)))
    outcome = Again()
    for row_id in waiting:
        became = _one(row_id, now, keys, actor)
        outcome = outcome._replace(**{became: getattr(outcome, became) + 1})
    return outcome


def _one(row_id: int, now: datetime, keys: LiveKeys, actor: str) -> str:
    try:
        with writing() as session:
            ingest.one_at_a_time(session.connection())
            row = session.get(RejectedEvent, row_id)
            if row is None:
                return "known"  # somebody else was faster
            return _again(row, now, keys, actor)
    except ingest.DATABASE_AWAY:
        raise
    except Exception as error:
        log.exception("an event set aside broke us again")
        _still(row_id, f"our fault: {type(error).__name__}: {error}")
        return "left"


def _again(row: RejectedEvent, now: datetime, keys: LiveKeys, actor: str) -> str:
    try:
        envelope = decode_envelope(row.raw)
    except WireError as error:
        row.reason = printable(str(error))
        return "left"
    agent_id = db.session.scalar(select(Agent.id).where(Agent.name == row.agent))
    if agent_id is None:
        return "left"
    is_there = select(Event.id).where(Event.outbox == envelope.outbox, Event.n == envelope.n)
    if db.session.scalar(is_there) is not None:
        _gone(row, "known", now, actor)
        return "known"
    if row.n is None:
        return _in_line(row, envelope, agent_id, now, keys, actor)
    reason = _store(Arrival(Incoming(row.agent, row.raw), agent_id, envelope), now, keys)
    if reason is not None:
        row.reason = printable(reason)
        return "left"
    _gone(row, "stored", now, actor)
    return "stored"


def _in_line(row: RejectedEvent, envelope: Envelope, agent_id: int, now: datetime, keys: LiveKeys, actor: str) -> str:
    """One that never had a place in an outbox: stored only where it is the next one. Its agent sends it again by itself."""
    outbox = db.session.get(Outbox, envelope.outbox)
    if outbox is not None and (outbox.agent_id != agent_id or envelope.n <= outbox.last_n):
        return "left"
    if envelope.was is not None or envelope.n != (outbox.last_n if outbox else 0) + 1:
        return "left"
    if outbox is None:
        outbox = Outbox(id=envelope.outbox, agent_id=agent_id, last_n=0, first_seen_at=now)
        db.session.add(outbox)
    outbox.last_n = envelope.n
    db.session.flush()
    reason = _store(Arrival(Incoming(row.agent, row.raw), agent_id, envelope), now, keys)
    if reason is not None:  # it has a number now, and stays under it
        row.outbox, row.n, row.reason = envelope.outbox, envelope.n, printable(reason)
        return "left"
    _gone(row, "stored", now, actor)
    return "stored"


def _store(arrival: Arrival, now: datetime, keys: LiveKeys) -> str | None:
    """Give it its meaning and its place at the end of the chain. Returns why it cannot be used, or None."""
    connection = db.session.connection()
    tally = Tally()
    _, body, unusable = ingest.open_event(arrival, now, tally)
    usage = Usage(connection, [] if body is None else [body], now, tally, keys)
    chain = Chain(connection, now)
    if body is not None:
        source = Source(chain.next_id, arrival.message.agent, arrival.agent_id, arrival.envelope.simulated)
        unusable = usage.apply(body, source)
    if unusable is not None:
        return unusable
    chain.add(arrival.agent_id, arrival.envelope, arrival.message.payload)
    with in_one_go(connection):
        chain.save()
        usage.save()
    usage.tell()
    tally.save(now)
    return None


def _gone(row: RejectedEvent, became: str, now: datetime, actor: str) -> None:
    before = {"agent": row.agent, "n": row.n, "reason": row.reason}
    audit.record(actor, "reingest", "event", row.id, before, {"became": became}, "", now)
    db.session.delete(row)


def _still(row_id: int, reason: str) -> None:
    with writing() as session:
        row = session.get(RejectedEvent, row_id)
        if row is not None:
            row.reason = printable(reason)
