"""What was agreed, as plain values for rating; inside ``reading()``.

What was used of it stands on charges and in rated months, which contracts know nothing of: whoever asks brings it along.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from server.contracts import models
from server.contracts.treatments import Treatments
from server.db import db
from server.domain.allowances import Terms, Unit
from server.domain.contracts import Agreement, Gives, Pack, Stretch, Used, after, first_of, terms
from server.domain.period import Period
from server.people.models import Payer, Tenant

Whom = Collection[int] | None  # tenants; None: all


@dataclass(frozen=True, slots=True)
class Agreed:
    """All that one tenant has ever agreed."""

    tenant_id: int
    tenant: str
    agreements: tuple[Agreement, ...] = ()
    packs: tuple[Pack, ...] = ()

    def looks_back_to(self, month: str) -> date | None:
        """The first day whose use still matters in a month, also later use, which is billed already; None where none does."""
        carrying = [one.since for one in self.agreements if one.gives is not Gives.DISCOUNT and one.carry_months != 0]
        days = [day for day in (*carrying, *(one.since for one in self.packs)) if day < first_of(after(month))]
        return min(days, default=None)

    def terms(self, month: str, used: Used) -> Terms:
        return terms(self.agreements, self.packs, month, used)


def terms_for(period: Period, used: Mapping[str, Used], tenant_ids: Whom = None) -> dict[str, Terms]:
    """What each tenant can use in a period, by its code; one without any agreement is not there. ``used``: by tenant."""
    return {one.tenant: one.terms(period.month, used.get(one.tenant, {})) for one in agreed(tenant_ids).values()}


def agreed(tenant_ids: Whom = None) -> dict[int, Agreed]:
    """By tenant; one that has agreed nothing is not there."""
    found: dict[int, Agreed] = {}
    chains: dict[int, list[Any]] = defaultdict(list)
    for row in _rows(models.Contract, tenant_ids, models.Contract.valid_from):
        if row[0].valid_until is None or row[0].valid_until > row[0].valid_from:
            chains[row[0].root_id or row[0].id].append(row)
    for root, rows in chains.items():
        one = found.setdefault(rows[0][0].tenant_id, Agreed(rows[0][0].tenant_id, rows[0][1]))
        found[one.tenant_id] = replace(one, agreements=(*one.agreements, _agreement(root, rows)))
    sold = _rows(models.Pack, tenant_ids, models.Pack.bought_on)
    treatments = Treatments({pack.tenant_id for pack, *_ in sold})
    for pack, tenant, payer in sold:
        if pack.taken_back_at is None:
            one = found.setdefault(pack.tenant_id, Agreed(pack.tenant_id, tenant))
            found[one.tenant_id] = replace(one, packs=(*one.packs, _pack(pack, payer, treatments)))
    return found


def _rows(table: Any, tenant_ids: Whom, begins: Any) -> Any:
    wanted = (
        select(table, Tenant.code, Payer.code)
        .join(Tenant, Tenant.id == table.tenant_id)
        .outerjoin(Payer, Payer.id == table.payer_id)
        .order_by(table.tenant_id, begins, table.id)
    )
    if tenant_ids is not None:
        wanted = wanted.where(table.tenant_id.in_(tenant_ids))
    return db.session.execute(wanted).all()


def _agreement(root: int, rows: list[Any]) -> Agreement:
    last, _, payer = rows[-1]
    return Agreement(
        ref=f"contract:{root}",
        gives=Gives(last.gives),
        stretches=tuple(Stretch(row.valid_from, row.valid_until, row.amount) for row, *_ in rows),
        payers=_own(payer),
        categories=frozenset(last.categories),
        carry_months=last.carry_months,
        carry_most=last.carry_most,
    )


def _pack(row: models.Pack, payer: str, treatments: Treatments) -> Pack:
    """Its VAT was taken as for the treatment of that day: from the first day with another one it pays for nothing."""
    taxed_otherwise = treatments.same_until(row.tenant_id, row.treatment, row.bought_on)
    ends = [day for day in (row.valid_until, taxed_otherwise) if day is not None]
    return Pack(
        ref=f"pack:{row.id}",
        unit=Unit(row.unit),
        amount=row.amount,
        since=row.bought_on,
        until=min(ends, default=None),
        payers=frozenset() if row.pooled else _own(payer),
        categories=frozenset(row.categories),
    )


def _own(payer: str | None) -> frozenset[str]:
    return frozenset() if payer is None else frozenset({payer})


def names_of(refs: Collection[str]) -> dict[str, str]:
    """What contracts and packs are called, by their reference; of a contract that was changed its last name."""
    found: dict[str, str] = {}
    for kind, table in (("contract", models.Contract), ("pack", models.Pack)):
        numbers = [int(ref.partition(":")[2]) for ref in refs if ref.startswith(f"{kind}:")]
        wanted = select(table.id, table.name).where(table.id.in_(numbers))
        found |= {f"{kind}:{number}": name for number, name in db.session.execute(wanted)}
    return found
