"""Hours, credit and discounts that a tenant has each month: they begin, change from a day on, and end.

A change is a row of its own that goes on with what the one before has left, so that a bill already made keeps what it said.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from server.contracts.errors import ContractError, refuse_billed
from server.contracts.models import Contract
from server.contracts.rows import added, changed, held, payer_id, tenant_of
from server.db import db, writing
from server.domain.contracts import Gives
from server.jobs import service as jobs

WHOLE = 10_000  # hundredths of a percent


@dataclass(frozen=True, slots=True)
class Given:
    """What is given each month: seconds, cents, or hundredths of a percent; and what of it goes over into later months."""

    amount: int
    carry_months: int | None = 0
    carry_most: int | None = None


@dataclass(frozen=True, slots=True)
class For:
    """For which cost centre (None: all of them, pooled) and at which machines (none named: at all)."""

    payer: str | None = None
    categories: tuple[str, ...] = ()


def add_contract(
    tenant: str,
    name: str,
    gives: Gives,
    given: Given,
    whom: For,
    since: date,
    until: date | None = None,
    reason: str = "",
    *,
    actor: str,
    now: datetime,
) -> Contract:
    """From a day on and, with ``until``, to the day before that one. Whether that is billed already the caller asks."""
    given = _checked(gives, given)
    if until is not None and until <= since:
        raise ContractError("It cannot end before it begins.")
    with writing():
        owner = tenant_of(tenant)
        row = Contract(
            tenant_id=owner.id,
            payer_id=payer_id(owner.id, whom.payer),
            name=name,
            gives=Gives(gives).value,
            categories=sorted(whom.categories),
            valid_from=since,
            valid_until=until,
            reason=reason,
            **asdict(given),
        )
        after: dict[str, Any] = {
            "tenant": tenant,
            "name": name,
            "gives": row.gives,
            "payer": whom.payer,
            "categories": row.categories,
        }
        after |= {**asdict(given), "valid_from": since, "valid_until": until}
        added(row, "contract", after, reason, actor, now)
        jobs.announce("access", f"tenant:{tenant}", now)
    return row


def change_contract(
    contract_id: int,
    given: Given,
    since: date,
    reason: str,
    *,
    billed_until: date | None = None,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> Contract:
    """Something else from a day on, as long as the one before would have held. On the day that began itself it is put right
    in place. ``billed_until``: the last day that stands on a bill of this tenant, which the caller knows."""
    with writing():
        row = held(Contract, contract_id, version)
        given = _checked(Gives(row.gives), given)
        refuse_billed(since, billed_until)
        if since < row.valid_from or (row.valid_until is not None and since >= row.valid_until):
            raise ContractError("It does not hold on that day: choose one on which it does.")
        if since == row.valid_from:
            changed(row, "contract", asdict(given), reason, actor, now)
            return _announced(row, now)
        following = Contract(
            root_id=row.root_id or row.id,
            tenant_id=row.tenant_id,
            payer_id=row.payer_id,
            name=row.name,
            gives=row.gives,
            categories=list(row.categories),
            valid_from=since,
            valid_until=row.valid_until,
            reason=reason,
            **asdict(given),
        )
        changed(row, "contract", {"valid_until": since}, reason, actor, now, "end")
        told: dict[str, Any] = {"instead_of": row.id, "name": row.name, **asdict(given)}
        added(following, "contract", {**told, "valid_from": since, "valid_until": row.valid_until}, reason, actor, now)
        return _announced(following, now)


def end_contract(
    contract_id: int,
    until: date,
    reason: str,
    *,
    billed_until: date | None = None,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """``until``: the first day on which it no longer holds. On its own first day: it is taken back."""
    with writing():
        row = held(Contract, contract_id, version)
        refuse_billed(until, billed_until)
        if until < row.valid_from:
            raise ContractError("It cannot end before it begins.")
        if row.valid_until is not None and until >= row.valid_until:
            raise ContractError("It has ended by then already.")
        changed(row, "contract", {"valid_until": until}, reason, actor, now, "end")
        _announced(row, now)


def chain(contract_id: int) -> list[Contract]:
    """All rows of one agreement, the first first; inside ``reading()``."""
    row = db.session.get(Contract, contract_id)
    root = contract_id if row is None or row.root_id is None else row.root_id
    wanted = select(Contract).where((Contract.id == root) | (Contract.root_id == root))
    return list(db.session.scalars(wanted.order_by(Contract.valid_from, Contract.id)))


def _announced(row: Contract, now: datetime) -> Contract:
    jobs.announce("access", f"contract:{row.id}", now)
    return row


def _checked(gives: Gives, given: Given) -> Given:
    if given.amount <= 0:
        raise ContractError("Say how much: more than nothing.")
    if gives is Gives.DISCOUNT:
        if given.amount > WHOLE:
            raise ContractError("A discount is 100 % at most.")
        return Given(given.amount)
    if given.carry_months is not None and given.carry_months < 0:
        raise ContractError("Months are not below zero.")
    return given if given.carry_months != 0 else Given(given.amount)
