"""What a use costs: dated rules for machines and categories, which begin, are followed by others, and end.

Nothing already charged changes. Every change is audited and announces ``access``, because the lists show prices at the
machine.
"""

from dataclasses import asdict
from datetime import UTC, datetime, tzinfo

from sqlalchemy import func, select

from server.audit import service as audit
from server.billing.consumers import vat_of_consumers
from server.billing.dated import add, end_last
from server.billing.errors import BillingError
from server.billing.models import Charge, Tariff
from server.billing.tariffs import load_tariffs
from server.db import db, expect_version, reading, writing
from server.domain.money import vat_on, whole_cents
from server.domain.period import day_of
from server.domain.rating import an_hour
from server.domain.rule_text import to_plain
from server.domain.steps import next_hours
from server.domain.tariffs import PriceBook, Rule, Scope, Use, odd
from server.jobs import service as jobs
from server.machines.models import Machine
from server.people.models import Payer, Tenant

_SCOPE = ("machine_id", "category", "tenant_id", "tenant_kind", "member_class")


def add_tariff(
    scope: Scope,
    rule: Rule,
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
    if scope.tenant is not None and scope.tenant_kind is not None:
        raise BillingError("A price is for one tenant or for a kind of tenant: name one of them.")
    _refuse_odd(rule)
    with writing() as session:
        same = {
            "machine_id": _machine_id(scope.machine),
            "category": scope.category,
            "tenant_id": _tenant_id(scope.tenant),
            "tenant_kind": scope.tenant_kind,
            "member_class": scope.member_class,
        }
        end_last(session.scalars(select(Tariff).filter_by(**same)), valid_from)
        dates = {"valid_from": valid_from, "valid_until": valid_until}
        row = Tariff(reason=reason, rule=to_plain(rule), **dates, **same)
        add(row, "tariff", {**asdict(scope), "rule": row.rule, **dates}, reason, actor, now)
        jobs.announce("access", f"tariff:{scope.machine or scope.category}", now)
    return row


def change_tariff(
    tariff_id: int,
    rule: Rule,
    since: datetime,
    reason: str,
    version: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> Tariff:
    """Another price for the same from a moment on, as long as the one before would have held. Where that is the moment
    it began itself, it is put right in place, unless a charge stands on it."""
    _refuse_odd(rule)
    with writing():
        row = _held(tariff_id, version)
        if since < row.valid_from or (row.valid_until is not None and since >= row.valid_until):
            raise BillingError("This price does not hold on that day: choose a day on which it does.")
        _refuse_before_charges(row, since)
        if since == row.valid_from:
            _put_right(row, rule, reason, actor, now)
            return row
        scope = {name: getattr(row, name) for name in _SCOPE}
        dates = {"valid_from": since, "valid_until": row.valid_until}
        _end(row, since, reason, actor, now)
        following = Tariff(reason=reason, rule=to_plain(rule), **dates, **scope)
        add(following, "tariff", {"instead_of": row.id, "rule": following.rule, **dates}, reason, actor, now)
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


def rates_for(now: datetime, zone: tzinfo) -> dict[tuple[str, str], int]:
    """What an hour costs that begins now, in cents, for each machine and payer, by their codes; one without a price is not
    there. Fees, and what depends on how long somebody stays, are not in it; a class of members is not known beforehand.
    With VAT for whom a private person pays, else without."""
    with reading() as session:
        tariffs = [tariff for tariff in load_tariffs() if tariff.holds(now)]
        machines = session.execute(select(Machine.code, Machine.category)).all()
        wanted = select(Payer.code, Tenant.code, Tenant.kind).join(Tenant, Tenant.id == Payer.tenant_id)
        payers = session.execute(wanted).all()
        taxed = vat_of_consumers(day_of(now, zone))
    book, named = PriceBook(tariffs), {tariff.scope.tenant for tariff in tariffs}
    whose = {payer: (tenant if tenant in named else "", kind) for payer, tenant, kind in payers}
    cents = {tariff.id: whole_cents(an_hour(tariff, now, zone)) for tariff in tariffs}
    prices: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for tenant, kind in set(whose.values()):
        found = ((machine, book.find(Use(machine, category, tenant, kind), now)) for machine, category in machines)
        prices[tenant, kind] = [(machine, cents[tariff.id]) for machine, tariff in found if tariff is not None]
    return {
        (machine, payer): price + vat_on(price, taxed[payer]) if payer in taxed else price
        for payer, who in whose.items()
        for machine, price in prices[who]
    }


def next_price(now: datetime, zone: tzinfo) -> datetime | None:
    """When what an hour costs changes next by itself; inside ``reading()``."""
    begins = db.session.scalar(select(func.min(Tariff.valid_from)).where(Tariff.valid_from > now))
    ends = db.session.scalar(select(func.min(Tariff.valid_until)).where(Tariff.valid_until > now))
    holding = (tariff for tariff in load_tariffs() if tariff.holds(now))
    hours = (next_hours(part, now, zone) for tariff in holding for part in tariff.rule.parts)
    turns = (datetime.fromtimestamp(second, UTC) for second in hours if second is not None)
    return min((moment for moment in (begins, ends, *turns) if moment is not None), default=None)


def _refuse_odd(rule: Rule) -> None:
    if (sentence := odd(rule)) is not None:
        raise BillingError(sentence)


def _tenant_id(code: str | None) -> int | None:
    if code is None:
        return None
    found: int | None = db.session.scalar(select(Tenant.id).where(Tenant.code == code))
    if found is None:
        raise BillingError("There is no tenant %(code)s.", code=code)
    return found


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


def _put_right(row: Tariff, rule: Rule, reason: str, actor: str, now: datetime) -> None:
    before, after = {"rule": row.rule}, {"rule": to_plain(rule)}
    row.rule, row.reason = after["rule"], reason
    audit.record(actor, "change", "tariff", row.id, before, after, reason, now)
    jobs.announce("access", f"tariff:{row.id}", now)
