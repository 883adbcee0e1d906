"""Lending badges, by the keyed fingerprint a reader has seen: lend, take back, and swap one for another.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, writing
from server.jobs import service as jobs
from server.people.models import Token
from server.people.rows import PeopleError, holder_of_the_lab, token_by_ref


def lend_token(
    holder_number: int,
    fingerprint: str,
    key_id: str,
    label: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    *,
    actor: str,
    now: datetime,
) -> Token:
    """Lend the badge of this fingerprint, made under the site key ``key_id``, until it is returned or its time is over."""
    begins = valid_from or now
    with writing() as session:
        holder_of_the_lab(holder_number)
        if (other := lent_to(fingerprint)) is not None:
            raise PeopleError("this badge is already lent to holder %(number)s", number=other)
        if valid_until is not None and valid_until <= begins:
            raise PeopleError("the badge would end before it is lent")
        dates = {"valid_from": begins, "valid_until": valid_until}
        token = Token(
            ref=str(uuid4()), holder_number=holder_number, fingerprint=fingerprint, key_id=key_id, label=label, **dates
        )
        session.add(token)
        after = {"holder": holder_number, "label": label, **dates}
        audit.record(actor, "give", "token", token.ref, None, after, "", now)
        jobs.announce("access", f"holder:{holder_number}", now)
    return token


def return_token(ref: str, reason: str = "", *, actor: str, now: datetime) -> None:
    """The badge is back at the desk: it opens nothing more, and may be lent to somebody else."""
    with writing():
        token = token_by_ref(ref, changing=True)
        if token.returned_at is not None:
            raise PeopleError("this badge is back already")
        token.returned_at = now
        audit.record(actor, "return", "token", ref, {"returned_at": None}, {"returned_at": now}, reason, now)
        jobs.announce("access", f"holder:{token.holder_number}", now)


def replace_token(
    ref: str, fingerprint: str, key_id: str, label: str, reason: str, *, actor: str, now: datetime
) -> Token:
    """A new badge takes over from one that was lost or broke: same holder, same end. The old one is blocked for good."""
    with writing():
        old = token_by_ref(ref, changing=True)
        if old.returned_at is not None:
            raise PeopleError("this badge is back already")
        until = old.valid_until if old.valid_until is None or old.valid_until > now else None
        new = lend_token(old.holder_number, fingerprint, key_id, label, None, until, actor=actor, now=now)
        before = {"blocked_at": old.blocked_at}
        old.blocked_at, old.blocked_reason, old.blocked_by = old.blocked_at or now, reason, actor
        after = {"blocked_at": old.blocked_at, "replaced_by": new.ref}
        audit.record(actor, "replace", "token", ref, before, after, reason, now)
    return new


def rekey_token(old: str, new: str, key_id: str, live: Sequence[str], *, actor: str, now: datetime) -> bool:
    """A badge that was known by an older site key is known by this one from now on. False where there is nothing to do:
    nobody has that badge, the new fingerprint is somebody's, or it is known by this key already or by a newer one.
    ``live``: the keys that hold, newest first; a key of any other name is over, and older than all of them."""
    with writing() as session:
        token = session.scalar(select(Token).where(Token.fingerprint == old, Token.returned_at.is_(None)))
        if token is None or token.key_id in live[: live.index(key_id) + 1] or lent_to(new) is not None:
            return False
        before = {"key_id": token.key_id}
        token.fingerprint, token.key_id = new, key_id
        audit.record(actor, "rekey", "token", token.ref, before, {"key_id": key_id}, "", now)
        jobs.announce("access", f"holder:{token.holder_number}", now)
    return True


def lent_to(fingerprint: str) -> int | None:
    """Who has this badge now, None when nobody has."""
    wanted = select(Token.holder_number).where(Token.fingerprint == fingerprint, Token.returned_at.is_(None))
    holder: int | None = db.session.scalar(wanted)
    return holder
