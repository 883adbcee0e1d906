"""What is left to a cost centre, for those who use it: on a maker's phone and on the page of a company's month."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from server.billing.left import Included, Limited, budgets_on, included
from server.contracts.service import names_of
from server.db import db, reading
from server.domain.allowances import Unit
from server.domain.budgets import Stage
from server.people.models import Payer, Tenant
from server.web.here import now, zone
from wire.messages import Shows


@dataclass(frozen=True, slots=True)
class LeftTo:
    """Hours and credit with the name of what gives them, and the budgets that count."""

    included: tuple[tuple[str, Included], ...] = ()
    limits: tuple[Limited, ...] = ()

    @property
    def seconds(self) -> int | None:
        """Of hours, all of them together; None where nothing gives any."""
        hours = [one.left for _, one in self.included if one.unit is Unit.SECONDS]
        return sum(hours) if hours else None


def left_to(payers: Iterable[str]) -> dict[str, LeftTo]:
    """By payer, as far as its tenant lets its members see: with the price all of it, else the hours, else nothing."""
    with reading():
        wanted = select(Payer.code, Tenant.shows).join(Tenant, Tenant.id == Payer.tenant_id)
        shown = dict(db.session.execute(wanted.where(Payer.code.in_(list(payers)))).all())
        limits = budgets_on(now(), zone()) if Shows.PRICE.value in shown.values() else []
        return {payer: _left(payer, shows, limits) for payer, shows in shown.items()}


def left_to_tenant(code: str) -> LeftTo:
    """All that a tenant has, and its budgets."""
    with reading():
        number = db.session.scalars(select(Tenant.id).where(Tenant.code == code)).one()
        payers = db.session.scalars(select(Payer.code).where(Payer.tenant_id == number)).all()
        once = {one.ref: one for payer in payers for one in included(payer, now(), zone())}
        return LeftTo(_named(once.values()), tuple(budgets_on(now(), zone(), number)))


def _left(payer: str, shows: str, limits: list[Limited]) -> LeftTo:
    if shows == Shows.NOTHING:
        return LeftTo()
    found = included(payer, now(), zone())
    if shows == Shows.PRICE:
        return LeftTo(_named(found), tuple(one for one in limits if payer in one.budget.rule.payers))
    return LeftTo(_named(one for one in found if one.unit is Unit.SECONDS))


def _named(found: Iterable[Included]) -> tuple[tuple[str, Included], ...]:
    ones = list(found)
    names = names_of([one.ref for one in ones])
    return tuple((names.get(one.ref, ""), one) for one in ones)


def used_budgets(code: str) -> list[Limited]:
    """A tenant's budgets that are nearly used up, or are."""
    return [one for one in left_to_tenant(code).limits if one.stage is not Stage.FINE]
