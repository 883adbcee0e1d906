"""Money that came in and what it was for, reminders, reference rates, and the mails that documents were sent with.

Payments and what they were given to are only added: a cheque that bounces is a second row that counts against the first.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.audit.seals import watch
from server.db import Model, Utc


class Payment(Model):
    """An amount from a tenant. What no allocation has used is the tenant's credit. Negative: it takes another one back."""

    __tablename__ = "payment"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    received_on: Mapped[date] = mapped_column(index=True)
    cents: Mapped[int] = mapped_column(BigInteger)  # 0 where a credit note is set off against an invoice
    means: Mapped[str] = mapped_column(String(12))  # domain.payments.Means
    reference: Mapped[str] = mapped_column(String(140), default="")
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    specimen: Mapped[bool]
    noted_at: Mapped[datetime] = mapped_column(Utc)
    noted_by: Mapped[str] = mapped_column(String(120))


class Allocation(Model):
    """What of a payment a document was given, and how it falls on its VAT rates. Negative where a payment is taken back,
    and on a credit note that is paid out or set off."""

    __tablename__ = "allocation"
    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    given_on: Mapped[date]  # the day from which it counts: of the payment, or later, when a credit was used
    cents: Mapped[int] = mapped_column(BigInteger)
    shares: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # category, rate_bp, net_cents, vat_cents


class DocumentReminder(Model):
    """That a document was reminded of, which time, and what was open on that day."""

    __tablename__ = "document_reminder"
    __table_args__ = (UniqueConstraint("document_id", "step"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    step: Mapped[int]
    sent_on: Mapped[date]
    open_cents: Mapped[int] = mapped_column(BigInteger)
    interest_cents: Mapped[int] = mapped_column(BigInteger)  # as was said in it; nobody owes it before it is invoiced
    indemnity_cents: Mapped[int]
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Utc)


class ReferenceRate(Model):
    """A yearly rate from a day on, until the next of its kind: the central bank's, or the one that the seller states."""

    __tablename__ = "reference_rate"
    __table_args__ = (UniqueConstraint("kind", "valid_from"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # domain.late.RateKind
    valid_from: Mapped[date]
    rate_bp: Mapped[int | None]  # hundredths of a percent; None: none is stated from this day on
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[datetime] = mapped_column(Utc)


class DocumentMail(Model):
    """A mail that carries a document. Its words are kept with the mails and forgotten with them; whether it arrived stays."""

    __tablename__ = "document_mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    step: Mapped[int] = mapped_column(default=0)  # 0: the document itself; 1 to 3: a reminder
    recipient: Mapped[str] = mapped_column(String(200))
    mail_id: Mapped[int | None] = mapped_column(unique=True)  # no foreign key: mails are forgotten
    asked_at: Mapped[datetime] = mapped_column(Utc)
    asked_by: Mapped[str] = mapped_column(String(120))
    sent_at: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str] = mapped_column(Text, default="")  # in the mail server's words
    bounced_on: Mapped[date | None]  # a person read so in the lab's mailbox
    bounced_words: Mapped[str] = mapped_column(Text, default="")


SEALED = (Payment, Allocation, DocumentReminder, ReferenceRate)
for _sealed in SEALED:
    watch(_sealed)
