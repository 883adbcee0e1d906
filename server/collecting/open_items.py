"""What is open on any day: each document with what was paid of it by then, when it was due, and how old it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from server.billing.models import Document
from server.billing.statements import due_day
from server.collecting.credit import credit_of_all
from server.collecting.models import Allocation
from server.db import db, reading
from server.domain.payments import Age, age, days_late
from server.people.models import Establishment, Tenant


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A document of which something was open. Amounts of credit notes are negative. ``invoice``: the number of the one that the
    operator's own system made of a statement."""

    document_id: int
    number: str
    invoice: str | None
    kind: str
    month: str
    issued_on: date
    due_on: date
    gross_cents: int
    paid_cents: int
    days_late: int
    age: Age

    @property
    def open_cents(self) -> int:
        return self.gross_cents - self.paid_cents


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant's open documents, the oldest first, and what it has paid and not used."""

    code: str
    name: str
    items: tuple[OpenItem, ...]
    credit_cents: int

    @property
    def open_cents(self) -> int:
        return sum(item.open_cents for item in self.items)

    @property
    def owed_cents(self) -> int:
        """What is asked for in the end: negative where the lab owes."""
        return self.open_cents - self.credit_cents


def open_accounts(day: date, specimen: bool, tenant: str | None = None) -> list[Account]:
    """Every tenant with something open on a day, or one of them; by name."""
    with reading():
        items = dict(_items(day, specimen, tenant))
        left = credit_of_all(day, specimen)
        wanted = select(Tenant.id, Tenant.code, Tenant.name).where(Tenant.id.in_(items.keys() | left.keys()))
        if tenant is not None:
            wanted = wanted.where(Tenant.code == tenant)
        rows = db.session.execute(wanted.order_by(Tenant.name, Tenant.id)).all()
    return [Account(code, name, tuple(items.get(number, ())), left.get(number, 0)) for number, code, name in rows]


def by_age(accounts: Iterable[Account]) -> dict[Age, int]:
    """What is open, by how long it has been due: in cents."""
    found = dict.fromkeys(Age, 0)
    for item in (item for account in accounts for item in account.items):
        found[item.age] += item.open_cents
    return found


def _items(day: date, specimen: bool, tenant: str | None) -> Iterator[tuple[int, list[OpenItem]]]:
    """By tenant. What was settled on or before the day is not even read."""
    given = select(Allocation.document_id, func.sum(Allocation.cents).label("cents"))
    paid = given.where(Allocation.given_on <= day).group_by(Allocation.document_id).subquery()
    wanted: Any = (
        select(
            *(Establishment.tenant_id, Document.external_on),
            *(Document.id, Document.number, Document.external_number, Document.kind, Document.month),
            *(Document.issued_on, Document.due_on, Document.gross_cents, func.coalesce(paid.c.cents, 0)),
        )
        .join(Establishment, Establishment.id == Document.establishment_id)
        .outerjoin(paid, paid.c.document_id == Document.id)
        .where(
            Document.specimen.is_(specimen),
            Document.issued_on <= day,
            or_(Document.paid_on.is_(None), Document.paid_on > day),
            Document.gross_cents != func.coalesce(paid.c.cents, 0),
        )
        .order_by(Document.due_on, Document.id)
    )
    if tenant is not None:
        wanted = wanted.join(Tenant, Tenant.id == Establishment.tenant_id).where(Tenant.code == tenant)
    found: dict[int, list[OpenItem]] = {}
    for row in db.session.execute(wanted):
        due_on = due_day(row.due_on, row.issued_on, row.external_on)
        sums = (row.gross_cents, int(row[-1]), days_late(due_on, day), age(due_on, day))
        found.setdefault(row[0], []).append(OpenItem(*(*row[2:8], due_on, *sums)))
    yield from found.items()
