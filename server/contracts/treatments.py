"""How the establishment that a tenant's bills go to is treated for VAT, and on which days it is the same as on another."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select

from server.db import db
from server.people.models import BillTo, TaxTreatment


def treatment_on(tenant_id: int, day: date) -> str | None:
    """Inside ``reading()``; None where nobody has decided it."""
    return _on(*_known(tenant_id), day)


def same_until(tenant_id: int, treatment: str, since: date) -> date | None:
    """The first day from ``since`` on that has another treatment; None: there is no such day. One on which nobody has
    decided yet is none: its bills are held until somebody has."""
    bills, treatments = _known(tenant_id)
    turns = {since, *_turns(bills, since)}
    for rows in treatments.values():
        turns |= set(_turns(rows, since))
    return next((day for day in sorted(turns) if _on(bills, treatments, day) not in {treatment, None}), None)


def _known(tenant_id: int) -> tuple[list[Any], dict[int, list[Any]]]:
    bills = list(db.session.scalars(select(BillTo).where(BillTo.tenant_id == tenant_id)))
    at = {row.establishment_id for row in bills}
    found: dict[int, list[Any]] = {number: [] for number in at}
    for row in db.session.scalars(select(TaxTreatment).where(TaxTreatment.establishment_id.in_(at))):
        found[row.establishment_id].append(row)
    return bills, found


def _on(bills: Iterable[Any], treatments: dict[int, list[Any]], day: date) -> str | None:
    bill = _in_force(bills, day)
    decided = None if bill is None else _in_force(treatments[bill.establishment_id], day)
    return None if decided is None else str(decided.treatment)


def _turns(rows: Iterable[Any], since: date) -> list[date]:
    days = (day for row in rows for day in (row.valid_from, row.valid_until))
    return [day for day in days if day is not None and day > since]


def _in_force(rows: Iterable[Any], day: date) -> Any:
    holding = [row for row in rows if row.valid_from <= day and (row.valid_until is None or day < row.valid_until)]
    return max(holding, key=lambda row: row.valid_from, default=None)
