"""What leaves the house is made from the books; kept here are only the accounts it is booked on, and archives of months."""

from datetime import date, datetime

from sqlalchemy import BigInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class AccountRule(Model):
    """The account that something is booked on, from a day on, until the next for the same."""

    __tablename__ = "account_rule"
    __table_args__ = (UniqueConstraint("kind", "subject", "valid_from"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # domain.journal.AccountKind
    subject: Mapped[str] = mapped_column(String(60))  # a tenant's code, nature and category, or a rate
    account: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date]
    reason: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[datetime] = mapped_column(Utc)


class MonthArchive(Model):
    """A month as one file that is read without the program: how far it has come, and what it is in the end."""

    __tablename__ = "month_archive"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Utc)
    asked_by: Mapped[str] = mapped_column(String(120))
    planned: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    built_at: Mapped[datetime | None] = mapped_column(Utc)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
