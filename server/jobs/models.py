"""Two tables that connect the processes: changes (something happened, look again) and jobs (somebody must do this)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc

BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows itself only for INTEGER


class Change(Model):
    """A row written in the transaction that changed something; pollers read what has a higher id than they have seen."""

    __tablename__ = "change"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    topic: Mapped[str] = mapped_column(String(40))  # machine, session, list, document, …
    key: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(Utc)


class Job(Model):
    """Work that must not hold a request: claimed by one conditional UPDATE, safe to run twice."""

    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12), default="waiting", index=True)  # waiting, running, done, failed
    run_after: Mapped[datetime] = mapped_column(Utc)
    claimed_at: Mapped[datetime | None] = mapped_column(Utc)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")


class Pulse(Model):
    """When a process of the server was last at work. An outside watch asks web, and web reads it here."""

    __tablename__ = "pulse"
    part: Mapped[str] = mapped_column(String(20), primary_key=True)  # link, work
    at: Mapped[datetime] = mapped_column(Utc)
