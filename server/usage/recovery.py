"""Rights that were taken away and that the server has forgotten, because it was restored from an older backup.

Every agent reports which revocations it enforces; one the database does not know of is applied again (design rule 8).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, select

from server.audit.models import AuditEntry
from server.db import db
from server.domain.usage import moment
from server.people import service as people
from server.people.models import Membership, Token
from server.training import service as training
from server.training.models import Qualification
from wire.messages import Revocation

REASON = "recovered from an agent after a restore"
_DECISIONS = ("block", "unblock", "revoke", "end")


class _TakeAway(Protocol):
    def __call__(self, ref: str, reason: str, *, actor: str, now: datetime) -> None: ...


def recover(revoked: Iterable[Revocation], agent: str, now: datetime) -> int:
    """Apply again what the database does not know, inside the caller's ``writing()``. Returns how many."""
    recovered = 0
    for one in revoked:
        take_away = _forgotten(one)
        if take_away is not None:
            take_away(one.ref, REASON, actor=f"agent:{agent}", now=now)
            recovered += 1
    return recovered


def _forgotten(one: Revocation) -> _TakeAway | None:
    """How to take this right away again. None when it is gone, was given back later, or never stood here."""
    match one.kind:
        case "token":
            stands, take_away = Token.blocked_at.is_(None) & (Token.ref == one.ref), people.block_token
        case "qualification":
            stands, take_away = Qualification.revoked_at.is_(None) & (Qualification.ref == one.ref), training.revoke
        case "membership":
            stands, take_away = Membership.ended_at.is_(None) & (Membership.ref == one.ref), people.end_membership
        case _:
            return None
    return take_away if _exists(stands) and not _decided_since(one) else None


def _exists(condition: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(condition).where(condition).limit(1)) is not None


def _decided_since(one: Revocation) -> bool:
    """Somebody gave or took this right at that moment or later, and the database remembers it."""
    about = (AuditEntry.object_id == one.ref) & AuditEntry.verb.in_(_DECISIONS) & (AuditEntry.at >= moment(one.at_ms))
    return _exists(about)
