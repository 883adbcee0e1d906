"""Single lines that a tenant pays for, of one month: each session and item with the day, what was used and what it comes to.

What is charged is told from its charge, what is not yet is priced as the invoice will be. No person and no time of day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from server.billing import facts
from server.billing.drafting import rate_uses
from server.billing.models import Charge, Document
from server.billing.uses import Use
from server.db import db, reading
from server.domain.items import BillItem
from server.domain.period import Period, day_of
from server.domain.rating import RatedSession
from server.domain.supplies import MissingItemPrice
from server.domain.vat import Nature
from server.people.models import Payer

CREDIT = "credit"  # the kind of charge that takes another back


@dataclass(frozen=True, slots=True)
class Line:
    """``subject``: a session, or the reference of an item. ``labels`` by language, empty of a session. ``net_cents`` is
    None where a price is missing; ``document``: the number of the one on which it stands, None before."""

    subject: str
    payer: str
    cost_centre: str
    day: date
    machine: str
    labels: Mapping[str, str]
    nature: str
    measured_s: int
    net_cents: int | None
    document: str | None
    free: str | None = None

    @property
    def is_session(self) -> bool:
        return not self.labels


def lines_of(tenant_id: int, period: Period, specimen: bool) -> list[Line]:
    """The newest first."""
    with reading():
        known = facts.load(period, specimen, tenant_id)
        charged = _charged(tenant_id, period.month, specimen)
    sessions = [_of_session(use, rated, period) for use, rated in rate_uses(known, period.zone)]
    found = [*sessions, *(_of_item(item, known) for item in known.items)]
    return sorted((_as_charged(line, charged) for line in found), key=lambda one: (one.day, one.subject), reverse=True)


def line_of(subject: str, tenant_id: int, period: Period, specimen: bool) -> Line | None:
    """One of them. None where it is no line of this tenant's month."""
    return next((line for line in lines_of(tenant_id, period, specimen) if line.subject == subject), None)


def _of_session(use: Use, rated: object, period: Period) -> Line:
    return Line(
        subject=use.id,
        payer=use.payer,
        cost_centre=use.cost_centre,
        day=day_of(use.started_at, period.zone),
        machine=use.machine_name,
        labels={},
        nature=Nature.MACHINE_USE,
        measured_s=use.measured_s,
        net_cents=rated.net_cents if isinstance(rated, RatedSession) else None,
        document=None,
        free=use.decision.free,
    )


def _of_item(item: BillItem | MissingItemPrice, known: facts.Facts) -> Line:
    priced = item if isinstance(item, BillItem) else None
    return Line(
        subject=item.ref,
        payer=item.payer,
        cost_centre=known.payers[item.payer].cost_centre,
        day=item.day,
        machine=known.machines.get(item.machine or "", ""),
        labels=item.labels,
        nature=priced.nature if priced else "",
        measured_s=0,
        net_cents=priced.net_cents if priced else None,
        document=None,
        free=priced.free if priced else None,
    )


def _charged(tenant_id: int, month: str, specimen: bool) -> dict[str, tuple[str, int]]:
    """What stands on a document of the month: its number, and what was charged."""
    wanted = (
        select(Charge.subject, Document.number, Charge.net_cents)
        .join(Document, Document.id == Charge.document_id)
        .join(Payer, Payer.id == Charge.payer_id)
        .where(Payer.tenant_id == tenant_id, Document.month == month, Charge.kind != CREDIT)
        .where(Document.specimen.is_(specimen))
        .order_by(Charge.round)
    )
    return {subject: (number, cents) for subject, number, cents in db.session.execute(wanted)}


def _as_charged(line: Line, charged: Mapping[str, tuple[str, int]]) -> Line:
    if line.subject not in charged:
        return line
    number, cents = charged[line.subject]
    return replace(line, document=number, net_cents=cents)
