"""Ready logins of the demo, one for each role, all with the same password, which says itself that it is no secret."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from server.accounts import passwords
from server.accounts.assignments import give_role
from server.accounts.models import Account
from server.accounts.service import AccountFacts, add_account
from server.db import db, writing
from server.demo.books import ACTOR
from server.demo.lab import CNC
from server.domain.roles import Role, ScopeKind
from server.machines.models import Machine
from server.people.models import Membership, Person, Tenant
from server.training.models import Qualification
from server.usage.models import UsageSession

PASSWORD = "demo demo demo"


@dataclass(frozen=True, slots=True)
class Login:
    """``what`` says in a few words what this one sees."""

    email: str
    name: str
    role: Role
    what: str
    kind: ScopeKind = ScopeKind.LAB
    scope: str = ""
    holder: int | None = None


def make_logins(now: datetime) -> list[Login]:
    """Write the accounts into the books of the demo. Call it once, when there is a past to look at."""
    with writing():
        busiest = _busiest_holder()
        tenant = db.session.scalar(
            select(Tenant.code)
            .join(Membership, Membership.tenant_id == Tenant.id)
            .where(Membership.holder_number == busiest)
        )
        assert tenant is not None
        logins = _logins(busiest, tenant)
        hashed = passwords.hashed(PASSWORD)
        for login in logins:
            _write(login, hashed, now)
    return logins


def _logins(holder: int, tenant: str) -> list[Login]:
    room = db.session.scalar(select(Machine.room).where(Machine.category == CNC)) or ""
    mine = (ScopeKind.TENANT, tenant)
    return [
        Login("manager@demo.example", "Camille Ostreville", Role.MANAGER, "everything"),
        Login("desk@demo.example", "Noa Berthold", Role.DESK, "people, badges, sessions"),
        Login("trainer@demo.example", "Svenja Marbach", Role.TRAINER, f"trains in {room}", ScopeKind.ROOM, room),
        Login("accountant@demo.example", "Paul Rieder", Role.LAB_ACCOUNTANT, "months, invoices, prices"),
        Login("tenant@demo.example", "Heike Tannrath", Role.TENANT_ADMIN, f"the books of {tenant}", *mine),
        Login("books@demo.example", "Lou Vernier", Role.TENANT_ACCOUNTANT, f"invoices of {tenant}", *mine),
        Login("maker@demo.example", _name_of(holder), Role.HOLDER, "a maker's own page", holder=holder),
    ]


def _busiest_holder() -> int:
    """Whose own page has something to show."""
    millers = select(Qualification.holder_number).where(Qualification.revoked_at.is_(None))
    wanted = (
        select(UsageSession.holder_number)
        .where(UsageSession.holder_number.in_(millers))
        .group_by(UsageSession.holder_number)
        .order_by(func.count().desc(), UsageSession.holder_number)
    )
    number: int | None = db.session.scalar(wanted.limit(1))
    assert number is not None, "a history has sessions"
    return number


def _name_of(holder: int) -> str:
    person = db.session.scalars(select(Person).where(Person.holder_number == holder)).one()
    return f"{person.given_name} {person.family_name}"


def _write(login: Login, hashed: str, now: datetime) -> None:
    by: dict[str, Any] = {"actor": ACTOR, "now": now}
    number = add_account(AccountFacts(login.email, login.name, None, login.holder), **by)
    db.session.get_one(Account, number).password_hash = hashed
    give_role(number, login.role, login.kind, login.scope, **by)


def in_words(logins: list[Login]) -> str:
    width = max(len(login.email) for login in logins)
    lines = [f"    {login.email:<{width}}  {login.what}" for login in logins]
    return "\n".join([f"  Log in with the password “{PASSWORD}” as", *lines])
