"""Whoever pays as a private person is told prices with VAT: at the machine, and on the phone."""

from dataclasses import fields
from datetime import date

from sqlalchemy import select

from server.billing.gaps import regime_on
from server.billing.models import VatCell
from server.db import db
from server.domain.vat import Cell, Customer, Nature, Treatment, customer, decide
from server.people.models import BillTo, Payer, TaxTreatment

PRIVATE = [treatment.value for treatment in Treatment if customer(treatment) is Customer.PRIVATE]
_CELLS = select(*(getattr(VatCell, field.name) for field in fields(Cell)))


def vat_of_consumers(day: date) -> dict[str, int]:
    """The rate of machine use, in hundredths of a percent, by the code of each cost centre that a private person pays for.
    Inside ``reading()``."""
    wanted = (
        select(Payer.code, TaxTreatment.treatment)
        .join(BillTo, BillTo.tenant_id == Payer.tenant_id)
        .join(TaxTreatment, TaxTreatment.establishment_id == BillTo.establishment_id)
        .where(TaxTreatment.treatment.in_(PRIVATE))
    )
    for row in (BillTo, TaxTreatment):
        wanted = wanted.where(row.valid_from <= day, row.valid_until.is_(None) | (row.valid_until > day))
    payers = db.session.execute(wanted.order_by(TaxTreatment.valid_from)).all()
    if not payers:
        return {}
    cells, regime = [Cell(*row) for row in db.session.execute(_CELLS)], regime_on(day)
    decided = {one: decide(cells, regime, one, Nature.MACHINE_USE, day) for one in PRIVATE}
    rates = {one: cell.rate_bp for one, cell in decided.items() if isinstance(cell, Cell)}
    return {payer: rates[treatment] for payer, treatment in payers if treatment in rates}
