"""What protects people: how long things are kept, what stops that, what the nightly job did, who looked, and who asked."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class RetentionRule(Model):
    """How long one class is kept, where the controller has decided. Without a row the proposal holds."""

    __tablename__ = "retention_rule"
    kept: Mapped[str] = mapped_column(String(20), primary_key=True)
    keep: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[datetime] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class RefusalCount(Model):
    """What is left of refusals: how many on a day at a machine for a reason. A tap with two reasons counts under each."""

    __tablename__ = "refusal_count"
    day: Mapped[date] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int]


class Hold(Model):
    """Nothing of this person, or of this machine in this time, goes until somebody decides: an accident, a dispute."""

    __tablename__ = "hold"
    id: Mapped[int] = mapped_column(primary_key=True)
    holder_number: Mapped[int | None] = mapped_column(ForeignKey("holder.number"))
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id"))
    since: Mapped[datetime | None] = mapped_column(Utc)  # of the machine; None: without a beginning
    until: Mapped[datetime | None] = mapped_column(Utc)
    reason: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime] = mapped_column(Utc)
    placed_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    ended_by: Mapped[str] = mapped_column(String(120), default="")
    decision: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class RetentionRun(Model):
    """One run of the job: what went, by class. Without an end it was interrupted, and the next one went on."""

    __tablename__ = "retention_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    began_at: Mapped[datetime] = mapped_column(Utc, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(120))
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)


class TraceView(Model):
    """Somebody looked at another person's traces. At most one row an hour for the same look."""

    __tablename__ = "trace_view"
    __table_args__ = (
        UniqueConstraint("holder_number", "actor", "what", "hour"),
        Index("view_of_holder", "holder_number", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    holder_number: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))  # what the person looked at is told; the name is for the manager
    what: Mapped[str] = mapped_column(String(20))
    hour: Mapped[datetime] = mapped_column(Utc)
    at: Mapped[datetime] = mapped_column(Utc, index=True)


class PrivacyRequest(Model):
    """Somebody asked about their data: what, by when an answer is due, and what was answered."""

    __tablename__ = "privacy_request"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # access, rectification, erasure, restriction, objection
    holder_number: Mapped[int | None] = mapped_column(ForeignKey("holder.number"))
    subject: Mapped[str] = mapped_column(String(120), default="")  # who asked, where it is no holder
    received_on: Mapped[date]
    due_on: Mapped[date]
    note: Mapped[str] = mapped_column(Text, default="")
    answered_on: Mapped[date | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Controller(Model):
    """Who answers for the data, as the notice at the reader says it. One row; before it is written the notice says what is
    missing."""

    __tablename__ = "controller"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(300))
    contact: Mapped[str] = mapped_column(String(200))
    officer: Mapped[str] = mapped_column(String(200), default="")  # data-protection officer, where there is one
    authority: Mapped[str] = mapped_column(String(200))
    informed: Mapped[str] = mapped_column(
        Text, default=""
    )  # "CSE informed and consulted on …", as people have written it
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
