"""What is billed beside sessions: material, an operator's time, single and monthly items, and what all of it costs.

Quantities and prices are whole thousandths: 12.5 g, and 2.5 cents for each. Nothing is deleted: what was noted wrong is
followed by a row that says what is right, and why.
"""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Material(Model):
    """Something sold by quantity. ``nature``: goods that are handed over, or ancillary to the use of a machine."""

    __tablename__ = "material"
    id: Mapped[int] = mapped_column(primary_key=True)
    names: Mapped[dict[str, str]] = mapped_column(JSON)  # by language: fr, de, en
    unit: Mapped[str] = mapped_column(String(10))  # domain.items.Unit
    nature: Mapped[str] = mapped_column(String(30))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # no longer offered
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class SupplyPrice(Model):
    """A dated price of a material, of an operator's hour, or of a booking: see ``domain.supplies.Price``."""

    __tablename__ = "supply_price"
    id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(String(10))  # domain.supplies.What
    material_id: Mapped[int | None] = mapped_column(ForeignKey("material.id"))
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id"))
    category: Mapped[str | None] = mapped_column(String(40))
    tenant_kind: Mapped[str | None] = mapped_column(String(20))
    cents_milli: Mapped[int] = mapped_column(BigInteger)  # thousandths of a cent
    step_s: Mapped[int] = mapped_column(default=60)
    free_s: Mapped[int] = mapped_column(default=0)
    per_hour: Mapped[bool] = mapped_column(default=False)
    within_h: Mapped[int] = mapped_column(default=0)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # first day it no longer holds
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Noted(Model):
    """Material somebody used, or time an operator gave: for a session, whose payer and day count, or for a payer and a day.

    ``root_id``: the first note about the same, None for that one itself. The newest row of a root counts; 0 takes it back.
    """

    __tablename__ = "noted"
    id: Mapped[int] = mapped_column(primary_key=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("noted.id"), index=True)
    material_id: Mapped[int | None] = mapped_column(ForeignKey("material.id"))  # None: an operator's time
    session_id: Mapped[str | None] = mapped_column(String(36), index=True)  # no foreign key: as with decisions
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # None: the session's
    day: Mapped[date] = mapped_column(index=True)
    quantity_milli: Mapped[int] = mapped_column(BigInteger)  # of the material's unit; of minutes
    measured: Mapped[str | None] = mapped_column(String(20))  # domain.items.Measured
    begins_at: Mapped[datetime | None] = mapped_column(Utc)  # of an operator's time, where it was told
    ends_at: Mapped[datetime | None] = mapped_column(Utc)
    reason: Mapped[str] = mapped_column(Text, default="")  # why it replaces what was noted before
    noted_by: Mapped[str] = mapped_column(String(120))
    noted_at: Mapped[datetime] = mapped_column(Utc)


class OneOff(Model):
    """Something billed once. An adjustment corrects what was charged or is contested: its price is below zero."""

    __tablename__ = "one_off"
    __table_args__ = (Index("one_off_of_payer", "payer_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # domain.items.ItemKind: one_off, fee, adjustment
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    day: Mapped[date]
    labels: Mapped[dict[str, str]] = mapped_column(JSON)  # by language
    nature: Mapped[str] = mapped_column(String(30))
    unit: Mapped[str] = mapped_column(String(10))
    quantity_milli: Mapped[int] = mapped_column(BigInteger)
    cents_milli: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # taken back before it was charged
    ended_reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Recurring(Model):
    """Something billed every month from a day on, by the days on which it holds. Another price is another row."""

    __tablename__ = "recurring"
    id: Mapped[int] = mapped_column(primary_key=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"), index=True)
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    nature: Mapped[str] = mapped_column(String(30))
    cents: Mapped[int]  # a month
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # first day it no longer holds
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Preset(Model):
    """A single item that is needed again and again, such as the fee for a lost badge: what a form is filled in with."""

    __tablename__ = "preset"
    id: Mapped[int] = mapped_column(primary_key=True)
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    nature: Mapped[str] = mapped_column(String(30))
    cents_milli: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
