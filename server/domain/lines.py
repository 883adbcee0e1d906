"""The lines of a document: what each session and each item puts on it, and what stands together in one row.

Every piece is whole cents, and the pieces of a session come to its net; so rows, sections and charges have the same sum.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from server.domain.items import BillItem, Unit
from server.domain.line_words import discount_label, label
from server.domain.mentions import natural
from server.domain.rating import RatedSession
from server.domain.vat import Nature

_ORDER = ("time", "fee", "day_fee", "minimum", "cap", "item", "discount", "credit")
_HOUR = 3600


class Row(NamedTuple):
    """What pieces share that stand in one row. ``unit_cents`` is the net price of one unit, 0 where several prices meet.
    ``place`` sorts: a machine's rows, then what belongs to none, then what is taken off the whole section."""

    place: tuple[Any, ...]
    what: str
    machine: str
    label: str
    basis: str | None
    nature: str
    unit: str
    unit_cents: Decimal
    category: str
    rate_bp: int
    free: str | None = None
    reason: str = ""

    @property
    def order(self) -> tuple[Any, ...]:
        told_apart = (self.free or "", self.label, self.basis or "", self.unit, self.unit_cents)
        return self.place, _ORDER.index(self.what), *told_apart, self.nature, self.category, self.rate_bp, self.reason


@dataclass(slots=True)
class Figures:
    """What is added up in a row. ``quantity`` is seconds where the unit is an hour of measured time."""

    sessions: int = 0
    measured_s: int = 0
    billed_s: int = 0
    covered_s: int = 0
    quantity: Decimal | int = 0
    net_cents: int = 0
    early: list[tuple[date, date]] = field(default_factory=list)

    def add(self, other: "Figures") -> None:
        self.sessions += other.sessions
        self.measured_s += other.measured_s
        self.billed_s += other.billed_s
        self.covered_s += other.covered_s
        self.quantity += other.quantity
        self.net_cents += other.net_cents
        self.early += other.early


class Line(NamedTuple):
    """One row of the table, as it is frozen. A row that is not charged says why (``free``) and comes to 0."""

    what: str
    machine: str
    label: str
    basis: str | None
    nature: str
    sessions: int
    measured_s: int
    billed_s: int
    covered_s: int
    quantity: str
    unit: str
    unit_cents: str
    net_cents: int
    category: str
    rate_bp: int
    early: tuple[tuple[date, date], ...] = ()
    free: str | None = None
    reason: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        early = [[first.isoformat(), last.isoformat()] for first, last in self.early]
        return self._asdict() | {"early": early}


Piece = tuple[Row, Figures]


def gathered(pieces: Iterable[Piece]) -> tuple[Line, ...]:
    """Pieces that share a row become one line."""
    rows: dict[Row, Figures] = {}
    for row, figures in pieces:
        if row in rows:
            rows[row].add(figures)
        else:
            rows[row] = replace(figures, early=list(figures.early))
    return tuple(_line(row, rows[row]) for row in sorted(rows, key=lambda row: row.order))


def of_session(
    rated: RatedSession, machine_name: str, vat: tuple[str, int], early: list[tuple[date, date]], language: str
) -> Iterator[Piece]:
    """What one session puts on the document. ``vat``: category and rate; ``early``: its days, where it began before."""
    place = (0, _sorted_as(machine_name), rated.session.machine)
    time = Row(place, "time", machine_name, "", None, Nature.MACHINE_USE, "h", Decimal(0), *vat, rated.session.free)
    if not rated.parts:
        yield time, Figures(1, rated.session.measured_s, early=early)
    for part in rated.parts:
        own = time._replace(basis=part.basis.value, unit_cents=part.an_hour)
        paid_s = part.billed_s - part.covered_s
        figures = (1, part.measured_s, part.billed_s, part.covered_s, paid_s, part.net_cents)
        yield own, Figures(*figures, early=early)
    for what, unit, cents in (
        ("fee", Unit.SESSION, rated.fee_cents),
        ("day_fee", Unit.DAY, rated.day_fee_cents),
        ("minimum", Unit.PIECE, rated.added_cents),
        ("cap", Unit.PIECE, -rated.cut_cents),
    ):
        if cents:
            one = Decimal(cents) if unit is not Unit.PIECE else Decimal(0)
            row = time._replace(what=what, label=label(what, language), unit=unit.value, unit_cents=one)
            yield row, Figures(1, quantity=1, net_cents=cents)
    section = time._replace(place=(2, (), ""), machine="", unit=Unit.PIECE.value)
    if rated.discount_cents and rated.discount:
        words = discount_label(rated.discount, language)
        yield section._replace(what="discount", label=words), Figures(1, quantity=1, net_cents=-rated.discount_cents)
    if rated.credit_cents:
        words = label("credit", language)
        yield section._replace(what="credit", label=words), Figures(1, quantity=1, net_cents=-rated.credit_cents)


@lru_cache(maxsize=4096)
def _sorted_as(name: str) -> tuple[tuple[int, str], ...]:
    return natural(name)


def of_item(item: BillItem, machine_name: str, vat: tuple[str, int], language: str) -> Piece:
    place = (0, natural(machine_name), item.machine or "") if machine_name else (1, (), "")
    row = Row(
        place=place,
        what="item",
        machine=machine_name,
        label=item.labels.get(language) or item.labels["fr"],
        basis=None,
        nature=item.nature,
        unit=item.unit.value,
        unit_cents=item.unit_cents,
        category=vat[0],
        rate_bp=vat[1],
        free=item.free,
        reason=item.reason,
    )
    return row, Figures(quantity=item.quantity, net_cents=item.net_cents)


def text(number: Decimal) -> str:
    """A number without an exponent or idle zeros, six places at most."""
    written = f"{number.quantize(Decimal('0.000001')):f}"
    return written.rstrip("0").rstrip(".") or "0"


def _line(row: Row, figures: Figures) -> Line:
    quantity = Decimal(figures.quantity) / _HOUR if row.what == "time" else Decimal(figures.quantity)
    sums_up = row.what in ("minimum", "cap", "discount", "credit")  # many small amounts: one of the sum
    return Line(
        what=row.what,
        machine=row.machine,
        label=row.label,
        basis=row.basis,
        nature=row.nature,
        sessions=figures.sessions,
        measured_s=figures.measured_s,
        billed_s=figures.billed_s,
        covered_s=figures.covered_s,
        quantity="1" if sums_up else text(quantity),
        unit=row.unit,
        unit_cents=str(figures.net_cents) if sums_up else text(row.unit_cents),
        net_cents=figures.net_cents,
        category=row.category,
        rate_bp=row.rate_bp,
        early=tuple(figures.early),
        free=row.free,
        reason=row.reason,
    )
