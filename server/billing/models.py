"""From hours to money: sellers, tariffs, the VAT table, months, documents and the charges on them.

Money is whole cents. Charges are added once, when their document takes its number; documents are frozen as JSON then.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.audit.seals import watch
from server.db import Model, Utc


class Seller(Model):
    """Who issues the documents, from a day on: everything a French invoice must say of the seller."""

    __tablename__ = "seller"
    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    trade_name: Mapped[str] = mapped_column(String(200))
    legal_name: Mapped[str] = mapped_column(String(200))  # with legal form
    capital: Mapped[str] = mapped_column(String(60))
    street: Mapped[str] = mapped_column(String(200))
    postcode: Mapped[str] = mapped_column(String(12))
    city: Mapped[str] = mapped_column(String(100))
    country: Mapped[str] = mapped_column(String(2), default="FR")
    siren: Mapped[str] = mapped_column(String(9))
    siret: Mapped[str] = mapped_column(String(14))
    rcs: Mapped[str] = mapped_column(String(100))
    vat_id: Mapped[str] = mapped_column(String(20))
    iban: Mapped[str] = mapped_column(String(34))
    bic: Mapped[str] = mapped_column(String(11))
    regime: Mapped[str] = mapped_column(String(30), default="normal")
    declares: Mapped[str] = mapped_column(String(10), default="monthly")  # or "quarterly", "simplified": its VAT
    vat_on_debits: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str] = mapped_column(String(10), default="issue")  # or "statement": another system invoices
    email: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    payment_days: Mapped[int] = mapped_column(default=30)  # of companies
    payment_days_public: Mapped[int] = mapped_column(default=30)
    payment_days_private: Mapped[int] = mapped_column(default=30)
    late_rate: Mapped[str] = mapped_column(String(200))  # of companies, in words, as printed
    series_prefix: Mapped[str] = mapped_column(String(20), default="F")


class Tariff(Model):
    """A dated price rule for a machine, or for a category; for one tenant, one kind of tenant, or all that have none of
    their own; and for one class of members, or all."""

    __tablename__ = "tariff"
    id: Mapped[int] = mapped_column(primary_key=True)
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id"))
    category: Mapped[str | None] = mapped_column(String(40))
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    tenant_kind: Mapped[str | None] = mapped_column(String(20))
    member_class: Mapped[str | None] = mapped_column(String(20))
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)  # as server.domain.rule_text writes it
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class PriceDraft(Model):
    """A price list that is not in force: other rules for some scopes, to see what a month would have come to under them."""

    __tablename__ = "price_draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # scope and rule each; rule None: no price of its own
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(120))
    adopted_on: Mapped[date | None]  # the day from which its prices are in force
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class WhatIf(Model):
    """What a month would come to under a draft: worked out at will, thrown away at will. The books know nothing of it."""

    __tablename__ = "what_if"
    draft_id: Mapped[int] = mapped_column(ForeignKey("price_draft.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    job: Mapped[int | None]  # that works it out; None where it was short enough to be done at once
    done: Mapped[int] = mapped_column(default=0)  # sessions, of so many
    planned: Mapped[int] = mapped_column(default=0)
    made_of: Mapped[str] = mapped_column(String(240), default="")  # draft and month, to see them change
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asked_at: Mapped[datetime] = mapped_column(Utc)


class VatCell(Model):
    """One decided cell: seller regime × treatment of the establishment × nature of supply, from a day on."""

    __tablename__ = "vat_cell"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(String(30))
    treatment: Mapped[str] = mapped_column(String(30))
    nature: Mapped[str] = mapped_column(String(30))
    category: Mapped[str] = mapped_column(String(3))  # S, AE, O, … as in EN 16931
    rate_bp: Mapped[int]  # hundredths of a percent: 2000 is 20 %
    mention: Mapped[str] = mapped_column(Text, default="")  # printed as it is
    vatex: Mapped[str] = mapped_column(String(30), default="")  # why no VAT is charged, as a code for e-invoices
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Period(Model):
    """A calendar month on the lab's clock, ``2026-10``."""

    __tablename__ = "period"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="open")  # open, closed
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    closed_by: Mapped[str] = mapped_column(String(120), default="")
    built_from: Mapped[str] = mapped_column(
        String(200), default=""
    )  # what the drafts below were made of, to see it change
    unplaced: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list
    )  # sessions nobody's establishment pays for
    oddities: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # what somebody should look at
    figures: Mapped[dict[str, int]] = mapped_column(
        JSON, default=dict
    )  # of all its sessions: unpriced, free, waived_cents
    building: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # the job that builds the drafts of a large month, and how far it is
    issuing: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # the job that issues, and how many


