"""What the page of the VAT table shows: for a nature of supply every treatment, with what is decided by whom, what the law
texts suggest, and how many establishments wait for it; and over all natures how much of the table is filled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import abort
from sqlalchemy import func, select

from server.billing.gaps import VatGap, regime_on, vat_gaps
from server.billing.models import VatCell
from server.billing.natures import natures_in_use
from server.db import db, reading
from server.domain.vat import Nature, Treatment
from server.domain.vat_proposals import Proposal, proposals_for
from server.pages.audit.trails import account_names, who
from server.people.models import BillTo, Establishment, TaxTreatment


@dataclass(frozen=True, slots=True)
class CellRow:
    """One decided cell. ``holds``: on the day asked; ``is_over``: it ended, or was taken back before it began."""

    id: int
    version: int
    regime: str
    treatment: str
    nature: str
    category: str
    rate_bp: int
    mention: str
    vatex: str
    since: date
    until: date | None
    reason: str
    decided_by: str
    holds: bool
    is_over: bool

    @property
    def rate(self) -> float:
        """In percent."""
        return self.rate_bp / 100


@dataclass(frozen=True, slots=True)
class Row:
    """One treatment under one nature. ``needed``: establishments billed today that have it; ``proposals``: what the law
    texts suggest where nobody has decided."""

    treatment: str
    cells: tuple[CellRow, ...]
    past: tuple[CellRow, ...]
    proposals: tuple[Proposal, ...]
    needed: int

    @property
    def now(self) -> CellRow | None:
        return next((cell for cell in self.cells if cell.holds), None)


@dataclass(frozen=True, slots=True)
class Column:
    """One nature over all treatments, in the order of the treatments. ``is_used``: something of it is sold here."""

    nature: str
    rows: tuple[Row, ...]
    is_used: bool

    @property
    def missing(self) -> int:
        """How many of its cells hold documents back."""
        return sum(row.now is None and row.needed > 0 for row in self.rows) if self.is_used else 0

    @property
    def decided(self) -> int:
        return sum(row.now is not None for row in self.rows)

    @property
    def open(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.cells and row.proposals)


@dataclass(frozen=True, slots=True)
class Table:
    regime: str
    columns: tuple[Column, ...]
    gaps: tuple[VatGap, ...]

    def column(self, nature: str) -> Column:
        return next((one for one in self.columns if one.nature == nature), self.columns[0])


def vat_table(day: date, regime: str = "") -> Table:
    """Under the seller's regime of that day, unless another one is asked for."""
    with reading():
        regime = regime or regime_on(day)
        cells = [cell for cell in _cells(day) if cell.regime == regime]
        needed, used = _used(day), natures_in_use(day)
    treatments = [*Treatment, *sorted({cell.treatment for cell in cells} - set(Treatment))]
    columns = tuple(
        Column(
            nature.value,
            tuple(_row(cells, regime, str(treatment), nature, needed) for treatment in treatments),
            nature in used,
        )
        for nature in Nature
    )
    return Table(regime, columns, vat_gaps(day))


def cell(number: int, day: date) -> CellRow:
    with reading():
        return next((one for one in _cells(day) if one.id == number), None) or abort(404)


def establishments_with(treatment: str, day: date) -> int:
    with reading():
        return _used(day).get(treatment, 0)


def treatments_in_use() -> Sequence[str]:
    with reading() as session:
        return sorted(session.scalars(select(TaxTreatment.treatment).distinct()))


def _row(cells: list[CellRow], regime: str, treatment: str, nature: Nature, needed: dict[str, int]) -> Row:
    own = [cell for cell in cells if (cell.treatment, cell.nature) == (treatment, nature)]
    return Row(
        treatment,
        tuple(cell for cell in own if not cell.is_over),
        tuple(cell for cell in own if cell.is_over),
        proposals_for(regime, treatment, nature),
        needed.get(treatment, 0),
    )


def _cells(day: date) -> tuple[CellRow, ...]:
    """By treatment, the newest first."""
    rows = db.session.scalars(select(VatCell).order_by(VatCell.treatment, VatCell.valid_from.desc())).all()
    names = account_names(row.decided_by for row in rows)
    return tuple(_shown(row, who(row.decided_by, names), day) for row in rows)


def _shown(row: VatCell, decided_by: str, day: date) -> CellRow:
    is_over = row.valid_until is not None and row.valid_until <= max(day, row.valid_from)
    return CellRow(
        row.id,
        row.version,
        row.regime,
        row.treatment,
        row.nature,
        row.category,
        row.rate_bp,
        row.mention,
        row.vatex,
        row.valid_from,
        row.valid_until,
        row.reason,
        decided_by,
        holds=row.valid_from <= day and not is_over,
        is_over=is_over,
    )


def _used(day: date) -> dict[str, int]:
    """How many establishments that bills go to have each treatment on a day."""
    billed = select(BillTo.establishment_id).where(
        BillTo.valid_from <= day, BillTo.valid_until.is_(None) | (BillTo.valid_until > day)
    )
    wanted = (
        select(TaxTreatment.treatment, func.count(Establishment.id.distinct()))
        .join(Establishment, Establishment.id == TaxTreatment.establishment_id)
        .where(TaxTreatment.valid_from <= day, TaxTreatment.valid_until.is_(None) | (TaxTreatment.valid_until > day))
        .where(Establishment.id.in_(billed))
        .group_by(TaxTreatment.treatment)
    )
    return dict(db.session.execute(wanted).all())
