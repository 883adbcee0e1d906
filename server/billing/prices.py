"""What an hour costs: dated prices for machines and categories, which begin, are followed by others, and end.

Nothing already charged changes. Every change is audited and announces ``access``, because the lists show prices at the
machine.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from server.audit import service as audit
from server.billing import facts
from server.billing.dated import add, end_last
from server.billing.errors import BillingError
from server.billing.models import Charge, Tariff
from server.db import db, expect_version, reading, writing
from server.domain.rating import tariff_for
from server.jobs import service as jobs
from server.machines.models import Machine
from server.people.models import Payer, Tenant


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
        raise BillingError("A price is for a machine or for a category: name one of them.")
    _refuse_odd_price(price)
    with writing() as session:
        same = {"machine_id": _machine_id(scope.machine), "category": scope.category, "tenant_kind": scope.tenant_kind}
        end_last(session.scalars(select(Tariff).filter_by(**same)), valid_from)
        dates = {"valid_from": valid_from, "valid_until": valid_until}
        row = Tariff(reason=reason, **dates, **asdict(price), **same)
        add(row, "tariff", {**asdict(scope), **asdict(price), **dates}, reason, actor, now)
        jobs.announce("access", f"tariff:{scope.machine or scope.category}", now)
    return row


def change_tariff(
    tariff_id: int,
    price: Price,
    since: datetime,
    reason: str,
    version: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> Tariff:
    """Another price for the same from a moment on, as long as the one before would have held. Where that is the moment
    it began itself, it is put right in place, unless a charge stands on it."""
    _refuse_odd_price(price)
    with writing():
        row = _held(tariff_id, version)
        if since < row.valid_from or (row.valid_until is not None and since >= row.valid_until):
            raise BillingError("This price does not hold on that day: choose a day on which it does.")
        _refuse_before_charges(row, since)
        if since == row.valid_from:
            _put_right(row, price, reason, actor, now)
            return row
        scope = {"machine_id": row.machine_id, "category": row.category, "tenant_kind": row.tenant_kind}
        dates = {"valid_from": since, "valid_until": row.valid_until}
        _end(row, since, reason, actor, now)
        following = Tariff(reason=reason, **dates, **asdict(price), **scope)
        add(following, "tariff", {"instead_of": row.id, **asdict(price), **dates}, reason, actor, now)
        return following


def end_tariff(
    tariff_id: int, until: datetime, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    """The first moment from which it no longer holds. At its own beginning: it is taken back and never holds."""
    with writing():
        row = _held(tariff_id, version)
        if until < row.valid_from:
            raise BillingError("It cannot end before it begins.")
        if row.valid_until is not None and until >= row.valid_until:
            raise BillingError("It has ended by then already.")
        _refuse_before_charges(row, until)
        _end(row, until, reason, actor, now)


def charged_until(tariff_id: int) -> datetime | None:
    """When the last session began that has been charged at this price; None while no charge stands on it."""
    with reading() as session:
        last: datetime | None = session.scalar(select(func.max(Charge.started_at)).where(Charge.tariff_id == tariff_id))
        return last


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


def _refuse_odd_price(price: Price) -> None:
    if price.step_s <= 0 or min(price.cents_per_hour, price.minimum_s, price.session_fee_cents) < 0:
        raise BillingError("A price has a step above zero, and nothing in it is negative.")


def _machine_id(code: str | None) -> int | None:
    if code is None:
        return None
    found: int | None = db.session.scalar(select(Machine.id).where(Machine.code == code))
    if found is None:
        raise BillingError("There is no machine %(code)s.", code=code)
    return found


def _held(tariff_id: int, version: int | None) -> Tariff:
    row = db.session.get(Tariff, tariff_id)
    if row is None:
        raise BillingError("There is no price number %(number)s.", number=tariff_id)
    expect_version(row, version)
    return row


def _refuse_before_charges(row: Tariff, moment: datetime) -> None:
    last = charged_until(row.id)
    if last is not None and last >= moment:
        raise BillingError(
            "Sessions until %(moment)s are charged at this price already: choose a later day.", moment=last
        )


def _end(row: Tariff, until: datetime, reason: str, actor: str, now: datetime) -> None:
    before = {"valid_until": row.valid_until}
    row.valid_until = until
    audit.record(actor, "end", "tariff", row.id, before, {"valid_until": until}, reason, now)
    jobs.announce("access", f"tariff:{row.id}", now)


def _put_right(row: Tariff, price: Price, reason: str, actor: str, now: datetime) -> None:
    after: dict[str, Any] = asdict(price)
    before = {name: getattr(row, name) for name in after}
    for name, value in after.items():
        setattr(row, name, value)
    row.reason = reason
    audit.record(actor, "change", "tariff", row.id, before, after, reason, now)
    jobs.announce("access", f"tariff:{row.id}", now)
