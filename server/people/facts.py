"""What the rules of access take from people and payers, as plain facts. Columns, not rows; inside ``reading()``.

``by_category`` are the codes of the lab's machines by their category: who pays for "the printers" pays for the next one, too.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true

from server.db import db
from server.domain.facts import HolderFact, PayerFact, PayerRuleFact, WeekFact
from server.domain.payers import first, meant, read, weeks
from server.people.models import Holder, Membership, Payer, PayerRule, Person, Tenant
from wire.messages import Shows

ByCategory = Mapping[str, Collection[str]]


def holders(now: datetime, whose: ColumnElement[bool] | None = None) -> tuple[HolderFact, ...]:
    """``whose`` limits them by ``Holder.number``. Of a name, the first one where its owner agreed."""
    wanted = select(
        *(Holder.number, Person.language, Person.given_name, Person.shows_first_name),
        *(Holder.blocked_at, Holder.minor_until),
    ).outerjoin(Person, Person.holder_number == Holder.number)
    frames = framed(now)
    return tuple(
        HolderFact(number, language or "fr", given if shows else None, blocked, minor, frames.get(number))
        for number, language, given, shows, blocked, minor in db.session.execute(wanted.where(_or_all(whose)))
    )


def framed(now: datetime) -> dict[int, datetime]:
    """For each minor: until when a tenant of theirs has declared a training frame, and they are its member."""
    wanted = (
        select(Membership.holder_number, Tenant.frame_until, Membership.valid_until)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .join(Holder, Holder.number == Membership.holder_number)
        .where(Holder.minor_until > now, Tenant.frame_until > now, _in_force(now))
    )
    until: dict[int, datetime] = {}
    for holder, *ends in db.session.execute(wanted):
        lasts = min(end for end in ends if end is not None)
        until[holder] = max(lasts, until.get(holder, lasts))
    return until


def payers(by_category: ByCategory) -> tuple[PayerFact, ...]:
    """Every payer, no longer open than its tenant's contract, with what it pays for."""
    wanted = select(
        *(Payer.code, Payer.label, Payer.valid_from, Payer.valid_until, Tenant.valid_from, Tenant.valid_until),
        *(Tenant.suspended_from, Tenant.shows, Payer.machines, Payer.categories, Payer.hours),
    ).join(Tenant, Tenant.id == Payer.tenant_id)
    return tuple(_payer(row, by_category) for row in db.session.execute(wanted))


def payer_rules(
    by_category: ByCategory, now: datetime, whose: ColumnElement[bool] | None = None
) -> tuple[PayerRuleFact, ...]:
    """Rules of the memberships in force, ``whose`` limiting them by ``Membership.holder_number``. One about a category
    without machines says nothing."""
    wanted = (
        select(
            *(Membership.holder_number, Payer.code, PayerRule.rank, PayerRule.weekdays),
            *(PayerRule.begins, PayerRule.ends, PayerRule.machines, PayerRule.categories),
        )
        .join(Membership, Membership.id == PayerRule.membership_id)
        .join(Payer, Payer.id == Membership.payer_id)
        .where(_in_force(now), _or_all(whose))
        .order_by(Membership.holder_number, PayerRule.rank, PayerRule.id)
    )
    return tuple(_rules(db.session.execute(wanted), by_category))


def _rules(rows: Any, by_category: ByCategory) -> Iterator[PayerRuleFact]:
    for holder, payer, rank, weekdays, begins, ends, machines, categories in rows:
        at = meant(machines, categories, by_category)
        if at is None or at:
            yield PayerRuleFact(holder, payer, rank, WeekFact(frozenset(weekdays), begins, ends), at)


def _payer(row: Any, by_category: ByCategory) -> PayerFact:
    code, label, begins, ends, contract_begins, contract_ends, suspended, shows, machines, categories, hours = row
    return PayerFact(
        code=code,
        label=label,
        valid_from=max(begins, contract_begins or begins),
        valid_until=first(ends, contract_ends),
        tenant_suspended_from=suspended,
        shows=Shows(shows),
        machines=meant(machines, categories, by_category),
        hours=weeks(read(hours)),
    )


def _in_force(now: datetime) -> ColumnElement[bool]:
    goes_on = or_(Membership.valid_until.is_(None), Membership.valid_until > now)
    return (Membership.valid_from <= now) & goes_on & Membership.ended_at.is_(None)


def _or_all(whose: ColumnElement[bool] | None) -> ColumnElement[bool]:
    return true() if whose is None else whose
