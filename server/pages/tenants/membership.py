"""What a tenant knows of its members: the name, the cost centre, since and until when. Nothing that is not its own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from server.db import db, reading
from server.pages.people.finding import in_force
from server.pages.people.names import Named, folded, named
from server.people.models import Membership, Payer, Tenant
from server.web.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class Member:
    ref: str
    person: Named
    payer: str
    cost_centre: str
    valid_from: datetime
    valid_until: datetime | None


def members_of(code: str, now: datetime) -> list[Member]:
    """Memberships in force or still to begin, by name."""
    wanted = (
        select(
            *(Membership.ref, Membership.holder_number, Payer.code, Payer.cost_centre),
            *(Membership.valid_from, Membership.valid_until),
        )
        .join(Payer, Payer.id == Membership.payer_id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(Tenant.code == code, Membership.ended_at.is_(None))
        .where(or_(Membership.valid_until.is_(None), Membership.valid_until > now))
    )
    with reading():
        rows = db.session.execute(wanted).all()
        people = named(row.holder_number for row in rows)
    found = [
        Member(ref, people[number], payer, centre, begins, ends) for ref, number, payer, centre, begins, ends in rows
    ]
    return sorted(found, key=lambda one: (folded(one.person.family), folded(one.person.given), one.valid_from))


def find_members(code: str, typed: str, now: datetime) -> Page[Member]:
    """One page of them; what is typed is looked for in names only: a number or another tie would tell too much."""
    words = folded(typed).split()
    found = [one for one in members_of(code, now) if all(word in folded(one.person.name) for word in words)]
    return page_of(found)


def centres_of(code: str, now: datetime) -> list[tuple[str, str]]:
    """The cost centres of a tenant that can be charged."""
    wanted = select(Payer.code, Payer.cost_centre).join(Tenant, Tenant.id == Payer.tenant_id)
    with reading():
        rows = db.session.execute(wanted.where(Tenant.code == code, in_force(Payer, now)).order_by(Payer.cost_centre))
        return [(payer, centre) for payer, centre in rows]