class MonthNote(Model):
    """What a person has looked at in a month and wants to keep as it is. Taken back by removing it."""

    __tablename__ = "month_note"
    __table_args__ = (UniqueConstraint("month", "kind", "subject"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(80))  # a session, two of them, or a tenant
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Utc)
    reason: Mapped[str] = mapped_column(Text, default="")


class Draft(Model):
    """What a document would say today. Thrown away and rebuilt at will; ``held`` says in words why it cannot be issued."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("month", "establishment_id", "part"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(ForeignKey("period.month"))
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"))
    part: Mapped[str] = mapped_column(
        String(80), default=""
    )  # what stands apart: "O", an order; "" where all is on one
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[str] = mapped_column(Text, default="")
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list
    )  # the same, for pages to say in any language
    checked_sha256: Mapped[str | None] = mapped_column(String(64))  # of the content that was held against the norm
    found: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # what that has found, among the reasons
    built_at: Mapped[datetime] = mapped_column(Utc)


class Series(Model):
    """The last number and date given in one series: seller, year and kind. Numbers without gaps, dates never back."""

    __tablename__ = "series"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)  # F-2026, DEMO-F-2026
    last_sequence: Mapped[int] = mapped_column(default=0)
    last_date: Mapped[date | None]


class Document(Model):
    """An invoice or credit note. From its number on nothing in it changes; the PDF is kept by its SHA-256."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("series", "sequence"),
        # Sums of a month come from the index alone: a row is long, because its words are in it.
        Index("document_of_month", "month", "specimen", "state", "paid_on", "net_cents", "gross_cents"),
        Index("document_unpaid", "paid_on", "due_on"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    series: Mapped[str] = mapped_column(String(60))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20), default="invoice")  # invoice, credit_note, statement
    month: Mapped[str] = mapped_column(String(7))
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"))
    issued_on: Mapped[date]
    due_on: Mapped[date]
    specimen: Mapped[bool]
    frozen: Mapped[str] = mapped_column(Text)  # canonical JSON, what the page is rendered from
    frozen_sha256: Mapped[str] = mapped_column(String(64))
    net_cents: Mapped[int] = mapped_column(BigInteger)
    vat_cents: Mapped[int] = mapped_column(BigInteger)
    gross_cents: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12), default="numbered")  # numbered, issued
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    issued_at: Mapped[datetime | None] = mapped_column(Utc)
    paid_on: Mapped[date | None]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)  # of a credit note
    external_number: Mapped[str | None] = mapped_column(String(60))  # of a statement: the operator's own invoice
    external_on: Mapped[date | None]


class PlatformState(Model):
    """What the platform for e-invoices, or the buyer through it, has said of a document. Typed in; rows are only added."""

    __tablename__ = "platform_state"
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))  # deposited, rejected, refused, cashed
    day: Mapped[date]
    words: Mapped[str] = mapped_column(Text, default="")  # the reason as the platform gives it
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(Utc)


