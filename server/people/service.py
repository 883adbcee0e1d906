"""Changes to who uses the lab: holders, their tokens, and their memberships; and, from ``tenants``, to who pays.

Every function runs inside ``writing()``, in the caller's transaction or in its own, writes the audit entry, and
announces ``access`` where the lists of the agents depend on it. What cannot be done raises PeopleError with a sentence.
"""

import secrets
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select

from server.audit import service as audit
from server.db import db, writing
from server.jobs import service as jobs
from server.people.badges import lend_token, lent_to, rekey_token, replace_token, return_token
from server.people.changes import PersonFacts, edit_person
from server.people.leaving import end_holder, take_back
from server.people.masters import end_master, give_master
from server.people.models import Holder, Membership, Person, Token
from server.people.rows import (
    PeopleError,
    holder_by_number,
    holder_of_the_lab,
    membership_by_ref,
    payer_by_code,
    token_by_ref,
)
from server.people.tenancies import Address, edit_establishment, edit_tenant, end_payer, end_tenant
from server.people.tenants import (
    add_establishment,
    add_payer,
    add_tenant,
    resume_tenant,
    set_bill_to,
    set_treatment,
    suspend_tenant,
)
from wire.tokens import fingerprint

__all__ = [
    "Address",
    "PeopleError",
    "PersonFacts",
    "add_establishment",
    "add_holder",
    "add_membership",
    "add_payer",
    "add_tenant",
    "block_holder",
    "block_token",
    "edit_establishment",
    "edit_person",
    "edit_tenant",
    "end_holder",
    "end_master",
    "end_membership",
    "end_payer",
    "end_tenant",
    "give_master",
    "give_token",
    "lend_token",
    "lent_to",
    "prefer_membership",
    "rekey_token",
    "replace_token",
    "resume_tenant",
    "return_token",
    "set_bill_to",
    "set_treatment",
    "suspend_tenant",
    "take_back",
    "unblock_holder",
    "unblock_token",
]

_LOWEST_NUMBER, _NUMBERS = 100_000, 9_900_000  # six or seven digits: long enough to be random, short on the wire


def add_holder(
    given_name: str,
    family_name: str,
    language: str = "fr",
    email: str | None = None,
    shows_first_name: bool = False,
    *,
    actor: str,
    now: datetime,
) -> Holder:
    """A new holder under a random number that nobody had before; the name goes into ``person`` only."""
    with writing() as session:
        holder = Holder(number=_free_number())
        session.add(holder)
        session.flush()
        session.add(
            Person(
                holder_number=holder.number,
                given_name=given_name,
                family_name=family_name,
                email=email,
                language=language,
                shows_first_name=shows_first_name,
            )
        )
        audit.record(actor, "add", "holder", holder.number, None, {"language": language}, "", now)
    return holder


def block_holder(number: int, reason: str, *, actor: str, now: datetime) -> None:
    """Nothing starts for this holder any more, whatever the token."""
    with writing():
        holder = holder_by_number(number)
        before = {"blocked_at": holder.blocked_at}
        holder.blocked_at = holder.blocked_at or now
        holder.blocked_reason = reason
        audit.record(actor, "block", "holder", number, before, {"blocked_at": holder.blocked_at}, reason, now)
        jobs.announce("access", f"holder:{number}", now)


def unblock_holder(number: int, reason: str, *, actor: str, now: datetime) -> None:
    with writing():
        holder = holder_by_number(number)
        before = {"blocked_at": holder.blocked_at, "reason": holder.blocked_reason}
        holder.blocked_at, holder.blocked_reason = None, ""
        audit.record(actor, "unblock", "holder", number, before, {"blocked_at": None}, reason, now)
        jobs.announce("access", f"holder:{number}", now)


def give_token(
    holder_number: int,
    card_id: str,
    site_key: bytes,
    key_id: str,
    label: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    *,
    actor: str,
    now: datetime,
) -> Token:
    """Lend a badge. Only its keyed fingerprint is kept; ``card_id`` is named with its technology, ``em4100:0123456789``."""
    mark = fingerprint(card_id, site_key)
    return lend_token(holder_number, mark, key_id, label, valid_from, valid_until, actor=actor, now=now)


def block_token(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    """A lost or withdrawn badge: refused at once, and known to every agent for 45 days as revoked."""
    with writing():
        token = token_by_ref(ref)
        before = {"blocked_at": token.blocked_at}
        token.blocked_at = token.blocked_at or now
        token.blocked_reason = reason
        audit.record(actor, "block", "token", ref, before, {"blocked_at": token.blocked_at}, reason, now)
        jobs.announce("access", f"holder:{token.holder_number}", now)


def unblock_token(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    with writing():
        token = token_by_ref(ref)
        before = {"blocked_at": token.blocked_at, "reason": token.blocked_reason}
        token.blocked_at, token.blocked_reason = None, ""
        audit.record(actor, "unblock", "token", ref, before, {"blocked_at": None}, reason, now)
        jobs.announce("access", f"holder:{token.holder_number}", now)


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
        jobs.announce("access", f"holder:{membership.holder_number}", now)


def _rank_for(holder_number: int, start: datetime) -> int:
    others = db.session.scalars(select(Membership).where(Membership.holder_number == holder_number)).all()
    ranks = [other.rank for other in others]
    if not ranks:
        return 0
    if all(other.ended_at is not None or (other.valid_until or start) < start for other in others):
        return min(ranks) - 1
    return max(ranks) + 1


def _free_number() -> int:
    """A number no holder has or had (rows of holders are never deleted)."""
    while True:
        number = _LOWEST_NUMBER + secrets.randbelow(_NUMBERS)
        if db.session.get(Holder, number) is None:
            return number
