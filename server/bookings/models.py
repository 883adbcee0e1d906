"""Machines that are kept: for a holder (a booking) or for nobody (an outage). Nothing is deleted."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, Utc
from server.machines.models import Machine


class Booking(Model):
    """``holder_number`` is None for an outage, whose ``note`` says to everybody why; that of a booking is for its holder and
    staff. ``released_at``: the holder did not come, and others may start since then."""

    __tablename__ = "booking"
    __table_args__ = (
        Index("booking_of_machine", "machine_id", "ends"),
        Index("booking_of_holder", "holder_number", "ends"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(36), unique=True)
    machine_id: Mapped[int] = mapped_column(ForeignKey("machine.id"))
    holder_number: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.number"))
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # as it was shown to whoever booked
    begins: Mapped[datetime] = mapped_column(Utc)
    ends: Mapped[datetime] = mapped_column(Utc, index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    made_by: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime] = mapped_column(Utc)
    cancelled_at: Mapped[datetime | None] = mapped_column(Utc)
    cancelled_by: Mapped[str] = mapped_column(String(120), default="")
    cancelled_reason: Mapped[str] = mapped_column(Text, default="")
    released_at: Mapped[datetime | None] = mapped_column(Utc)
    outcome: Mapped[str | None] = mapped_column(String(10))  # domain.bookings.Outcome
    version: Mapped[int] = mapped_column(default=1)
    machine: Mapped[Machine] = relationship()
    __mapper_args__ = {"version_id_col": version}
