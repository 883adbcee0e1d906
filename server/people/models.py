"""Who uses the lab and who pays: tenants and their establishments, payers and their rules, holders, memberships, tokens.

A holder is a random number. Name and contact stand in ``person``, card fingerprints in ``token``; both can be erased
without touching events, charges or invoices, which know the number only.
"""

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Model, Utc


class TenantKind(StrEnum):
    COMPANY = "company"
    STARTUP = "startup"
    SCHOOL = "school"
    ACCELERATOR = "accelerator"
    FREELANCER = "freelancer"
    ASSOCIATION = "association"
    PUBLIC = "public"
    INTERNAL = "internal"  # measured, never invoiced


class Tenant(Model):
    __tablename__ = "tenant"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2), default="fr")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    valid_from: Mapped[datetime | None] = mapped_column(Utc)  # of its contract with the lab; None: as its cost centres
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    frame_ref: Mapped[str] = mapped_column(String(120), default="")  # its declaration of a training frame for minors
    frame_until: Mapped[datetime | None] = mapped_column(Utc)
    suspended_from: Mapped[datetime | None] = mapped_column(Utc)
    suspended_reason: Mapped[str] = mapped_column(Text, default="")
    suspended_by: Mapped[str] = mapped_column(String(120), default="")  # who decided it, in words
    letter_on: Mapped[date | None]  # the day of the letter that announced it
    notice_days: Mapped[int | None]  # so many days before, its members are told by mail; None: they are not
    names_since: Mapped[date | None]  # from this day on its own people see who used what; None: they never do
    names_reason: Mapped[str] = mapped_column(Text, default="")
    names_times: Mapped[bool] = mapped_column(default=False)  # and at what time
    shows: Mapped[str] = mapped_column(String(12), default="price")  # wire.messages.Shows
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Establishment(Model):
    """An address and tax identity that a bill goes to."""

    __tablename__ = "establishment"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    legal_name: Mapped[str] = mapped_column(String(200))
    street: Mapped[str] = mapped_column(String(200))
    postcode: Mapped[str] = mapped_column(String(12))
    city: Mapped[str] = mapped_column(String(100))
    country: Mapped[str] = mapped_column(String(2))
    siren: Mapped[str | None] = mapped_column(String(9))
    siret: Mapped[str | None] = mapped_column(String(14))
    vat_id: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))  # where invoices are sent
    service_code: Mapped[str | None] = mapped_column(String(100))  # of a public body that asks for one
    needs_service_code: Mapped[bool] = mapped_column(default=False)
    wants_einvoice: Mapped[bool] = mapped_column(default=False)  # though no law here asks for one
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class TaxTreatment(Model):
    """How an establishment is treated for VAT from a day on: decided by a named person, never derived from the country."""

    __tablename__ = "tax_treatment"
    id: Mapped[int] = mapped_column(primary_key=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"), index=True)
    treatment: Mapped[str] = mapped_column(String(30))  # fr_business, eu_business, non_eu_business, …
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # first day it no longer holds
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(120))
    staff_on_site: Mapped[bool | None]  # own people and means here that use the service; None: nobody has said
    staff_since: Mapped[date | None]
    stated_by: Mapped[str] = mapped_column(String(120), default="")  # who said so, of the tenant
    stated_in: Mapped[str] = mapped_column(String(200), default="")  # in which document


class StatusProof(Model):
    """Why an establishment counts as a business abroad: what was seen, on which day, by whom, and until when it will do.

    Only added; one that turned out wrong is taken back and stays to be read. ``vat_id``: the number it is about, where it is
    about one; once the establishment has another one it proves nothing any more.
    """

    __tablename__ = "status_proof"
    id: Mapped[int] = mapped_column(primary_key=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # domain.status.ProofKind
    number: Mapped[str] = mapped_column(String(60), default="")  # the register's own: of a consultation, of an extract
    vat_id: Mapped[str | None] = mapped_column(String(20))
    dated_on: Mapped[date]
    recheck_on: Mapped[date]  # the first day on which it no longer does
    note: Mapped[str] = mapped_column(Text, default="")
    seen_by: Mapped[str] = mapped_column(String(120))
    seen_at: Mapped[datetime] = mapped_column(Utc)
    file_name: Mapped[str] = mapped_column(String(120), default="")
    file_kind: Mapped[str] = mapped_column(String(4), default="")
    file_sha256: Mapped[str] = mapped_column(String(64), default="")
    file_bytes: Mapped[int] = mapped_column(default=0)
    taken_back_at: Mapped[datetime | None] = mapped_column(Utc)
    taken_back_because: Mapped[str] = mapped_column(Text, default="")


class BillTo(Model):
    """Which establishment pays for a tenant from a day on. One hop: the establishment may be another tenant's."""

    __tablename__ = "bill_to"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Payer(Model):
    """A tenant's cost centre that sessions are charged to."""

    __tablename__ = "payer"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # its id on the wire
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    cost_centre: Mapped[str] = mapped_column(String(60))
    label: Mapped[str] = mapped_column(String(60))
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    machines: Mapped[list[str]] = mapped_column(JSON, default=list)  # it pays for these
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)  # and for all of these; both empty: for every one
    hours: Mapped[list[list[str | int]]] = mapped_column(JSON, default=list)  # and for starts within: see domain.payers
    version: Mapped[int] = mapped_column(default=1)
    tenant: Mapped[Tenant] = relationship()
    __mapper_args__ = {"version_id_col": version}


