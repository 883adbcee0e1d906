"""What is taught and who confirmed it: editions of safety sheets and checklists, acceptances, sign-offs at machines."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Edition(Model):
    """A version of a skill's safety sheet or of its checklist. While it is a draft it has no ``published_at`` and may be
    edited; afterwards it never changes. ``body`` is ``server.domain.editions.Body`` as JSON."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("skill_id", "kind", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"))
    kind: Mapped[str] = mapped_column(String(10))  # sheet, checklist
    number: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    required_from: Mapped[datetime | None] = mapped_column(
        Utc
    )  # of a sheet: who has not accepted it may not start then
    published_at: Mapped[datetime | None] = mapped_column(Utc)
    published_by: Mapped[str] = mapped_column(String(120), default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Acceptance(Model):
    """A holder has read an edition of a sheet, answered its questions and accepted it, in this language."""

    __tablename__ = "acceptance"
    __table_args__ = (UniqueConstraint("holder_number", "edition_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"))
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    right: Mapped[int] = mapped_column(default=0)  # answers, of as many as the sheet asks
    accepted_at: Mapped[datetime] = mapped_column(Utc)


class SignOffRow(Model):
    """A trainer's badge and a learner's badge at a machine, and what became of it. Without foreign keys to people: what an
    agent tells is kept as it told it."""

    __tablename__ = "sign_off"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    machine: Mapped[str] = mapped_column(String(40))
    trainer: Mapped[int] = mapped_column(BigInteger, index=True)
    learner: Mapped[int] = mapped_column(BigInteger, index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(String(10), index=True)  # server.domain.signing.State
    reason: Mapped[str] = mapped_column(String(20), default="")  # server.domain.signing.Reason
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)  # codes it is about
    due_at: Mapped[datetime | None] = mapped_column(Utc)  # until then the trainer may tick the checklist
    ticked_at: Mapped[datetime | None] = mapped_column(Utc)
    ticked: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)  # skill: number of its checklist's edition
    minutes: Mapped[int | None]  # how long the instruction took, as the trainer says
    language: Mapped[str] = mapped_column(String(2), default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Interval(Model):
    """After how many months a tenant wants its people instructed again. Without a row: the usual ones."""

    __tablename__ = "instruction_interval"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    months: Mapped[int]
    months_minor: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Reminder(Model):
    """A reminder that was written, so that none is written twice: ``lapse:<qualification>:7``, ``digest:<account>:2026-W45``."""

    __tablename__ = "reminder"
    about: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
