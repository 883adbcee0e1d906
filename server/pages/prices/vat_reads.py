"""What the page of the VAT table shows: every cell with who decided it, what the law texts suggest, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import abort
from sqlalchemy import func, select

from server.billing.gaps import VatGap, vat_gaps
from server.billing.models import VatCell
from server.db import db, reading
from server.domain.vat import MACHINE_USE_FROM_FRANCE, Nature, Proposal
from server.pages.audit.trails import account_names, who
from server.people.models import BillTo, Establishment, TaxTreatment


@dataclass(frozen=True, slots=True)
class CellRow:
    """One decided cell. ``holds``: on the day asked; ``was_taken_back``: it ended before it began."""

    id: int
    version: int
    regime: str
    treatment: str
    nature: str
    category: str
    rate_bp: int
    mention: str
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
class Offer:
    """A proposal for a cell that nobody has decided. ``needed``: how many establishments would use it today."""

    proposal: Proposal
    needed: int


@dataclass(frozen=True, slots=True)
class Table:
    cells: tuple[CellRow, ...]
    gaps: tuple[VatGap, ...]
    offers: tuple[Offer, ...]


def vat_table(day: date) -> Table:
    with reading():
        cells = _cells(day)
        used = _used(day)
    decided = {(cell.treatment, cell.nature) for cell in cells if not cell.is_over}
    offers = (
        Offer(one, used.get(one.treatment, 0))
        for one in MACHINE_USE_FROM_FRANCE
        if (one.treatment, Nature.MACHINE_USE) not in decided
    )
    return Table(cells, vat_gaps(day), tuple(offers))


def cell(number: int, day: date) -> CellRow:
    with reading():
        return next((one for one in _cells(day) if one.id == number), None) or abort(404)


def establishments_with(treatment: str, day: date) -> int:
    with reading():
        return _used(day).get(treatment, 0)


def treatments_in_use() -> Sequence[str]:
    with reading() as session:
        return sorted(session.scalars(select(TaxTreatment.treatment).distinct()))


def proposal_for(treatment: str) -> Proposal | None:
    return next((one for one in MACHINE_USE_FROM_FRANCE if one.treatment == treatment), None)


def _cells(day: date) -> tuple[CellRow, ...]:
    """By treatment, the newest first."""
    rows = db.session.scalars(select(VatCell).order_by(VatCell.treatment, VatCell.valid_from.desc())).all()
    names = account_names(row.decided_by for row in rows)
    return tuple(_row(row, who(row.decided_by, names), day) for row in rows)


def _row(row: VatCell, decided_by: str, day: date) -> CellRow:
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
