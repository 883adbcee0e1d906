"""What stands on a bill beside sessions: material, somebody's time, courses, bookings, what comes back every month.

Each item is known by a reference that never changes, so that it is charged once, whatever happens in between.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from server.domain.money import whole_cents


class ItemKind(StrEnum):
    MATERIAL = "material"
    OPERATOR = "operator"  # somebody's working time
    COURSE = "course"
    BOOKING = "booking"  # kept, cancelled late, or missed
    RECURRING = "recurring"
    ONE_OFF = "one_off"
    PACK = "pack"  # prepaid hours or credit, sold
    FEE = "fee"
    ADJUSTMENT = "adjustment"  # corrects what was charged before, with its reason


class Unit(StrEnum):
    GRAM = "g"
    MILLILITRE = "ml"
    METRE = "m"
    CUBIC_CENTIMETRE = "cm3"
    SHEET = "sheet"
    PIECE = "piece"
    HOUR = "h"
    MONTH = "month"
    SESSION = "session"
    DAY = "day"
    PERSON = "person"


class Measured(StrEnum):
    """How a quantity was found."""

    SLICER = "slicer"
    CERTIFIED_SCALE = "certified_scale"
    SCALE = "scale"  # not certified
    COUNTED = "counted"
    RULER = "ruler"
    STATED = "stated"  # by whoever used it
    METER = "meter"


@dataclass(frozen=True, slots=True)
class BillItem:
    """One item, priced. ``unit_cents`` may have fractions of a cent (2.5 for a gram); the amount is whole cents.

    ``ref``: ``material:12``, ``recurring:3:2026-10``. ``nature`` is one of ``domain.vat.Nature``. ``labels``: by language,
    at least French; never a person's name. ``day`` is the day of supply, which settles its VAT; it is billed in the month it
    lies in. ``session``: the use it belongs to, or None. ``free`` says why it is not charged; then ``net_cents`` is 0.
    """

    ref: str
    kind: ItemKind
    day: date
    tenant: str
    payer: str
    labels: dict[str, str]
    nature: str
    quantity: Decimal
    unit: Unit
    unit_cents: Decimal
    net_cents: int
    measured: Measured | None = None
    session: str | None = None
    machine: str | None = None
    reason: str = ""
    free: str | None = None


def amount(quantity: Decimal, unit_cents: Decimal) -> int:
    """In whole cents, rounded half up once."""
    return whole_cents(quantity * unit_cents)
