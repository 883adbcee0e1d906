"""Takes in what agents send: each event once, in order, with its evidence; and what they say of themselves.

An event is known by (outbox, n) and stored only when n follows the last one stored. A smaller n is a counted duplicate;
a larger one is left alone, and the receipt goes out again. A readable envelope that is next in line always moves the
receipt on: what is unusable inside it, or breaks our own code, is kept raw in ``rejected_event`` with the reason.
"""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.exc import InterfaceError, OperationalError

from server.db import db, in_one_go, reading, writing
from server.domain.usage import milliseconds
from server.machines.models import Agent
from server.usage import status
from server.usage.counts import Count, Tally
from server.usage.evidence import Chain
from server.usage.intake import Arrival, Incoming, Intake
from server.usage.models import Outbox
from server.usage.service import LiveKeys, Source, Usage
from server.usage.status import Statuses
from wire.messages import Body, Envelope, Receipt, SessionEnded, SessionStarted, WireError, decode_body, decode_envelope

__all__ = ["DATABASE_AWAY", "Incoming", "Outcome", "count", "ingest", "miss", "receipts", "statuses"]

DATABASE_AWAY = (OperationalError, InterfaceError)  # no message's fault: the caller keeps the batch and tries again
AHEAD_ALLOWED = timedelta(minutes=5)
_LOCK = f"SELECT pg_advisory_xact_lock({0x696E6765})"  # "inge": one ingest at a time, as the evidence is one chain
log = logging.getLogger(__name__)

_Read = tuple[Incoming, Envelope | WireError]
_Opened = tuple[Arrival, Body | None, str | None]  # an event, and what is inside, or why that cannot be used


class Outcome(NamedTuple):
    """What became of a batch, and the receipts to send now that it is committed."""

    receipts: dict[str, Receipt]
    stored: int
    counts: Counter[Count]

    @property
    def duplicates(self) -> int:
        return self.counts[Count.DUPLICATE]

    @property
    def rejected(self) -> int:
        return self.counts[Count.REJECTED]


def no_keys() -> tuple[str, ...]:
    """Then no badge goes over to another site key."""
    return ()


def ingest(batch: Sequence[Incoming], now: datetime, keys: LiveKeys = no_keys) -> Outcome:
    """Store a batch in one transaction. Should something in it break us, each message gets a transaction of its own,
    and one that does it again is set aside. Raises one of DATABASE_AWAY; what had no answer is then not stored."""
    try:
        return _store(batch, now, keys)
    except DATABASE_AWAY:
        raise
    except Exception:
        log.exception("a batch of %d events broke us; taking them one by one", len(batch))
    outcomes = [_store_alone(message, now, keys) for message in batch]
    answered = {agent: receipt for outcome in outcomes for agent, receipt in outcome.receipts.items()}
    counted = sum((outcome.counts for outcome in outcomes), Counter[Count]())
    return Outcome(answered, sum(outcome.stored for outcome in outcomes), counted)


def statuses(batch: Sequence[Incoming], now: datetime) -> set[str]:
    """Take in what agents say of themselves, and return those who spoke for themselves. Raises one of DATABASE_AWAY."""
    try:
        return _hear(batch, now)
    except DATABASE_AWAY:
        raise
    except Exception:
        log.exception("a batch of %d statuses broke us; taking them one by one", len(batch))
    return {message.agent for message in batch if _hear_alone(message, now)}


def miss(heard: Collection[str], now: datetime) -> None:
    """Everybody but these is not there: the board shows it. Raises one of DATABASE_AWAY."""
    with writing():
        gone = status.miss(heard, now)
    if gone:
        log.warning("not heard: %s", ", ".join(gone))


def count(what: Count, detail: str, now: datetime) -> None:
    """Count one thing that went wrong around ingest, in a transaction of its own."""
    tally = Tally()
    tally.note(what, detail)
    with writing():
        tally.save(now)


def receipts(agents: Collection[str] | None = None) -> dict[str, Receipt]:
    """How far each outbox is stored, by agent (None: all). An agent that never sent anything has an empty receipt."""
    wanted = select(Agent.name, Outbox.id, Outbox.last_n).outerjoin(Outbox, Outbox.agent_id == Agent.id)
    if agents is not None:
        wanted = wanted.where(Agent.name.in_(agents))
    through: dict[str, dict[str, int]] = {}
    with reading() as session:
        for name, outbox, last_n in session.execute(wanted.order_by(Outbox.id)):
            known = through.setdefault(name, {})
            if outbox is not None:
                known[outbox] = last_n
    return {name: Receipt(known) for name, known in through.items()}


