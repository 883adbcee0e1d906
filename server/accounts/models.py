"""Who may log in and what they may do there: accounts, dated roles, web sessions, and links that work once.

A person at a machine is a holder; an account is how somebody looks at the pages. One may be tied to the other.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Account(Model):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)  # in lower case; it is the name one logs in with
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # argon2id; None until the invitation is taken up
    language: Mapped[str | None] = mapped_column(String(2))  # None: as the browser asks
    holder_number: Mapped[int | None] = mapped_column(ForeignKey("holder.number"), unique=True)
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed with the site key; None: no second factor
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # a code works once
    created_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class RoleAssignment(Model):
    """A role of an account, in a scope, from and until. ``scope`` is the code of what ``scope_kind`` names."""

    __tablename__ = "role_assignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    scope_kind: Mapped[str] = mapped_column(String(10), default="lab")  # lab, room, machine, tenant
    scope: Mapped[str] = mapped_column(String(60), default="")
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)


class WebSession(Model):
    """Somebody logged in at a browser. The cookie holds a random secret; here stands its SHA-256 only."""

    __tablename__ = "web_session"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    began_at: Mapped[datetime] = mapped_column(Utc)
    seen_at: Mapped[datetime] = mapped_column(Utc)
    browser: Mapped[str] = mapped_column(String(200), default="")
    ended_at: Mapped[datetime | None] = mapped_column(Utc)


class AccountLink(Model):
    """A link sent by mail that sets a password, once. Here stands the SHA-256 of its secret only."""

    __tablename__ = "account_link"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))  # invite, reset
    made_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)
    made_by: Mapped[str] = mapped_column(Text, default="")


class RecoveryCode(Model):
    """A code that stands in for the phone, once. Here stands its SHA-256 only."""

    __tablename__ = "recovery_code"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)
