"""Hand-outs: a list of names who are each to get a badge by a tap, the taps that were used for it, and what each did.

A block of visitors and a day badge are hand-outs too: numbered visitors, or one person. Names stand in ``person`` only.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Kind(StrEnum):
    PEOPLE = "people"
    VISITORS = "visitors"
    DAY = "day"


class Mode(StrEnum):
    GIVE = "give"
    COLLECT = "collect"


class Outcome(StrEnum):
    """What a tap did."""

    GIVEN = "given"  # to the name on top
    LENT = "lent"  # somebody has this badge: nothing changed
    AGAIN = "again"  # the badge that was just dealt with, held a moment too long: nothing changed
    NOBODY = "nobody"  # a free badge, and no name is waiting
    BACK = "back"  # collected
    OTHERS = "others"  # of somebody who is not on this list: nothing changed


class Handout(Model):
    """``until``: when badges and memberships end. ``readers``: codes of machines whose taps count."""

    __tablename__ = "handout"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(100))
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # None: a day badge, which changes no payer
    language: Mapped[str] = mapped_column(String(2))  # of those it adds
    until: Mapped[datetime | None] = mapped_column(Utc)
    mode: Mapped[str] = mapped_column(String(10))
    readers: Mapped[list[str]] = mapped_column(JSON)
    hears_from: Mapped[datetime | None] = mapped_column(Utc)  # what the server heard earlier does not count
    hears_until: Mapped[datetime | None] = mapped_column(Utc)  # None: it does not listen
    heard_by: Mapped[str] = mapped_column(String(120))  # who made it listen: taps are in their name
    begun_at: Mapped[datetime] = mapped_column(Utc, index=True)
    begun_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class HandoutLine(Model):
    """One name on the list. Whose turn it is: of those who wait, the lowest ``turn``, then the lowest ``position``."""

    __tablename__ = "handout_line"
    __table_args__ = (UniqueConstraint("handout_id", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    handout_id: Mapped[int] = mapped_column(ForeignKey("handout.id"))
    position: Mapped[int]
    turn: Mapped[int] = mapped_column(default=0)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), index=True)
    # No foreign key: a badge that came back long ago is deleted, the line says no more than that there was one.
    token_ref: Mapped[str | None] = mapped_column(String(36), index=True)
    membership_ref: Mapped[str | None] = mapped_column(String(36))  # that the hand-out began
    given_at: Mapped[datetime | None] = mapped_column(Utc)
    returned_at: Mapped[datetime | None] = mapped_column(Utc)
    skipped: Mapped[bool] = mapped_column(default=False)


class HandoutTap(Model):
    """A tap that was used, by the number of its event: each is used once, however many pages look on."""

    __tablename__ = "handout_tap"
    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    handout_id: Mapped[int] = mapped_column(ForeignKey("handout.id"), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("handout_line.id"))
    machine: Mapped[str] = mapped_column(String(40))  # its code
    mark: Mapped[str] = mapped_column(String(4))  # the end of the fingerprint, as pages name a badge
    token_ref: Mapped[str | None] = mapped_column(String(36))
    holder_number: Mapped[int | None] = mapped_column(BigInteger)  # whose badge it was, where it was somebody's
    outcome: Mapped[str] = mapped_column(String(10))
    runs: Mapped[bool] = mapped_column(default=False)  # the machine was started by it
    at: Mapped[datetime] = mapped_column(Utc)