def _hear(batch: Sequence[Incoming], now: datetime) -> set[str]:
    tally = Tally()
    with writing():
        connection = db.session.connection()
        said = Statuses(connection, {message.agent for message in batch}, now, tally)
        heard = {message.agent for message in batch if said.hear(message)}
        with in_one_go(connection):
            said.save()
        tally.save(now)
    return heard


def _hear_alone(message: Incoming, now: datetime) -> bool:
    try:
        return bool(_hear([message], now))
    except DATABASE_AWAY:
        raise
    except Exception as error:
        log.exception("a status of %s broke us", message.agent)
        count(Count.STATUS_FAULT, f"{message.agent}: {type(error).__name__}: {error}", now)
        return False


def _store_alone(message: Incoming, now: datetime, keys: LiveKeys) -> Outcome:
    try:
        return _store([message], now, keys)
    except DATABASE_AWAY:
        raise
    except Exception as error:
        log.exception("an event of %s broke us and is set aside", message.agent)
        return _store([message], now, keys, f"our fault: {type(error).__name__}: {error}")


def _store(batch: Sequence[Incoming], now: datetime, keys: LiveKeys, fault: str | None = None) -> Outcome:
    """One batch, one transaction. With ``fault``, what is next in line is not looked into but rejected for it."""
    messages = [_read(message) for message in batch]
    tally = Tally()
    with writing():
        connection = db.session.connection()
        one_at_a_time(connection)
        intake = Intake(connection, {message.agent for message in batch}, now, tally)
        arrivals = [arrival for read in messages if (arrival := _sort(intake, read)) is not None]
        chain = Chain(connection, now)
        usage = None
        if fault is None:
            events = [open_event(arrival, now, tally) for arrival in arrivals]
            usage = Usage(connection, [body for _, body, _ in events if body is not None], now, tally, keys)
            _use(usage, intake, chain, events)
        else:
            for arrival in arrivals:
                tally.note(Count.OUR_FAULT, fault)
                intake.reject(arrival, fault)
        with in_one_go(connection):
            intake.save()
            chain.save()
            if usage is not None:
                usage.save()
        if usage is not None:
            usage.tell()
        intake.keep_raw()
        tally.save(now)
    return Outcome(intake.receipts(), len(chain), tally.counts)


def _use(usage: Usage, intake: Intake, chain: Chain, events: Sequence[_Opened]) -> None:
    """Give each event its meaning and its place in the chain, or reject it."""
    for arrival, body, unusable in events:
        source = Source(chain.next_id, arrival.message.agent, arrival.agent_id, arrival.envelope.simulated)
        reason = usage.apply(body, source) if body is not None else unusable
        if reason is None:
            chain.add(arrival.agent_id, arrival.envelope, arrival.message.payload)
        else:
            intake.reject(arrival, reason)


def _read(message: Incoming) -> _Read:
    try:
        return message, decode_envelope(message.payload)
    except WireError as error:
        return message, error


def _sort(intake: Intake, read: _Read) -> Arrival | None:
    message, envelope = read
    if isinstance(envelope, WireError):
        intake.refuse(message, Count.UNREADABLE, str(envelope))
        return None
    return intake.next_in_line(message, envelope)


def open_event(arrival: Arrival, now: datetime, tally: Tally) -> _Opened:
    """What is inside an event, or why that cannot be used. Neither for a kind only newer agents know: it is kept."""
    try:
        body = decode_body(arrival.envelope)
    except WireError as error:
        return arrival, None, str(error)
    if body is None:
        tally.note(Count.UNKNOWN_KIND, f"{arrival.message.agent}: {arrival.envelope.kind}")
        return arrival, None, None
    if _latest_ms(body) > milliseconds(now + AHEAD_ALLOWED):
        tally.note(Count.FUTURE, arrival.message.agent)
        return arrival, None, "dated more than five minutes ahead"
    return arrival, body, None


def _latest_ms(body: Body) -> int:
    match body:
        case SessionStarted():
            return body.started.wall_ms
        case SessionEnded():
            return max(body.started.wall_ms, body.ended.wall_ms)
    return body.at.wall_ms


def one_at_a_time(connection: Connection) -> None:
    """SQLite has one writer anyway; PostgreSQL is told."""
    if connection.dialect.name == "postgresql":
        with in_one_go(connection):  # with the BEGIN
            connection.exec_driver_sql(_LOCK)
