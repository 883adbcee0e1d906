"""From rated sessions to what an invoice says: lines by cost centre and machine, totals, legal mentions.

An invoice names organisations, cost centres and machines, and never a person.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from server.domain.mentions import Steps, how_time_is_billed, natural, operation, payment
from server.domain.money import Net, Totals, totals
from server.domain.rating import MissingPrice, RatedSession, Tariff
from server.domain.vat import Cell, MissingCell


@dataclass(frozen=True, slots=True)
class Seller:
    """Who issues, with everything the law wants printed of them."""

    trade_name: str
    legal_name: str
    capital: str
    street: str
    postcode: str
    city: str
    country: str
    siren: str
    siret: str
    rcs: str
    vat_id: str
    iban: str
    bic: str
    vat_on_debits: bool
    payment_days: int
    late_rate: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """The establishment that is billed."""

    tenant: str
    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    siren: str | None
    vat_id: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """One session on its way to a document: who pays, on which machine, until when, and how it was priced.

    ``on_behalf_of`` names the tenant when another one's establishment pays, and is empty otherwise.
    """

    payer: str
    on_behalf_of: str
    cost_centre: str
    machine_name: str
    ended_at: datetime
    end_day: date
    rated: RatedSession | MissingPrice
    vat: Cell | MissingCell
    treatment: str | None


@dataclass(frozen=True, slots=True)
class Sold:
    """An item whose price and VAT are known."""

    item: Item
    rated: RatedSession
    vat: Cell

    @property
    def priced_by(self) -> Tariff | None:
        """The tariff whose price this bears; None where it is not charged."""
        return None if self.rated.session.free else self.rated.tariff

    @property
    def cents_per_hour(self) -> int:
        return self.priced_by.cents_per_hour if self.priced_by else 0


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table. A row of session fees measures no time: its unit is the session. A row of sessions that are
    not charged says why (``free``), bills no time and comes to 0."""

    machine: str
    is_fee: bool
    sessions: int
    measured_s: int
    billed_s: int
    unit_cents: int
    net_cents: int
    category: str
    rate_bp: int
    early: tuple[tuple[date, date], ...]  # sessions of this row that began before the period: first and last day
    free: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one cost centre, and their sums."""

    on_behalf_of: str
    cost_centre: str
    sessions: int
    measured_s: int
    billed_s: int
    net_cents: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a document says, but for its number and dates."""

    groups: tuple[Group, ...]
    totals: Totals
    mentions: tuple[str, ...]


def sold(items: Iterable[Item]) -> list[Sold]:
    """The items that can be billed."""
    return [
        Sold(item, item.rated, item.vat)
        for item in items
        if isinstance(item.rated, RatedSession) and isinstance(item.vat, Cell)
    ]


def compose(items: Sequence[Sold], seller: Seller, first_day: date) -> Content:
    """Lines, sums and mentions of a document for a period that begins on ``first_day``."""
    machines: dict[Steps, list[str]] = {}
    for one in items:
        if (tariff := one.priced_by) is not None:
            machines.setdefault(Steps(tariff.step_s, tariff.minimum_s), []).append(one.item.machine_name)
    return Content(
        groups=tuple(_group(own, first_day) for own in _by(items, _cost_centre)),
        totals=totals(Net(one.rated.net_cents, one.vat.category, one.vat.rate_bp) for one in items),
        mentions=(
            *sorted({one.vat.mention for one in items if one.vat.mention}),
            *([how_time_is_billed(machines)] if machines else []),
            f"{operation(seller.vat_on_debits)} {payment(seller.late_rate)}",
        ),
    )


def _group(items: Sequence[Sold], first_day: date) -> Group:
    lines: list[Line] = []
    for machine in _by(items, lambda one: (natural(one.item.machine_name), one.rated.session.machine)):
        lines += [_time_line(own, first_day) for own in _by(machine, _time_key)]
        lines += [_fee_line(own) for own in _by([one for one in machine if one.rated.fee_cents], _fee_key)]
    return Group(
        on_behalf_of=items[0].item.on_behalf_of,
        cost_centre=items[0].item.cost_centre,
        sessions=len(items),
        measured_s=sum(one.rated.session.measured_s for one in items),
        billed_s=sum(one.rated.billed_s for one in items),
        net_cents=sum(one.rated.net_cents for one in items),
        lines=tuple(lines),
    )


def _cost_centre(one: Sold) -> Any:
    return natural(one.item.on_behalf_of), natural(one.item.cost_centre)


def _time_key(one: Sold) -> tuple[str, int, str, int]:
    return one.rated.session.free or "", one.cents_per_hour, one.vat.category, one.vat.rate_bp


def _fee_key(one: Sold) -> tuple[int, str, int]:
    return one.rated.fee_cents, one.vat.category, one.vat.rate_bp


def _time_line(items: Sequence[Sold], first_day: date) -> Line:
    first = items[0]
    early = [one for one in items if one.rated.session.day < first_day]
    return Line(
        machine=first.item.machine_name,
        is_fee=False,
        sessions=len(items),
        measured_s=sum(one.rated.session.measured_s for one in items),
        billed_s=sum(one.rated.billed_s for one in items),
        unit_cents=first.cents_per_hour,
        net_cents=sum(one.rated.net_cents - one.rated.fee_cents for one in items),
        category=first.vat.category,
        rate_bp=first.vat.rate_bp,
        early=tuple((one.rated.session.day, one.item.end_day) for one in early),
        free=first.rated.session.free,
    )


def _fee_line(items: Sequence[Sold]) -> Line:
    first = items[0]
    return Line(
        machine=first.item.machine_name,
        is_fee=True,
        sessions=len(items),
        measured_s=0,
        billed_s=0,
        unit_cents=first.rated.fee_cents,
        net_cents=sum(one.rated.fee_cents for one in items),
        category=first.vat.category,
        rate_bp=first.vat.rate_bp,
        early=(),
    )


def _by(items: Iterable[Sold], key: Callable[[Sold], Any]) -> list[list[Sold]]:
    """The items put into groups of equal key, in the order of the key and of their start."""
    ordered = sorted(items, key=lambda one: (key(one), one.rated.session.start, one.rated.session.id))
    return [list(own) for _, own in groupby(ordered, key=key)]
