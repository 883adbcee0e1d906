"""Somebody leaves the lab, and perhaps comes back: what ends with it, in one transaction.

Qualifications stay: they are proof of who was trained when. Without a badge and a membership they open nothing.
"""

from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.jobs import service as jobs
from server.people.contacts import forget_contact_of
from server.people.masters import end_master
from server.people.models import Master, Membership, Token
from server.people.rows import PeopleError, holder_by_number


def end_holder(
    number: int,
    reason: str,
    badges_are_back: bool = True,
    *,
    version: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """End every membership, and take every badge back; one that was not handed back is blocked instead, so that it is
    recognised when somebody tries it."""
    with writing():
        holder = holder_by_number(number, changing=True)
        expect_version(holder, version)
        if holder.ended_at is not None:
            raise PeopleError("this person has left already")
        for membership in _memberships(number, now):
            membership.ended_at, membership.ended_reason = now, reason
            audit.record(actor, "end", "membership", membership.ref, None, {"ended_at": now}, reason, now)
        for token in _tokens(number):
            _take(token, badges_are_back, reason, actor, now)
        for master in _masters(number):
            end_master(master, reason, actor=actor, now=now)
        holder.ended_at = now
        forget_contact_of(number, now)
        audit.record(actor, "end", "holder", number, {"ended_at": None}, {"ended_at": now}, reason, now)
        jobs.announce("access", f"holder:{number}", now)


def take_back(number: int, reason: str = "", *, actor: str, now: datetime) -> None:
    """Somebody who left is here again. Memberships and badges are given anew, because nobody is billed by habit."""
    with writing():
        holder = holder_by_number(number, changing=True)
        before = {"ended_at": holder.ended_at}
        holder.ended_at = None
        audit.record(actor, "take_back", "holder", number, before, {"ended_at": None}, reason, now)
        jobs.announce("access", f"holder:{number}", now)


def _take(token: Token, is_back: bool, reason: str, actor: str, now: datetime) -> None:
    if is_back:
        token.returned_at = now
        audit.record(actor, "return", "token", token.ref, None, {"returned_at": now}, reason, now)
    elif token.blocked_at is None:
        token.blocked_at, token.blocked_reason, token.blocked_by = now, reason, actor
        audit.record(actor, "block", "token", token.ref, None, {"blocked_at": now}, reason, now)


def _masters(number: int) -> list[int]:
    return list(db.session.scalars(select(Master.id).where(Master.holder_number == number, Master.ended_at.is_(None))))


def _memberships(number: int, now: datetime) -> list[Membership]:
    ties = db.session.scalars(
        select(Membership).where(Membership.holder_number == number, Membership.ended_at.is_(None))
    )
    return [tie for tie in ties if tie.valid_until is None or tie.valid_until > now]


def _tokens(number: int) -> list[Token]:
    lent = select(Token).where(Token.holder_number == number, Token.returned_at.is_(None))
    return list(db.session.scalars(lent))
