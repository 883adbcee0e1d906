"""The VAT table as people decide it: one cell from a day on, with its reason and in somebody's name."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from server.audit import service as audit
from server.billing.dated import add, end_last
from server.billing.errors import BillingError
from server.billing.models import VatCell
from server.db import expect_version, writing
from server.domain.vat import TAXED, Nature, reason_code
from server.domain.vat_proposals import Proposal
from server.jobs import service as jobs


def add_vat_cell(
    regime: str,
    treatment: str,
    nature: Nature,
    category: str,
    rate_bp: int,
    mention: str,
    valid_from: date,
    reason: str,
    *,
    actor: str,
    now: datetime,
) -> VatCell:
    """One cell of the VAT table, decided by ``actor`` from a day on; the decision before ends that day."""
    if not reason:
        raise BillingError("A VAT cell says why it was decided so.")
    if (rate_bp > 0) != (category == TAXED):
        raise BillingError("Only category S bears a rate above 0, and it always does.")
    if category != TAXED and not mention:
        raise BillingError("Where no VAT is charged, the law wants words on the document that say why.")
    with writing() as session:
        scope = {"regime": regime, "treatment": treatment, "nature": Nature(nature).value}
        values = {
            "category": category,
            "rate_bp": rate_bp,
            "mention": mention,
            "vatex": reason_code(regime, category, nature),
        }
        end_last(session.scalars(select(VatCell).filter_by(**scope)), valid_from)
        row = VatCell(valid_from=valid_from, reason=reason, decided_by=actor, **scope, **values)
        add(row, "vat_cell", {**scope, **values, "valid_from": valid_from}, reason, actor, now)
        jobs.announce("access", f"vat:{treatment}", now)  # a private person is told prices with VAT
    return row


def accept_proposals(
    proposals: Iterable[Proposal], valid_from: date, reason: str, *, actor: str, now: datetime
) -> list[VatCell]:
    """Put proposals of ``domain.vat_proposals`` into the table as they are, in the name of ``actor``: all or none."""
    with writing():
        return [
            add_vat_cell(
                *(one.regime, one.treatment, Nature(one.nature), one.category, one.rate_bp, one.mention),
                valid_from,
                reason,
                actor=actor,
                now=now,
            )
            for one in proposals
        ]


def end_vat_cell(
    cell_id: int, until: date, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    """The first day on which it no longer holds. From then on documents that need it are held."""
    with writing() as session:
        row = session.get(VatCell, cell_id)
        if row is None:
            raise BillingError("There is no VAT cell number %(number)s.", number=cell_id)
        expect_version(row, version)
        if until < row.valid_from:
            raise BillingError("It cannot end before it begins.")
        if row.valid_until is not None and until >= row.valid_until:
            raise BillingError("It has ended by then already.")
        before, row.valid_until = {"valid_until": row.valid_until}, until
        audit.record(actor, "end", "vat_cell", cell_id, before, {"valid_until": until}, reason, now)
