"""A tenant's administrator looks after its members: invites one by mail, and moves one to another cost centre.

Called as ``server.people.service``, like everything about people; the rules are the same as there. Whoever invites learns
nothing about somebody whom the lab knows already: the tie is made, and the answer is the same.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from server.accounts import service as accounts
from server.accounts.letters import letter, send, texts
from server.accounts.models import Account
from server.accounts.rows import account_by_email
from server.accounts.service import AccountFacts
from server.audit import service as audit
from server.db import db, writing
from server.domain.roles import Role
from server.jobs import service as jobs
from server.people.memberships import add_membership, end_membership
from server.people.models import Holder, Membership, Payer, PayerRule, Person, Tenant
from server.people.newcomers import add_holder
from server.people.rows import PeopleError, membership_by_ref, payer_by_code
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Invited:
    given_name: str
    family_name: str
    email: str
    language: str


def invite_member(
    payer_code: str, who: Invited, until: datetime | None, lab: Settings, *, actor: str, now: datetime
) -> str:
    """Tie this person to the tenant of this payer, made anew where nobody has this mail address, and write to them: with
    a link for their login where they have none. Returns the membership's ref."""
    by: Any = {"actor": actor, "now": now}
    with writing():
        payer = payer_by_code(payer_code)
        if payer.valid_until is not None and payer.valid_until <= now:
            raise PeopleError("this cost centre is closed")
        number = _known(who.email)
        if number is None:
            number = add_holder(who.given_name, who.family_name, who.language, who.email, **by).number
        elif _is_member(number, payer.tenant_id, now):
            raise PeopleError("this person is a member already")
        if db.session.get_one(Holder, number).ended_at is not None:
            raise PeopleError("the desk has to take this person back first; ask there")
        membership = add_membership(number, payer_code, None, until, **by)
        _tell(number, who, payer.tenant_id, lab, actor, now)
        return membership.ref


def move_member(ref: str, payer_code: str, reason: str, *, actor: str, now: datetime) -> str:
    """Charge another cost centre of the same tenant from now on. What was charged before stays where it is. Returns the
    new membership's ref."""
    with writing():
        old, payer = membership_by_ref(ref), payer_by_code(payer_code)
        if payer.tenant_id != old.tenant_id:
            raise PeopleError("this cost centre belongs to another tenant")
        if old.ended_at is not None or (old.valid_until is not None and old.valid_until <= now):
            raise PeopleError("this membership is over")
        if payer.id == old.payer_id:
            raise PeopleError("this is the cost centre they have already")
        begins = max(now, old.valid_from)
        new = add_membership(old.holder_number, payer_code, begins, old.valid_until, old.rank, actor=actor, now=now)
        new.member_class = old.member_class
        for rule in db.session.scalars(select(PayerRule).where(PayerRule.membership_id == old.id)):
            rule.membership_id = new.id  # the tenant pays at the same hours as before
        end_membership(ref, reason, actor=actor, now=now)
        before, after = {"payer": db.session.get_one(Payer, old.payer_id).code}, {"payer": payer_code}
        audit.record(actor, "move", "membership", new.ref, before, after, reason, now)
        jobs.announce("access", f"holder:{old.holder_number}", now)
        return new.ref


def _known(email: str) -> int | None:
    """The holder with this mail address; the newest of several."""
    same = select(Person.holder_number).where(func.lower(Person.email) == email.strip().lower())
    found: int | None = db.session.scalar(same.order_by(Person.id.desc()).limit(1))
    return found


def _is_member(number: int, tenant_id: int, now: datetime) -> bool:
    ties = select(Membership.valid_until).where(
        Membership.holder_number == number, Membership.tenant_id == tenant_id, Membership.ended_at.is_(None)
    )
    return any(until is None or until > now for until in db.session.scalars(ties))


def _tell(number: int, who: Invited, tenant_id: int, lab: Settings, actor: str, now: datetime) -> None:
    """Who has a login is told of the membership; who has none gets one, unless somebody else logs in with this address."""
    account = db.session.scalar(select(Account).where(Account.holder_number == number))
    if account is None and account_by_email(who.email) is None:
        person = db.session.scalars(select(Person).where(Person.holder_number == number)).one()
        name = f"{person.given_name} {person.family_name}"
        made = accounts.add_account(AccountFacts(who.email, name, who.language, number), actor=actor, now=now)
        accounts.give_role(made, Role.HOLDER, actor=actor, now=now)
        accounts.invite(made, lab, actor=actor, now=now)
    elif account is not None and account.ended_at is None:  # the lab opens an ended one again, nobody else
        tenant = db.session.get_one(Tenant, tenant_id)
        gettext = texts(account.language)
        lines = (
            gettext("%(tenant)s has made you a member: it can pay for your machine time from now on.")
            % {"tenant": tenant.name},
            f"{lab.web.url}/me",
        )
        subject = gettext("%(tenant)s pays for you, too") % {"tenant": tenant.name}
        send(account, letter(account.name, account.language, subject, lines, lab), now)
