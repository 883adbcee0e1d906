"""Somebody has lost a badge and blocks it themselves; and takes that back where it turns up the same day.

Called as ``server.people.service``, like everything about people; the rules are the same as there.
"""

from datetime import datetime, timedelta

from server.audit import service as audit
from server.db import writing
from server.jobs import service as jobs
from server.people.models import Token
from server.people.rows import PeopleError, token_by_ref

FOUND_WITHIN = timedelta(hours=24)


def report_lost(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    """Blocked from now on, as staff would do it. What staff has blocked is not made one's own by doing it again."""
    with writing():
        token = token_by_ref(ref, changing=True)
        if token.returned_at is not None:
            raise PeopleError("this badge is back already")
        if token.blocked_at is not None:
            raise PeopleError("This badge is blocked already.")
        token.blocked_at, token.blocked_reason, token.blocked_by = now, reason, actor
        audit.record(actor, "block", "token", ref, {"blocked_at": None}, {"blocked_at": now}, reason, now)
        jobs.announce("access", f"holder:{token.holder_number}", now)


def found_again(ref: str, *, actor: str, now: datetime) -> None:
    """Only what one blocked oneself, and only for a day: later nobody knows where the badge was meanwhile."""
    with writing():
        token = token_by_ref(ref, changing=True)
        if not may_be_found(token, actor, now):
            raise PeopleError("The desk unblocks this badge: show it there.")
        before = {"blocked_at": token.blocked_at, "reason": token.blocked_reason}
        token.blocked_at, token.blocked_reason, token.blocked_by = None, "", ""
        audit.record(actor, "unblock", "token", ref, before, {"blocked_at": None}, "", now)
        jobs.announce("access", f"holder:{token.holder_number}", now)


def may_be_found(token: Token, actor: str, now: datetime) -> bool:
    if token.blocked_at is None or token.returned_at is not None:
        return False
    return token.blocked_by == actor and now - token.blocked_at < FOUND_WITHIN
