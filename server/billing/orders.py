"""How much of each order is billed already; inside ``reading()``. Which order something bears follows from its cost centre
and day, so a bill that was made before an order was typed in counts, too.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import tzinfo

from sqlalchemy import select

from server.billing.models import Charge, Document
from server.contracts.service import all_orders, asked_by
from server.db import db
from server.domain.bearing import Ordered
from server.domain.orders import Order, order_for
from server.domain.period import day_of
from server.people.models import Payer


def ordered_on(zone: tzinfo, specimen: bool) -> Ordered:
    """All orders, who asks for them, and how far those with a ceiling are used."""
    orders = all_orders()
    return Ordered(
        orders, asked_by(), used_of([one for one in orders if one.ceiling_cents is not None], zone, specimen)
    )


def used_of(orders: Iterable[Order], zone: tzinfo, specimen: bool) -> dict[int, int]:
    """Net cents by the order's id."""
    by_house: dict[int, list[Order]] = defaultdict(list)
    for order in orders:
        by_house[order.establishment].append(order)
    wanted = (
        select(
            *(Document.establishment_id, Document.issued_on, Payer.code),
            *(Charge.started_at, Charge.day, Charge.net_cents),
        )
        .join(Charge, Charge.document_id == Document.id)
        .join(Payer, Payer.id == Charge.payer_id)
        .where(Document.establishment_id.in_(by_house), Document.specimen.is_(specimen))
    )
    found: dict[int, int] = defaultdict(int)
    for house, issued_on, payer, started_at, supplied_on, cents in db.session.execute(wanted) if by_house else ():
        day = supplied_on or (day_of(started_at, zone) if started_at else issued_on)
        if (borne := order_for(by_house[house], house, payer, day)) is not None:
            found[borne.id] += cents
    return dict(found)