class Charge(Model):
    """One rated session or item on an issued document, or what a credit note takes back of one. Only added."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("subject", "round"),
        Index(
            "charge_taken_back",
            "subject",
            sqlite_where=text("kind = 'credit'"),
            postgresql_where=text("kind = 'credit'"),
        ),
        Index("charge_of_payer", "payer_id", "ended_at"),  # what contracts and packs have covered
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    # The session's UUID or the item's reference. No foreign key: after a restore a charge is adopted before its session
    # comes back from the agent.
    subject: Mapped[str] = mapped_column(String(80))
    round: Mapped[int] = mapped_column(default=0)  # one more after each credit note that lets it be charged anew
    kind: Mapped[str] = mapped_column(String(10), default="session")  # session, item, credit
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    machine_id: Mapped[int | None] = mapped_column(ForeignKey("machine.id"))
    tariff_id: Mapped[int | None] = mapped_column(
        ForeignKey("tariff.id"), index=True
    )  # None: an item, or lost in a restore; the price stands in ``priced``
    started_at: Mapped[datetime | None] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    day: Mapped[date | None]  # of supply, of items
    occupied_s: Mapped[int] = mapped_column(default=0)
    counted_s: Mapped[int | None]  # what of it counts by decision; None: all
    free: Mapped[str | None] = mapped_column(String(20))  # why it is not charged; None: it is
    continues: Mapped[bool] = mapped_column(default=False)  # a session that a power loss ended: no second fee
    billed_s: Mapped[int] = mapped_column(default=0)
    priced: Mapped[dict[str, Any]] = mapped_column(JSON)  # every step of the price, to work it out again
    nature: Mapped[str] = mapped_column(String(30))
    net_cents: Mapped[int]
    vat_category: Mapped[str] = mapped_column(String(3))
    rate_bp: Mapped[int]


class ChargeRefusal(Model):
    """A payer does not want to pay for a session that it was shown the same day. Staff decide; nothing is deleted."""

    __tablename__ = "charge_refusal"
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(String(36), unique=True)  # no foreign key: as with decisions
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"), index=True)
    refused_at: Mapped[datetime] = mapped_column(Utc)
    refused_by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(Utc)
    is_charged: Mapped[bool | None]  # what staff decided
    answer: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Dispute(Model):
    """A tenant contests one line: a session or an item, of the running month or on an issued document. Staff answer with an
    adjustment, a credit note or words; until then nobody is reminded of it."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index(
            "one_open_dispute_a_line",
            "subject",
            unique=True,
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), index=True)  # a session, or the reference of an item
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"), index=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)  # it stood on when contested
    month: Mapped[str] = mapped_column(String(7))
    net_cents: Mapped[int] = mapped_column(BigInteger)  # what the line came to then
    words: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime] = mapped_column(Utc)
    raised_by: Mapped[str] = mapped_column(String(120))
    answer_by: Mapped[date]  # the lab's own deadline
    answered_at: Mapped[datetime | None] = mapped_column(Utc)
    answered_by: Mapped[str] = mapped_column(String(120), default="")
    outcome: Mapped[str | None] = mapped_column(String(12))  # billing.disputes.Outcome
    answer: Mapped[str] = mapped_column(Text, default="")
    settled_cents: Mapped[int] = mapped_column(BigInteger, default=0)  # what was taken off, net
    settled_by: Mapped[str] = mapped_column(
        String(80), default=""
    )  # the adjustment's reference, the credit note's number
    seen_at: Mapped[datetime | None] = mapped_column(Utc)  # when the tenant first read the clock times of the session
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class PayerStanding(Model):
    """What a cost centre has come to in one month so far, and what is left to it of hours and credit: worked out by
    ``work`` from time to time, for lists and pages that only read. Thrown away and made anew at will."""

    __tablename__ = "payer_standing"
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"), primary_key=True, autoincrement=False)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    net_cents: Mapped[int] = mapped_column(BigInteger)
    by_day: Mapped[dict[str, int]] = mapped_column(JSON)  # the same by the day on which something ended
    allowances: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # ref, unit, categories, and what is left of each
    made_of: Mapped[str] = mapped_column(String(200))  # to see whether it is old
    computed_at: Mapped[datetime] = mapped_column(Utc)


for _sealed in (Tariff, Document, PlatformState):
    watch(_sealed)
