"""Order numbers of customers, by the establishment that bills go to and its cost centres."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select

from server.audit import service as audit
from server.contracts.errors import ContractError
from server.contracts.models import OrderRule, PurchaseOrder
from server.contracts.rows import added, changed, held
from server.db import db, expect_version, writing
from server.domain import orders
from server.domain.orders import Asked, Order
from server.jobs import service as jobs
from server.people.models import BillTo, Establishment, Payer

LONGEST = 50  # a draft of its own is named by it


@dataclass(frozen=True, slots=True)
class Numbered:
    """What stands on an order. ``valid_until``: the first day on which it no longer holds; a ceiling is net."""

    number: str
    valid_from: date
    valid_until: date | None = None
    ordered_on: date | None = None
    ceiling_cents: int | None = None


def add_order(
    establishment_id: int, payer: str | None, told: Numbered, reason: str = "", *, actor: str, now: datetime
) -> PurchaseOrder:
    """``payer``: for this cost centre alone; one whose bills go to this establishment."""
    _refuse_odd(told)
    with writing():
        if db.session.get(Establishment, establishment_id) is None:
            raise ContractError("There is no such address any more.")
        row = PurchaseOrder(establishment_id=establishment_id, payer_id=_payer(establishment_id, payer), reason=reason)
        for name, value in asdict(told).items():
            setattr(row, name, value)
        added(row, "order", {"payer": payer, **asdict(told)}, reason, actor, now)
        jobs.announce("month", f"order:{row.id}", now)
    return row


def change_order(
    order_id: int, told: Numbered, reason: str, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """Bills from now on bear it so; an issued one keeps what it says."""
    _refuse_odd(told)
    with writing():
        row = held(PurchaseOrder, order_id, version)
        if changed(row, "order", asdict(told), reason, actor, now):
            jobs.announce("month", f"order:{row.id}", now)


def end_order(
    order_id: int, until: date, reason: str, *, version: int | None = None, actor: str, now: datetime
) -> None:
    with writing():
        row = held(PurchaseOrder, order_id, version)
        if until < row.valid_from:
            raise ContractError("It cannot end before it begins.")
        changed(row, "order", {"valid_until": until}, reason, actor, now, "end")
        jobs.announce("month", f"order:{row.id}", now)


def ask_orders(establishment_id: int, asked: Asked, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Whether this establishment wants an order on each invoice, and one document for each."""
    with writing() as session:
        row = session.get(OrderRule, establishment_id, with_for_update=True, populate_existing=True)
        before = Asked() if row is None else Asked(row.required, row.one_each)
        if row is not None:
            expect_version(row, version)
        if before == asked:
            return
        if row is None:
            session.add(OrderRule(establishment_id=establishment_id, **asdict(asked)))
        else:
            row.required, row.one_each = asked.required, asked.one_each
        audit.record(actor, "ask_orders", "establishment", establishment_id, asdict(before), asdict(asked), "", now)
        jobs.announce("month", f"establishment:{establishment_id}", now)


def all_orders(establishments: Iterable[int] | None = None) -> list[Order]:
    """Inside ``reading()``; those that were taken back before they began are not among them."""
    wanted = select(PurchaseOrder, Payer.code).outerjoin(Payer, Payer.id == PurchaseOrder.payer_id)
    if establishments is not None:
        wanted = wanted.where(PurchaseOrder.establishment_id.in_(list(establishments)))
    return [
        Order(row.id, row.establishment_id, payer, *_dates(row))
        for row, payer in db.session.execute(wanted.order_by(PurchaseOrder.id))
        if row.valid_until is None or row.valid_until > row.valid_from
    ]


def asked_by(establishments: Iterable[int] | None = None) -> dict[int, Asked]:
    """What each establishment asks for that asks for anything; inside ``reading()``."""
    wanted = select(OrderRule)
    if establishments is not None:
        wanted = wanted.where(OrderRule.establishment_id.in_(list(establishments)))
    return {row.establishment_id: Asked(row.required, row.one_each) for row in db.session.scalars(wanted)}


def order_for(establishment_id: int, payer: str, day: date) -> Order | None:
    """Inside ``reading()``. Whoever asks for many takes ``all_orders`` and ``domain.orders.order_for``."""
    return orders.order_for(all_orders([establishment_id]), establishment_id, payer, day)


def _dates(row: PurchaseOrder) -> tuple[str, date | None, date, date | None, int | None]:
    return row.number, row.ordered_on, row.valid_from, row.valid_until, row.ceiling_cents


def _payer(establishment_id: int, code: str | None) -> int | None:
    if code is None:
        return None
    billed = select(Payer.id).join(BillTo, BillTo.tenant_id == Payer.tenant_id)
    found: int | None = db.session.scalar(
        billed.where(Payer.code == code, BillTo.establishment_id == establishment_id).limit(1)
    )
    if found is None:
        raise ContractError("The documents of %(code)s do not go to this address.", code=code)
    return found


def _refuse_odd(told: Numbered) -> None:
    if not told.number.strip():
        raise ContractError("An order has a number.")
    if len(told.number) > LONGEST:
        raise ContractError("An order's number has %(most)s signs at most.", most=LONGEST)
    if told.valid_until is not None and told.valid_until <= told.valid_from:
        raise ContractError("It cannot end before it begins.")
    if told.ceiling_cents is not None and told.ceiling_cents <= 0:
        raise ContractError("A ceiling is more than nothing.")
