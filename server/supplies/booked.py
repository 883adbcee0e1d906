"""What bookings come to: those that were kept, cancelled too late by their holder, or missed, where the lab asks for it.

Nothing for what was excused, and for what staff or the server took away. Paid by whoever the holder would have charged by
default at the beginning of the booking. Inside ``reading()``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import or_, select

from server.accounts.models import Account
from server.bookings.models import Booking
from server.db import db
from server.domain.bookings import Outcome
from server.domain.facts import MembershipFact, PayerFact, PayerRuleFact
from server.domain.items import BillItem, ItemKind, Unit, amount
from server.domain.period import Period
from server.domain.purses import NOBODY, purses_of, usual_payer
from server.domain.supplies import (
    MissingItemPrice,
    Price,
    Wanted,
    What,
    booking_quantity,
    is_asked_for,
    is_late,
    price_for,
)
from server.domain.supply_words import of_booking
from server.domain.vat import Nature
from server.machines.models import Machine
from server.people import facts as people
from server.people.models import Membership, Payer
from server.supplies.known import Who

_NATURES = {What.KEPT: Nature.MACHINE_USE, What.LATE: Nature.FEE, What.MISSED: Nature.FEE}


@dataclass(frozen=True, slots=True)
class _Purses:
    """What is needed to say who paid for whom, and when."""

    ties: Mapping[int, list[MembershipFact]]
    payers: Mapping[str, PayerFact]
    rules: Mapping[int, list[PayerRuleFact]]
    zone: tzinfo

    def usual(self, row: Booking, machine: str) -> str | None:
        holder = row.holder_number or 0
        purse = purses_of(self.ties.get(holder, []), self.payers, row.begins).get(holder, NOBODY)
        return usual_payer(holder, machine, purse, self.rules.get(holder, []), row.begins, self.zone)


def of_bookings(
    period: Period, prices: Collection[Price], payers: Mapping[str, Who]
) -> list[BillItem | MissingItemPrice]:
    """Those that begin in the period. ``payers``: whose items are asked for, by code."""
    asked = {what for what in _NATURES if any(is_asked_for(prices, what, day) for day in _days(period))}
    if not asked:
        return []
    told = [(row, machine, what) for row, machine in _begun(period) if (what := _what(row)) in asked]
    told = [one for one in told if one[2] != What.LATE or _by_holder(one[0])]
    purses = _purses({row.holder_number for row, *_ in told}, period)
    found = (_priced(row, machine, what, purses, prices, payers, period) for row, machine, what in told)
    return [item for item in found if item is not None]


def _what(row: Booking) -> What | None:
    if row.cancelled_at is not None:
        return What.LATE
    match row.outcome:
        case Outcome.KEPT:
            return What.KEPT
        case Outcome.MISSED:
            return What.MISSED
        case _:
            return None


def _priced(
    row: Booking,
    machine: Machine,
    what: What,
    purses: _Purses,
    prices: Collection[Price],
    payers: Mapping[str, Who],
    period: Period,
) -> BillItem | MissingItemPrice | None:
    day = period.day_of(row.begins)
    who = payers.get(purses.usual(row, machine.code) or "")
    if who is None or not is_asked_for(prices, what, day):
        return None
    price = price_for(prices, Wanted(what, day, who.tenant_kind, None, machine.code, machine.category))
    labels = of_booking(what, machine.name, row.begins, period)
    known: dict[str, Any] = {"ref": f"booking:{row.ref}:{what}", "kind": ItemKind.BOOKING, "day": day}
    known |= {"tenant": who.tenant, "payer": who.payer, "labels": labels, "machine": machine.code}
    if price is None:
        return MissingItemPrice(**known, tenant_kind=who.tenant_kind)
    if what == What.LATE and row.cancelled_at is not None and not is_late(row.cancelled_at, row.begins, price):
        return None
    quantity = booking_quantity(row.begins, row.ends, price)
    unit = Unit.HOUR if price.per_hour else Unit.PIECE
    cents = amount(quantity, price.cents)
    return BillItem(
        **known, nature=_NATURES[what], quantity=quantity, unit=unit, unit_cents=price.cents, net_cents=cents
    )


def _begun(period: Period) -> list[tuple[Booking, Machine]]:
    settled = or_(Booking.cancelled_at.is_not(None), Booking.outcome.is_not(None))
    within = (Booking.begins >= period.start) & (Booking.begins < period.end)
    wanted = select(Booking, Machine).join(Machine, Machine.id == Booking.machine_id)
    wanted = wanted.where(within, settled, Booking.holder_number.is_not(None)).order_by(Booking.begins, Booking.id)
    return [(row, machine) for row, machine in db.session.execute(wanted)]


def _by_holder(row: Booking) -> bool:
    """Whether the holder's own login cancelled it, and not staff or the server."""
    own = select(Account.id).where(Account.holder_number == row.holder_number)
    return row.cancelled_by in {f"account:{number}" for number in db.session.scalars(own)}


def _purses(holders: Collection[int | None], period: Period) -> _Purses:
    whose = Membership.holder_number.in_(holders)
    by_category: dict[str, set[str]] = defaultdict(set)
    for category, code in db.session.execute(select(Machine.category, Machine.code)):
        by_category[category].add(code)
    ties = select(
        *(Membership.ref, Membership.holder_number, Payer.code, Membership.rank),
        *(Membership.valid_from, Membership.valid_until, Membership.ended_at),
    ).join(Payer, Payer.id == Membership.payer_id)
    return _Purses(
        ties=_by_holders(MembershipFact(*row) for row in db.session.execute(ties.where(whose))),
        payers={one.code: one for one in people.payers(by_category)},
        rules=_by_holders(people.payer_rules(by_category, period.end, whose)),
        zone=period.zone,
    )


def _by_holders(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.holder].append(row)
    return grouped


def _days(period: Period) -> tuple[Any, ...]:
    first, length = period.first_day.toordinal(), period.last_day.day
    return tuple(type(period.first_day).fromordinal(first + number) for number in range(length))
