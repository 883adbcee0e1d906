"""A holder's ties to the tenants that pay for them: begun, preferred, ended.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select

from server.audit import service as audit
from server.db import db, writing
from server.jobs import service as jobs
from server.people.contacts import forget_contact_of
from server.people.models import Membership
from server.people.rows import PeopleError, holder_of_the_lab, membership_by_ref, payer_by_code


def add_membership(
    holder_number: int,
    payer_code: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    rank: int | None = None,
    *,
    actor: str,
    now: datetime,
) -> Membership:
    """Tie a holder to the tenant of this payer. The lowest rank is the default payer. Without a rank it comes after the
    others, but before them where all of them are over: then this is the payer somebody has just decided on."""
    with writing() as session:
        holder_of_the_lab(holder_number)
        payer = payer_by_code(payer_code)
        start = valid_from or now
        if valid_until is not None and valid_until <= start:
            raise PeopleError("the membership would end before it begins")
        membership = Membership(
            ref=str(uuid4()),
            holder_number=holder_number,
            tenant_id=payer.tenant_id,
            payer_id=payer.id,
            rank=_rank_for(holder_number, start) if rank is None else rank,
            valid_from=start,
            valid_until=valid_until,
        )
        session.add(membership)
        after = {"holder": holder_number, "payer": payer_code, "rank": membership.rank}
        after |= {"valid_from": start, "valid_until": valid_until}
        audit.record(actor, "add", "membership", membership.ref, None, after, "", now)
        jobs.announce("access", f"holder:{holder_number}", now)
    return membership


def prefer_membership(ref: str, *, actor: str, now: datetime) -> None:
    """Make this the holder's default payer. Needed when the default has ended: nobody is billed by fallback."""
    with writing() as session:
        membership = membership_by_ref(ref)
        of_holder = Membership.holder_number == membership.holder_number
        before = {"rank": membership.rank}
        membership.rank = (session.scalar(select(func.min(Membership.rank)).where(of_holder)) or 0) - 1
        audit.record(actor, "prefer", "membership", ref, before, {"rank": membership.rank}, "", now)
        jobs.announce("access", f"holder:{membership.holder_number}", now)


def end_membership(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    """End a membership before its time. It closes this payer for the holder and nothing else."""
    with writing():
        membership = membership_by_ref(ref)
        before = {"ended_at": membership.ended_at}
        membership.ended_at = membership.ended_at or now
        membership.ended_reason = reason
        audit.record(actor, "end", "membership", ref, before, {"ended_at": membership.ended_at}, reason, now)
        forget_contact_of(membership.holder_number, now)
        jobs.announce("access", f"holder:{membership.holder_number}", now)


def _rank_for(holder_number: int, start: datetime) -> int:
    others = db.session.scalars(select(Membership).where(Membership.holder_number == holder_number)).all()
    ranks = [other.rank for other in others]
    if not ranks:
        return 0
    if all(other.ended_at is not None or (other.valid_until or start) < start for other in others):
        return min(ranks) - 1
    return max(ranks) + 1
