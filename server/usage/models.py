"""What happened: events as they came, the sessions they amount to, refusals, and what could not be read.

The evidence chain runs over salted hashes; the payload lies apart and can be erased with the chain left whole.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.audit.seals import watch
from server.db import Model, Utc
from server.jobs.models import BigId


class Outbox(Model):
    """One state file of one agent: events are known by (outbox, n), and stored only when n = last_n + 1."""

    __tablename__ = "outbox"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    last_n: Mapped[int] = mapped_column(BigInteger, default=0)
    first_seen_at: Mapped[datetime] = mapped_column(Utc)


class Event(Model):
    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("outbox", "n"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    outbox: Mapped[str] = mapped_column(ForeignKey("outbox.id"))
    n: Mapped[int] = mapped_column(BigInteger)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    kind: Mapped[str] = mapped_column(String(64), index=True)
    session: Mapped[str | None] = mapped_column(String(36), index=True)  # it starts or ends, to find its evidence by
    received_at: Mapped[datetime] = mapped_column(Utc)
    simulated: Mapped[bool]
    payload_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of salt and payload
    chain_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of the chain before, outbox, n, kind and payload_hash


class EventPayload(Model):
    """The bytes of an event, as received. Erasable: the chain above does not need them."""

    __tablename__ = "event_payload"
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class RejectedEvent(Model):
    """What came in and could not be used, raw, with the reason. Shown, and re-ingestible."""

    __tablename__ = "rejected_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(String(64))
    outbox: Mapped[str | None] = mapped_column(String(36))
    n: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(Utc)
    reason: Mapped[str] = mapped_column(Text)
    raw: Mapped[bytes] = mapped_column(LargeBinary)


class SavedEvent(Model):
    """An event that its agent saved from a damaged file: what it came as, and what it was known by first. Both the one that was
    stored so and those that were there already and were dropped: no number of an outbox is without its reason."""

    __tablename__ = "saved_event"
    __table_args__ = (Index("saved_event_by_first", "first_outbox", "first_n"),)
    outbox: Mapped[str] = mapped_column(String(36), primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    first_outbox: Mapped[str] = mapped_column(String(36))
    first_n: Mapped[int] = mapped_column(BigInteger)


class UsageSession(Model):
    """One continuous use of a machine, from energise to release."""

    __tablename__ = "usage_session"
    __table_args__ = (
        Index(
            "one_open_session_a_machine",
            "machine_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("session_of_machine", "machine_id", "started_at"),  # ingest asks for a machine's latest start
        Index("session_of_holder", "holder_number", "started_at"),
        Index("session_of_payer", "payer_id", "ended_at"),
        Index(
            "session_by_end", "ended_at", "simulated", "state", "occupied_s"
        ),  # a month's count and hours, from it alone
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    holder_number: Mapped[int] = mapped_column(BigInteger)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    state: Mapped[str] = mapped_column(String(12))  # open, provisional, ended
    started_at: Mapped[datetime] = mapped_column(Utc, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    occupied_s: Mapped[int] = mapped_column(default=0)  # final once ended; until then the last known second
    powered_s: Mapped[int] = mapped_column(default=0)
    running_s: Mapped[int | None]
    wh: Mapped[int | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))
    time_quality: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int] = mapped_column(BigInteger)
    taps: Mapped[int] = mapped_column(default=0)
    simulated: Mapped[bool]
    payer_chosen: Mapped[bool] = mapped_column(default=False)  # at the machine, instead of the usual one
    cooldown_s: Mapped[int] = mapped_column(default=0)  # of powered_s: after the use was over
    gap_s: Mapped[int] = mapped_column(default=0)  # of occupied_s: the agent was away and the actuator held
    metered_s: Mapped[int | None]  # what a live meter saw; running_s says something about these alone
    continues: Mapped[str | None] = mapped_column(String(36))  # the session that a power loss ended shortly before
    master: Mapped[bool] = mapped_column(default=False)  # started with a master badge
    supervisor: Mapped[int | None] = mapped_column(BigInteger)  # the trainer beside, of a supervised start
    companion: Mapped[int | None] = mapped_column(BigInteger)  # the second person, where two are asked for
    lesson: Mapped[str | None] = mapped_column(String(36), index=True)  # the class it was opened for


class SessionDecision(Model):
    """What a person decided about a session, with a reason. Rows are only added; the newest one counts.

    What was measured stays as it is: a decision says what of it is charged.
    """

    __tablename__ = "session_decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    # No foreign key: after a restore it is adopted with its charge, before the session comes back from the agent.
    session_id: Mapped[str] = mapped_column(String(36), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    actor: Mapped[str] = mapped_column(String(120))
    counted_s: Mapped[int | None]  # seconds that count for the price; None: as measured
    free: Mapped[str | None] = mapped_column(String(20))  # machine_fault, goodwill, test: not charged; None: charged
    reason: Mapped[str] = mapped_column(Text)


watch(SessionDecision)


class Denial(Model):
    """A refused tap; or, where a machine only logs, one that would have been refused and started."""

    __tablename__ = "denial"
    __table_args__ = (Index("denial_of_token", "token", "at"),)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), index=True)
    holder_number: Mapped[int | None] = mapped_column(BigInteger)
    token: Mapped[str] = mapped_column(String(32))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    key_id: Mapped[str] = mapped_column(String(20), default="")  # of the site key behind the token
    at: Mapped[datetime] = mapped_column(Utc, index=True)
    enforced: Mapped[bool] = mapped_column(default=True)


class Notice(Model):
    """What a machine's box told besides sessions and refusals: a problem reported or cleared, a session adopted, an
    expired list extended, a learner signed off, a use left unattended. The words stand with the event; here is what pages ask for."""

    __tablename__ = "notice"
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc, index=True)
    holder_number: Mapped[int | None] = mapped_column(BigInteger)
    session: Mapped[str | None] = mapped_column(String(36))
    seconds: Mapped[int | None]
    until: Mapped[datetime | None] = mapped_column(Utc)


class IngestCount(Model):
    """Counters a manager can look at: duplicates, out of order, unreadable, unknown kind, unknown agent, …"""

    __tablename__ = "ingest_count"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger, default=0)
    last_at: Mapped[datetime] = mapped_column(Utc)
    detail: Mapped[Any] = mapped_column(JSON, nullable=True)
