"""Sessions that came in after their month was invoiced: they go on the next invoice, with their own dates and price.

A session belongs to the month in which it ended, as long as its establishment has no document of that month. After that it goes
to the first later month of which nothing is issued yet. Who has left gets no later invoice, so what still comes in goes on a
supplementary document of its own month; and so does what a credit note has let be invoiced anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy import select

from server.billing import facts
from server.billing.drafting import rate_uses
from server.billing.facts import Facts
from server.billing.models import Charge, Document
from server.billing.uses import FINISHED, Use, in_force
from server.db import db
from server.domain.contracts import after
from server.domain.period import Period, before, day_of, period_of
from server.domain.rating import Rated
from server.people.models import Payer, Tenant, TenantKind
from server.usage.models import UsageSession

MONTHS_BACK = 6  # what comes in later than that goes on a document of its own month


@dataclass(frozen=True, slots=True)
class Late:
    """``here``: sessions of earlier months that this one bills, priced within their own; ``elsewhere``: those of this month
    that a later one bills."""

    here: tuple[tuple[Use, Rated], ...]
    elsewhere: frozenset[str]


@dataclass(frozen=True, slots=True)
class Issued:
    """Months with documents, and which establishments have one of which month."""

    months: frozenset[str]
    of: frozenset[tuple[str, int]]

    def earlier(self, month: str) -> list[str]:
        """The months right before this one that are issued already, the newest first; none where this one is."""
        found: list[str] = []
        one = before(month)
        while month not in self.months and one in self.months and len(found) < MONTHS_BACK:
            found.append(one)
            one = before(one)
        return found

    def later(self, month: str) -> bool:
        """Whether a later month bills what still comes in of this one: as ``earlier`` of that month says."""
        one = month
        for _ in range(MONTHS_BACK):
            one = after(one)
            if one not in self.months:
                return True
        return False


def issued_months(specimen: bool) -> Issued:
    """Inside ``reading()``. Credit notes alone do not make a month issued."""
    wanted = select(Document.month, Document.establishment_id).distinct()
    rows = db.session.execute(wanted.where(Document.specimen.is_(specimen), Document.kind != "credit_note"))
    of = frozenset((month, establishment_id) for month, establishment_id in rows)
    return Issued(frozenset(month for month, _ in of), of)


def find(known: Facts, period: Period, specimen: bool, zone: tzinfo) -> Late:
    """Inside ``reading()``."""
    issued = issued_months(specimen)
    left = tenants_left()
    own = (use for use in known.uses if use.charge is None)
    elsewhere = frozenset(use.id for use in own if _moves(known, issued, left, period.month, use, zone))
    here = [
        pair
        for month in issued.earlier(period.month)
        for tenant_id in late_tenants(period_of(month, zone), specimen)
        for pair in _of_tenant(issued, left, period_of(month, zone), specimen, tenant_id, zone)
    ]
    return Late(tuple(here), elsewhere)


def _moves(known: Facts, issued: Issued, left: frozenset[int], month: str, use: Use, zone: tzinfo) -> bool:
    """Whether a later month bills this session of ``month``, which has no charge."""
    pays = in_force(known.bill_to.get(use.tenant_id, []), day_of(use.started_at, zone))
    return use.round == 0 and use.tenant_id not in left and (month, pays) in issued.of and issued.later(month)


def tenants_left() -> frozenset[int]:
    """Tenants that have left, inside ``reading()``."""
    return frozenset(db.session.scalars(select(Tenant.id).where(Tenant.ended_at.is_not(None))))


def late_tenants(period: Period, specimen: bool) -> list[int]:
    """Whose sessions of this month are not charged, some of them."""
    charged = select(Charge.id).where(Charge.subject == UsageSession.id).exists()
    wanted = (
        select(Payer.tenant_id)
        .distinct()
        .select_from(UsageSession)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(UsageSession.ended_at >= period.start, UsageSession.ended_at < period.end, ~charged)
        .where(UsageSession.state.in_(FINISHED), UsageSession.simulated.is_(specimen))
        .where(Tenant.kind != TenantKind.INTERNAL.value, Tenant.ended_at.is_(None))
        .order_by(Payer.tenant_id)
    )
    return list(db.session.scalars(wanted))


def _of_tenant(
    issued: Issued, left: frozenset[int], period: Period, specimen: bool, tenant_id: int, zone: tzinfo
) -> Iterator[tuple[Use, Rated]]:
    """Priced within the month they belong to, with all that the tenant used there."""
    known = facts.load(period, specimen, tenant_id)
    for use, rated in rate_uses(known, zone):
        if use.charge is None and _moves(known, issued, left, period.month, use, zone):
            yield use, rated
