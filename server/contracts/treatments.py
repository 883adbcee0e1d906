"""How the establishment that a tenant's bills go to is treated for VAT, and from which day on it is treated otherwise."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from sqlalchemy import select

from server.db import db
from server.people.models import BillTo, TaxTreatment


class Treatments:
    """Of some tenants, as they are decided; made inside ``reading()``."""

    def __init__(self, tenants: Collection[int]) -> None:
        self._bills: dict[int, list[Any]] = defaultdict(list)
        for row in db.session.scalars(select(BillTo).where(BillTo.tenant_id.in_(tenants))):
            self._bills[row.tenant_id].append(row)
        houses = {row.establishment_id for rows in self._bills.values() for row in rows}
        self._decided: dict[int, list[Any]] = defaultdict(list)
        for decision in db.session.scalars(select(TaxTreatment).where(TaxTreatment.establishment_id.in_(houses))):
            self._decided[decision.establishment_id].append(decision)

    def on(self, tenant: int, day: date) -> str | None:
        """None where nobody has decided it."""
        bill = _in_force(self._bills[tenant], day)
        decided = None if bill is None else _in_force(self._decided[bill.establishment_id], day)
        return None if decided is None else str(decided.treatment)

    def same_until(self, tenant: int, treatment: str, since: date) -> date | None:
        """The first day from ``since`` on that has another treatment; None: there is no such day. One on which nobody has
        decided yet is none: its bills are held until somebody has."""
        turns = {since, *_turns(self._bills[tenant], since)}
        for bill in self._bills[tenant]:
            turns |= set(_turns(self._decided[bill.establishment_id], since))
        return next((day for day in sorted(turns) if self.on(tenant, day) not in {treatment, None}), None)


def _turns(rows: Iterable[Any], since: date) -> list[date]:
    days = (day for row in rows for day in (row.valid_from, row.valid_until))
    return [day for day in days if day is not None and day > since]


def _in_force(rows: Iterable[Any], day: date) -> Any:
    holding = [row for row in rows if row.valid_from <= day and (row.valid_until is None or day < row.valid_until)]
    return max(holding, key=lambda row: row.valid_from, default=None)
