"""What a manager sets before money can flow: who sells, what an hour costs, and the cells of the VAT table.

Dated rows: a new one ends the one before it, and nothing already charged changes. Every change is audited; a price also
announces ``access``, because the lists show it at the machine.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.audit import service as audit
from server.billing import facts
from server.billing.errors import BillingError
from server.billing.models import Seller, Tariff, VatCell
from server.db import db, reading, writing
from server.domain import invoicing
from server.domain.rating import tariff_for
from server.domain.vat import Nature, Proposal
from server.jobs import service as jobs
from server.machines.models import Machine
from server.people.models import Payer, Tenant

LONGEST_TERM = 45  # days, for a periodic invoice: art. L441-10 I of the code de commerce


@dataclass(frozen=True, slots=True)
class PricedFor:
    """What a price is for: one machine (by code) or one category, and one kind of tenant or (None) all others."""

    machine: str | None = None
    category: str | None = None
    tenant_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Cents an hour and a session, seconds of a step and at least."""

    cents_per_hour: int
    step_s: int
    minimum_s: int = 0
    session_fee_cents: int = 0


def add_seller(
    seller: invoicing.Seller,
    valid_from: date,
    *,
    actor: str,
    now: datetime,
    regime: str = "normal",
    series_prefix: str = "F",
) -> Seller:
    """Who issues from a day on; the one before issues until that day."""
    if not 0 <= seller.payment_days <= LONGEST_TERM:
        raise BillingError(
            f"a monthly invoice is payable within {LONGEST_TERM} days (art. L441-10 of the code de commerce)"
        )
    values = {**asdict(seller), "regime": regime, "series_prefix": series_prefix, "valid_from": valid_from}
    row = Seller(**values)
    with writing() as session:
        _end_last(session.scalars(select(Seller)).all(), valid_from)
        _add(row, "seller", values, "", actor, now)
    return row


def add_tariff(
    scope: PricedFor,
    price: Price,
    valid_from: datetime,
    valid_until: datetime | None = None,
    reason: str = "",
    *,
    actor: str,
    now: datetime,
) -> Tariff:
    """A price from a moment on. It ends the price that was for the same before."""
    if (scope.machine is None) == (scope.category is None):
        raise BillingError("a price is for a machine or for a category: name one of them")
    if price.step_s <= 0 or min(price.cents_per_hour, price.minimum_s, price.session_fee_cents) < 0:
        raise BillingError("a price has a step above zero, and nothing in it is negative")
    with writing() as session:
        same = {"machine_id": _machine_id(scope.machine), "category": scope.category, "tenant_kind": scope.tenant_kind}
        _end_last(session.scalars(select(Tariff).filter_by(**same)).all(), valid_from)
        dates = {"valid_from": valid_from, "valid_until": valid_until}
        row = Tariff(reason=reason, **dates, **asdict(price), **same)
        _add(row, "tariff", {**asdict(scope), **asdict(price), **dates}, reason, actor, now)
        jobs.announce("access", f"tariff:{scope.machine or scope.category}", now)
    return row


def add_vat_cell(
    regime: str,
    treatment: str,
    nature: Nature,
    category: str,
    rate_bp: int,
    mention: str,
    valid_from: date,
    reason: str,
    *,
    actor: str,
    now: datetime,
) -> VatCell:
    """One cell of the VAT table, decided by ``actor`` from a day on; the decision before ends that day."""
    if not reason:
        raise BillingError("a VAT cell says why it was decided so")
    with writing() as session:
        scope = {"regime": regime, "treatment": treatment, "nature": Nature(nature).value}
        values = {"category": category, "rate_bp": rate_bp, "mention": mention}
        _end_last(session.scalars(select(VatCell).filter_by(**scope)).all(), valid_from)
        row = VatCell(valid_from=valid_from, reason=reason, decided_by=actor, **scope, **values)
        _add(row, "vat_cell", {**scope, **values, "valid_from": valid_from}, reason, actor, now)
    return row


def accept_proposal(
    proposal: Proposal, valid_from: date, *, actor: str, now: datetime, regime: str = "normal"
) -> VatCell:
    """Put a proposal of ``domain.vat`` for machine use into the table, in the name of ``actor``."""
    return add_vat_cell(
        regime,
        proposal.treatment,
        Nature.MACHINE_USE,
        proposal.category,
        proposal.rate_bp,
        proposal.mention,
        valid_from,
        proposal.reason,
        actor=actor,
        now=now,
    )


def rates_for(now: datetime) -> dict[tuple[str, str], int]:
    """The price of an hour in cents for each machine and payer, by their codes; one without a price is not there."""
    with reading() as session:
        tariffs = facts.load_tariffs()
        machines = session.execute(select(Machine.code, Machine.category)).all()
        payers = session.execute(select(Payer.code, Tenant.kind).join(Tenant, Tenant.id == Payer.tenant_id)).all()
    prices: dict[tuple[str, str], int] = {}
    for kind in {kind for _, kind in payers}:
        for machine, category in machines:
            tariff = tariff_for(tariffs, machine, category, kind, now)
            if tariff is not None:
                prices[machine, kind] = tariff.cents_per_hour
    return {
        (machine, payer): prices[machine, kind]
        for payer, kind in payers
        for machine, _ in machines
        if (machine, kind) in prices
    }


def _machine_id(code: str | None) -> int | None:
    if code is None:
        return None
    found: int | None = db.session.scalar(select(Machine.id).where(Machine.code == code))
    if found is None:
        raise BillingError(f"there is no machine {code}")
    return found


def _end_last(rows: Any, moment: Any) -> None:
    """The last of these dated rows holds until ``moment`` at most; a new one cannot begin before it."""
    last = max(rows, key=lambda row: row.valid_from, default=None)
    if last is None:
        return
    if last.valid_from >= moment:
        raise BillingError(f"something is already decided from {last.valid_from.isoformat()} on")
    last.valid_until = min(last.valid_until or moment, moment)


def _add(row: Any, kind: str, after: dict[str, Any], reason: str, actor: str, now: datetime) -> None:
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "add", kind, row.id, None, after, reason, now)
