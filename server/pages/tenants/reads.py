"""What the pages about tenants show, as plain values: the list, and everything about one of them."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select

from server.audit.service import Entry, trail_of
from server.db import db, reading
from server.domain.status import NEED_PROOF, Proof
from server.pages.people.finding import in_force
from server.pages.people.names import Named, folded, named
from server.people.models import BillTo, Establishment, Membership, Payer, StatusProof, TaxTreatment, Tenant
from server.web.paging import Page, page_of

MEMBERS_SHOWN = 30


class Show(StrEnum):
    """Which tenants the list shows; without a choice, all that have not left."""

    HERE = ""
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TenantRow:
    code: str
    name: str
    kind: str
    suspended_from: datetime | None
    ended_at: datetime | None
    members: int
    payers: int


@dataclass(frozen=True, slots=True)
class Treated:
    """One decision about VAT, in the order of its days."""

    treatment: str
    valid_from: date
    valid_until: date | None
    reason: str
    decided_by: str
    staff_on_site: bool | None = None
    staff_since: date | None = None
    stated_by: str = ""
    stated_in: str = ""


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One proof of status. ``about``: the VAT id it is about, or None."""

    id: int
    kind: str
    number: str
    about: str | None
    dated_on: date
    recheck_on: date
    note: str
    seen_by: str
    file_name: str
    file_kind: str
    file_sha256: str
    taken_back_because: str | None

    def covers(self, day: date, vat_id: str | None) -> bool:
        proof = Proof(self.kind, self.about, self.dated_on, self.recheck_on)
        return self.taken_back_because is None and proof.covers(day, vat_id)


@dataclass(frozen=True, slots=True)
class Address:
    id: int
    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    siren: str | None
    vat_id: str | None
    version: int
    siret: str | None = None
    email: str | None = None
    service_code: str | None = None
    needs_service_code: bool = False
    wants_einvoice: bool = False
    treatments: tuple[Treated, ...] = ()
    proofs: tuple[ProofRow, ...] = ()

    def proven_until(self, day: date) -> date | None:
        """The first day on which none of its proofs will do any more; None where none does."""
        return max((one.recheck_on for one in self.proofs if one.covers(day, self.vat_id)), default=None)

    def lacks_proof(self, day: date) -> bool:
        """Whether it is treated as a business abroad, and nobody has seen that it is one."""
        treated = self.treated_on(day)
        return treated is not None and treated.treatment in NEED_PROOF and self.proven_until(day) is None

    def treated_on(self, day: date) -> Treated | None:
        holding = (
            one
            for one in self.treatments
            if one.valid_from <= day and (one.valid_until is None or day < one.valid_until)
        )
        return max(holding, key=lambda one: one.valid_from, default=None)


@dataclass(frozen=True, slots=True)
class Centre:
    code: str
    cost_centre: str
    valid_from: datetime
    valid_until: datetime | None
    members: int


@dataclass(frozen=True, slots=True)
class BillsTo:
    """Where bills go from a day on; the address may be another tenant's."""

    establishment: int
    legal_name: str
    owner: str
    owner_code: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class TenantFile:
    """Everything about one tenant. ``members`` are the first of ``member_count``."""

    code: str
    name: str
    kind: str
    language: str
    shows: str
    suspended_from: datetime | None
    suspended_reason: str
    suspended_by: str
    letter_on: date | None
    notice_days: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    frame_ref: str
    frame_until: datetime | None
    names_since: date | None
    names_reason: str
    names_times: bool
    ended_at: datetime | None
    version: int
    parent: tuple[str, str] | None
    children: tuple[tuple[str, str], ...]
    addresses: tuple[Address, ...]
    bills_to: tuple[BillsTo, ...]
    centres: tuple[Centre, ...]
    members: tuple[Named, ...]
    member_count: int
    trail: tuple[Entry, ...]

    def billed_on(self, day: date) -> BillsTo | None:
        holding = (
            one for one in self.bills_to if one.valid_from <= day and (one.valid_until is None or day < one.valid_until)
        )
        return max(holding, key=lambda one: one.valid_from, default=None)


def find_tenants(typed: str, kind: str, show: Show, now: datetime) -> Page[TenantRow]:
    with reading():
        rows = [TenantRow(*row) for row in db.session.execute(_rows(now))]
    words = folded(typed).split()
    found = [
        row
        for row in rows
        if _is_shown(row, show, typed)
        and (not kind or row.kind == kind)
        and all(word in folded(f"{row.name} {row.code}") for word in words)
    ]
    return page_of(sorted(found, key=lambda row: folded(row.name)))


def _is_shown(row: TenantRow, show: Show, typed: str) -> bool:
    match show:
        case Show.HERE:
            return bool(typed) or row.ended_at is None
        case Show.SUSPENDED:
            return row.suspended_from is not None
        case Show.ENDED:
            return row.ended_at is not None


def _rows(now: datetime) -> Any:
    ties = select(Membership.tenant_id, func.count(Membership.holder_number.distinct()).label("number"))
    ties = ties.where(in_force(Membership, now), Membership.ended_at.is_(None))
    members = ties.group_by(Membership.tenant_id).subquery()
    centres = select(Payer.tenant_id, func.count().label("number")).where(in_force(Payer, now))
    payers = centres.group_by(Payer.tenant_id).subquery()
    counts = (func.coalesce(members.c.number, 0), func.coalesce(payers.c.number, 0))
    return (
        select(Tenant.code, Tenant.name, Tenant.kind, Tenant.suspended_from, Tenant.ended_at, *counts)
        .outerjoin(members, members.c.tenant_id == Tenant.id)
        .outerjoin(payers, payers.c.tenant_id == Tenant.id)
    )