class Holder(Model):
    """The person who carries tokens, as a random number."""

    __tablename__ = "holder"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    blocked_at: Mapped[datetime | None] = mapped_column(Utc)
    blocked_reason: Mapped[str] = mapped_column(Text, default="")
    minor_until: Mapped[datetime | None] = mapped_column(Utc)  # no birthday is kept
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # has left the lab
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Person(Model):
    """The name behind a holder number. Erased without touching the books."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), unique=True)
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="fr")
    shows_first_name: Mapped[bool] = mapped_column(default=False)  # by own consent


class EmergencyContact(Model):
    """Whom to call for a holder. Only where the lab asks for it; each look at it is audited; gone with the last membership."""

    __tablename__ = "emergency_contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class MemberClass(Model):
    """A class of members that prices can tell apart, such as mentors. Its code stays; what it is called may change."""

    __tablename__ = "member_class"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    names: Mapped[dict[str, str]] = mapped_column(JSON)  # by language: fr, de, en
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # no longer given
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Membership(Model):
    """A holder's dated tie to a tenant, and the payer it charges by default. The lowest rank is the holder's default."""

    __tablename__ = "membership"
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(36), unique=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), index=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    rank: Mapped[int] = mapped_column(default=0)
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # ended before its time, by a person
    ended_reason: Mapped[str] = mapped_column(Text, default="")
    member_class: Mapped[str | None] = mapped_column(String(20))  # for prices of their own; None: no class
    payer: Mapped[Payer] = relationship()


class PayerRule(Model):
    """Within these hours, at these machines, this membership's payer is the holder's default. The lowest rank first."""

    __tablename__ = "payer_rule"
    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    rank: Mapped[int] = mapped_column(default=0)
    weekdays: Mapped[list[int]] = mapped_column(JSON)  # 0 Monday … 6 Sunday
    begins: Mapped[time]
    ends: Mapped[time]  # time.max is midnight
    machines: Mapped[list[str]] = mapped_column(JSON, default=list)
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)  # with machines empty, too: at every machine
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Token(Model):
    """A badge, card or fob, known by its keyed fingerprint only. Once returned it may be lent again, as a new row."""

    __tablename__ = "token"
    __table_args__ = (
        Index(
            "one_holder_a_badge",
            "fingerprint",
            unique=True,
            sqlite_where=text("returned_at IS NULL"),
            postgresql_where=text("returned_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(36), unique=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(60), default="")
    valid_from: Mapped[datetime] = mapped_column(Utc)
    valid_until: Mapped[datetime | None] = mapped_column(Utc)
    returned_at: Mapped[datetime | None] = mapped_column(Utc)
    blocked_at: Mapped[datetime | None] = mapped_column(Utc)
    blocked_reason: Mapped[str] = mapped_column(Text, default="")
    blocked_by: Mapped[str] = mapped_column(String(120), default="")  # a holder takes back only a block of his own


class Master(Model):
    """A person whose badge, with a PIN, starts a machine while its agent is cut off. Of the PIN a keyed digest is kept."""

    __tablename__ = "master"
    __table_args__ = (
        Index(
            "one_master_a_holder",
            "holder_number",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    holder_number: Mapped[int] = mapped_column(ForeignKey("holder.number"))
    pin_digest: Mapped[str] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(20))
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))
    given_at: Mapped[datetime] = mapped_column(Utc)
    given_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
