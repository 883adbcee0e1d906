"""What is billed beside sessions: material, an operator's time, what comes back every month, bookings that were not kept.

Pure. Which price holds, what a quantity may be, and what it comes to. A price that is missing is a value: it holds the
document, and nothing is guessed in its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from server.domain.items import ItemKind, Measured, Unit
from server.domain.money import whole_cents
from server.domain.period import Period
from server.domain.refusals import Refusal

LANGUAGES = ("fr", "de", "en")
THOUSAND = 1000  # quantities and prices are kept in thousandths: 12.5 g, and 2.5 cents for each
LONGEST_MIN = 24 * 60  # of somebody's working time in one note


class SupplyError(Refusal):
    """What was asked cannot be done, in a sentence for the one who asked."""


class What(StrEnum):
    """What a price is for."""

    MATERIAL = "material"
    OPERATOR = "operator"
    KEPT = "kept"  # a booking, for its holder came
    LATE = "late"  # a booking, cancelled too late by its holder
    MISSED = "missed"


OF_BOOKINGS = (What.KEPT, What.LATE, What.MISSED)
WAYS: Mapping[Unit, tuple[Measured, ...]] = {  # how each quantity can be found, the usual way first
    Unit.GRAM: (Measured.SLICER, Measured.CERTIFIED_SCALE, Measured.SCALE, Measured.STATED),
    Unit.MILLILITRE: (Measured.SLICER, Measured.METER, Measured.STATED),
    Unit.METRE: (Measured.RULER, Measured.SLICER, Measured.METER, Measured.STATED),
    Unit.CUBIC_CENTIMETRE: (Measured.SLICER, Measured.RULER, Measured.STATED),
    Unit.SHEET: (Measured.COUNTED, Measured.STATED),
    Unit.PIECE: (Measured.COUNTED, Measured.STATED),
}
_MOST = {  # of one note; more is a slip of the finger
    Unit.GRAM: 50_000,
    Unit.MILLILITRE: 50_000,
    Unit.METRE: 1_000,
    Unit.CUBIC_CENTIMETRE: 200_000,
    Unit.SHEET: 1_000,
    Unit.PIECE: 1_000,
}
_WHOLE = (Unit.SHEET, Unit.PIECE)


@dataclass(frozen=True, slots=True)
class Price:
    """A dated price. ``cents`` is for one unit, for an hour, or for a booking; ``valid_until`` the first day on which it no
    longer holds. ``machine`` or ``category`` and ``tenant_kind``: None means every one of them."""

    id: int
    what: str
    cents: Decimal
    valid_from: date
    valid_until: date | None = None
    material: int | None = None
    machine: str | None = None
    category: str | None = None
    tenant_kind: str | None = None
    step_s: int = 60  # of an operator's time
    free_s: int = 0  # of it, at the beginning
    per_hour: bool = False  # of a booking: for each booked hour, else for the booking
    within_h: int = 0  # of a booking cancelled: less than so many hours before it begins

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody had or did, as far as prices tell it apart. Without a session there is no machine."""

    what: str
    day: date
    tenant_kind: str
    material: int | None = None
    machine: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class MissingItemPrice:
    """Nobody has said what this costs. It holds the document of whoever pays."""

    ref: str
    kind: ItemKind
    day: date
    tenant: str
    tenant_kind: str
    payer: str
    labels: dict[str, str]
    session: str | None = None
    machine: str | None = None

    def __str__(self) -> str:
        return f"no price for {self.labels['en']} and tenants of kind {self.tenant_kind} on {self.day}"


def price_for(prices: Iterable[Price], wanted: Wanted) -> Price | None:
    """The most particular price in force on the day: the machine's before its category's before every one's, then a kind
    of tenant's own before the one for all; of two equals the later one."""
    fitting = (one for one in prices if one.what == wanted.what and one.holds(wanted.day) and _fits(one, wanted))
    return max(fitting, key=_particular, default=None)


def is_asked_for(prices: Iterable[Price], what: str, day: date) -> bool:
    """Whether the lab takes anything for this on a day. Bookings cost nothing as long as no price says so."""
    return any(one.what == what and one.holds(day) for one in prices)


def refuse_odd_quantity(quantity: Decimal, unit: Unit, measured: Measured) -> None:
    """Raises SupplyError for what nobody can have used."""
    if unit not in WAYS or measured not in WAYS[unit]:
        raise SupplyError("This quantity cannot be measured in that way.")
    if quantity <= 0:
        raise SupplyError("A quantity is above zero.")
    if quantity > _MOST[unit]:
        raise SupplyError("More than %(most)s in one note: check the number.", most=_MOST[unit])
    if unit in _WHOLE and quantity != int(quantity):
        raise SupplyError("Whole sheets and pieces only.")


def needs_certified_scale(unit: str, measured: str, unit_cents: Decimal | None) -> bool:
    """Whether a price by weight rests on a scale that is not certified: sold by weight needs a certified one."""
    return unit == Unit.GRAM and measured == Measured.SCALE and unit_cents is not None and unit_cents > 0


def operator_billed_s(minutes: int, price: Price) -> int:
    """Seconds that are billed: without the free first ones, in steps begun."""
    after_free = max(0, minutes * 60 - price.free_s)
    return -(-after_free // price.step_s) * price.step_s


def operator_cents(minutes: int, price: Price) -> int:
    return whole_cents(Decimal(operator_billed_s(minutes, price)) * price.cents / 3600)


def booking_quantity(begins: datetime, ends: datetime, price: Price) -> Decimal:
    """Booked hours, or one booking."""
    return Decimal(int((ends - begins).total_seconds())) / 3600 if price.per_hour else Decimal(1)


def is_late(cancelled: datetime, begins: datetime, price: Price) -> bool:
    """Whether a booking was cancelled less than so many hours before it begins; what has begun is."""
    return cancelled > begins - timedelta(hours=price.within_h)


def days_in(period: Period, valid_from: date, valid_until: date | None) -> int:
    """On how many days of a month something holds; ``valid_until`` is the first day on which it no longer does."""
    first = max(period.first_day, valid_from)
    after = period.last_day + timedelta(days=1)
    return max(0, ((after if valid_until is None else min(after, valid_until)) - first).days)


def month_share(cents: int, days: int, period: Period) -> int:
    """Of a monthly price, what falls on so many days of this month: half up, once."""
    return whole_cents(Decimal(cents * days) / period.last_day.day)


def _fits(price: Price, wanted: Wanted) -> bool:
    return (
        price.material == wanted.material
        and price.machine in {wanted.machine, None}
        and price.category in {wanted.category, None}
        and price.tenant_kind in {wanted.tenant_kind, None}
    )


def _particular(price: Price) -> tuple[bool, bool, bool, date, int]:
    told_apart = (price.machine, price.category, price.tenant_kind)
    machine, category, kind = (one is not None for one in told_apart)
    return machine, category, kind, price.valid_from, price.id
