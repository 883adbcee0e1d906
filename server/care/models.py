"""What proves that a machine is fit for use: commissioning records, checks with their reports, the papers to both; and the
time in which a risk class only logs refusals. Records and reports are added to, never changed or deleted: the law asks for
five years and in any case the last two reports of each check.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Commissioning(Model):
    """The sheet filled in before the first use and after each change. ``tests``: [test, result, remark] each."""

    __tablename__ = "commissioning"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), index=True)
    done_on: Mapped[date]
    by: Mapped[str] = mapped_column(String(80))  # who tested, and is named in the machine's file
    drawing: Mapped[str] = mapped_column(String(80))  # number and revision
    tests: Mapped[list[Any]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    recorded_by: Mapped[str] = mapped_column(String(120))


class MachineCheck(Model):
    """Something to be looked at again and again. ``overdue_at``: from then on a legal one keeps everybody away."""

    __tablename__ = "machine_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # legal, maker or own
    name: Mapped[str] = mapped_column(String(80))
    basis: Mapped[str] = mapped_column(String(120), default="")  # the text or manual that asks for it
    body: Mapped[str] = mapped_column(String(80), default="")  # who does it
    every_months: Mapped[int] = mapped_column(default=0)
    every_days: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date]  # the last day on which it is in time
    overdue_at: Mapped[datetime] = mapped_column(Utc)
    reserves: Mapped[str] = mapped_column(Text, default="")  # of the last report, as long as they stand
    reserves_until: Mapped[date | None]
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class CheckReport(Model):
    """What came of a check."""

    __tablename__ = "check_report"
    id: Mapped[int] = mapped_column(primary_key=True)
    check_id: Mapped[int] = mapped_column(ForeignKey("machine_check.id"), index=True)
    done_on: Mapped[date]
    by: Mapped[str] = mapped_column(String(80))
    result: Mapped[str] = mapped_column(String(10))  # passed, reserves or failed
    reserves: Mapped[str] = mapped_column(Text, default="")
    reserves_until: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    recorded_by: Mapped[str] = mapped_column(String(120))


class MachinePaper(Model):
    """A photo or PDF that belongs to a record or report. Its file lies with the documents, by the SHA-256 of its bytes."""

    __tablename__ = "machine_paper"
    id: Mapped[int] = mapped_column(primary_key=True)
    commissioning_id: Mapped[int | None] = mapped_column(ForeignKey("commissioning.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("check_report.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(4))  # pdf, jpg or png
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]


class LogOnly(Model):
    """While a lab gets used to the boxes: until then the machines of a risk class tell refusals and deny for few reasons."""

    __tablename__ = "log_only"
    risk: Mapped[str] = mapped_column(String(10), primary_key=True)
    until: Mapped[datetime] = mapped_column(Utc)
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