def read_tenant(code: str, now: datetime) -> TenantFile:
    with reading():
        tenant = db.session.scalars(select(Tenant).where(Tenant.code == code)).one()
        addresses, centres = _addresses(tenant.id), _centres(tenant.id, now)
        numbers = _members(tenant.id, now)
        people = named(numbers[:MEMBERS_SHOWN])
        about = [
            ("tenant", code),
            *(("establishment", one.id) for one in addresses),
            *(("payer", one.code) for one in centres),
        ]
        return TenantFile(
            **{name: getattr(tenant, name) for name in _PLAIN},
            parent=_parent(tenant.parent_id),
            children=_children(tenant.id),
            addresses=addresses,
            bills_to=_bills_to(tenant.id),
            centres=centres,
            members=tuple(people[number] for number in numbers[:MEMBERS_SHOWN]),
            member_count=len(numbers),
            trail=tuple(trail_of(about)),
        )


def members(code: str, now: datetime) -> list[Named]:
    """Everybody who can charge this tenant now, by name."""
    with reading():
        tenant_id = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
        people = named(_members(tenant_id, now))
    return sorted(people.values(), key=lambda one: (folded(one.family), folded(one.given), one.number))


_PLAIN = (
    *("code", "name", "kind", "language", "shows", "ended_at", "version"),
    *("suspended_from", "suspended_reason", "suspended_by", "letter_on", "notice_days"),
    *("valid_from", "valid_until", "frame_ref", "frame_until", "names_since", "names_reason", "names_times"),
)


def _parent(number: int | None) -> tuple[str, str] | None:
    row = db.session.execute(select(Tenant.code, Tenant.name).where(Tenant.id == number)).first() if number else None
    return None if row is None else (row[0], row[1])


def _children(number: int) -> tuple[tuple[str, str], ...]:
    rows = db.session.execute(select(Tenant.code, Tenant.name).where(Tenant.parent_id == number).order_by(Tenant.name))
    return tuple((code, name) for code, name in rows)


def _addresses(tenant_id: int) -> tuple[Address, ...]:
    rows = db.session.scalars(
        select(Establishment).where(Establishment.tenant_id == tenant_id).order_by(Establishment.id)
    ).all()
    treated: dict[int, list[Treated]] = {row.id: [] for row in rows}
    wanted = select(TaxTreatment).where(TaxTreatment.establishment_id.in_(treated)).order_by(TaxTreatment.valid_from)
    for one in db.session.scalars(wanted):
        treated[one.establishment_id].append(Treated(**_named(one, Treated)))
    proven = _proofs(list(treated))
    return tuple(
        Address(
            **{name: getattr(row, name) for name in _OF_ADDRESS},
            treatments=tuple(treated[row.id]),
            proofs=tuple(proven.get(row.id, ())),
        )
        for row in rows
    )


_OF_ADDRESS = (
    *("id", "legal_name", "street", "postcode", "city", "country", "siren", "siret", "vat_id", "version"),
    *("email", "service_code", "needs_service_code", "wants_einvoice"),
)


def _proofs(establishments: list[int]) -> dict[int, list[ProofRow]]:
    """The newest first."""
    wanted = select(StatusProof).where(StatusProof.establishment_id.in_(establishments))
    found: dict[int, list[ProofRow]] = {}
    for row in db.session.scalars(wanted.order_by(StatusProof.dated_on.desc(), StatusProof.id.desc())):
        plain = {one.name: getattr(row, one.name) for one in fields(ProofRow) if hasattr(row, one.name)}
        taken_back = row.taken_back_because if row.taken_back_at else None
        proof = ProofRow(**plain | {"about": row.vat_id, "taken_back_because": taken_back})
        found.setdefault(row.establishment_id, []).append(proof)
    return found


def _named(row: Any, kind: Any) -> dict[str, Any]:
    """The columns that a value of this kind has."""
    return {one.name: getattr(row, one.name) for one in fields(kind)}


def _bills_to(tenant_id: int) -> tuple[BillsTo, ...]:
    wanted = (
        select(
            Establishment.id, Establishment.legal_name, Tenant.name, Tenant.code, BillTo.valid_from, BillTo.valid_until
        )
        .join(Establishment, Establishment.id == BillTo.establishment_id)
        .join(Tenant, Tenant.id == Establishment.tenant_id)
        .where(BillTo.tenant_id == tenant_id)
        .order_by(BillTo.valid_from)
    )
    return tuple(BillsTo(*row) for row in db.session.execute(wanted))


def _centres(tenant_id: int, now: datetime) -> tuple[Centre, ...]:
    standing = select(Membership.payer_id, func.count(Membership.holder_number.distinct()).label("number"))
    ties = (
        standing.where(in_force(Membership, now), Membership.ended_at.is_(None))
        .group_by(Membership.payer_id)
        .subquery()
    )
    number = func.coalesce(ties.c.number, 0)
    wanted = (
        select(Payer.code, Payer.cost_centre, Payer.valid_from, Payer.valid_until, number)
        .outerjoin(ties, ties.c.payer_id == Payer.id)
        .where(Payer.tenant_id == tenant_id)
        .order_by(Payer.valid_until.is_not(None), Payer.cost_centre)
    )
    return tuple(Centre(*row) for row in db.session.execute(wanted))


def _members(tenant_id: int, now: datetime) -> list[int]:
    wanted = select(Membership.holder_number).where(Membership.tenant_id == tenant_id, in_force(Membership, now))
    wanted = wanted.where(Membership.ended_at.is_(None)).distinct().order_by(Membership.holder_number)
    return list(db.session.scalars(wanted))
