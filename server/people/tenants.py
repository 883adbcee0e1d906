"""Changes to who pays: tenants, the establishments bills go to, their treatment for VAT, and payers.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.db import writing
from server.domain.vat import Treatment
from server.jobs import service as jobs
from server.people.models import BillTo, Establishment, Payer, TaxTreatment, Tenant, TenantKind
from server.people.rows import PeopleError, establishment_by_id, tenant_by_code


def add_tenant(
    code: str,
    name: str,
    kind: TenantKind,
    language: str = "fr",
    parent: str | None = None,
    *,
    actor: str,
    now: datetime,
) -> Tenant:
    """A new tenant. Nobody can start a machine on its account before it has a payer and the holder a membership."""
    with writing() as session:
        if session.scalar(select(Tenant.id).where(Tenant.code == code)) is not None:
            raise PeopleError("there is already a tenant %(code)s", code=code)
        parent_id = tenant_by_code(parent).id if parent else None
        tenant = Tenant(code=code, name=name, kind=TenantKind(kind).value, language=language, parent_id=parent_id)
        session.add(tenant)
        after = {"name": name, "kind": tenant.kind, "language": language, "parent": parent}
        audit.record(actor, "add", "tenant", code, None, after, "", now)
    return tenant


def add_establishment(
    tenant_code: str,
    legal_name: str,
    street: str,
    postcode: str,
    city: str,
    country: str,
    siren: str | None = None,
    vat_id: str | None = None,
    *,
    actor: str,
    now: datetime,
    **wishes: Any,
) -> Establishment:
    """An address and tax identity. Bills go there from the day ``set_bill_to`` says. ``wishes``: the other fields of
    ``tenancies.Address``."""
    with writing() as session:
        address = {"street": street, "postcode": postcode, "city": city, "country": country}
        identity = {"legal_name": legal_name, "siren": siren, "vat_id": vat_id, **wishes}
        establishment = Establishment(tenant_id=tenant_by_code(tenant_code).id, **identity, **address)
        session.add(establishment)
        session.flush()
        after = {"tenant": tenant_code, **identity, **address}
        audit.record(actor, "add", "establishment", establishment.id, None, after, "", now)
    return establishment


@dataclass(frozen=True, slots=True)
class Site:
    """What a foreign business has said of itself: whether own people and means here use the service, and where it says so."""

    staff: bool
    since: date | None = None
    stated_by: str = ""
    stated_in: str = ""


def set_treatment(
    establishment_id: int,
    treatment: str,
    valid_from: date,
    reason: str,
    site: Site | None = None,
    *,
    actor: str,
    now: datetime,
) -> TaxTreatment:
    """How this establishment is treated for VAT from a day on, decided by ``actor``; the one before ends that day."""
    _expect_fitting(treatment, site)
    with writing() as session:
        establishment_by_id(establishment_id)
        earlier = select(TaxTreatment).where(TaxTreatment.establishment_id == establishment_id)
        before = _end_last(session.scalars(earlier).all(), valid_from)
        row = TaxTreatment(
            establishment_id=establishment_id,
            treatment=treatment,
            valid_from=valid_from,
            reason=reason,
            decided_by=actor,
            **_columns(site),
        )
        session.add(row)
        was = {"treatment": before.treatment} if before else None
        after = {"treatment": treatment, "valid_from": valid_from, **(_columns(site) if site else {})}
        audit.record(actor, "treat", "establishment", establishment_id, was, after, reason, now)
        jobs.announce("access", f"establishment:{establishment_id}", now)  # a private person is told prices with VAT
    return row


def _expect_fitting(treatment: str, site: Site | None) -> None:
    """An establishment here is what its owner has stated; and who has stated one is not treated as from abroad."""
    if treatment == Treatment.FR_ESTABLISHMENT and not (
        site and site.staff and site.since and site.stated_by and site.stated_in
    ):
        raise PeopleError("Say since when it has staff on site, who stated it, and in which document.")
    if treatment in {Treatment.EU_BUSINESS, Treatment.NON_EU_BUSINESS} and site and site.staff:
        raise PeopleError("With own staff and means on site that use the service it is an establishment in France.")


def _columns(site: Site | None) -> dict[str, Any]:
    if site is None:
        return {}
    said = {"stated_by": site.stated_by, "stated_in": site.stated_in}
    return {"staff_on_site": site.staff, "staff_since": site.since, **said}


def set_bill_to(tenant_code: str, establishment_id: int, valid_from: date, *, actor: str, now: datetime) -> BillTo:
    """Which establishment pays for this tenant from a day on; the one before pays until that day."""
    with writing() as session:
        tenant = tenant_by_code(tenant_code)
        establishment_by_id(establishment_id)
        before = _end_last(session.scalars(select(BillTo).where(BillTo.tenant_id == tenant.id)).all(), valid_from)
        row = BillTo(tenant_id=tenant.id, establishment_id=establishment_id, valid_from=valid_from)
        session.add(row)
        was = {"establishment": before.establishment_id} if before else None
        after = {"establishment": establishment_id, "valid_from": valid_from}
        audit.record(actor, "bill_to", "tenant", tenant_code, was, after, "", now)
        jobs.announce("access", f"tenant:{tenant_code}", now)
    return row


def add_payer(
    tenant_code: str,
    code: str,
    cost_centre: str,
    label: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    *,
    actor: str,
    now: datetime,
) -> Payer:
    """A cost centre that sessions can be charged to. ``#`` in a code is kept for payers that a list shows as closed."""
    with writing() as session:
        if not code or "#" in code:
            raise PeopleError("“%(code)s” cannot be the code of a payer", code=code)
        if session.scalar(select(Payer.id).where(Payer.code == code)) is not None:
            raise PeopleError("there is already a payer %(code)s", code=code)
        dates = {"valid_from": valid_from or now, "valid_until": valid_until}
        words = {"cost_centre": cost_centre, "label": label}
        payer = Payer(tenant_id=tenant_by_code(tenant_code).id, code=code, **words, **dates)
        session.add(payer)
        audit.record(actor, "add", "payer", code, None, {"tenant": tenant_code, **words, **dates}, "", now)
        jobs.announce("access", f"tenant:{tenant_code}", now)
    return payer


def _end_last(rows: Any, day: date) -> Any:
    """Let the last of these dated rows end on ``day``, the first day of the next one. Returns it, or None."""
    last = max(rows, key=lambda row: row.valid_from, default=None)
    if last is not None:
        if last.valid_from >= day:
            raise PeopleError("something is already decided from %(day)s on", day=last.valid_from)
        last.valid_until = min(last.valid_until or day, day)
    return last
