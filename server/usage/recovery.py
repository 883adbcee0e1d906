"""What staff took away and the server has forgotten, because it was restored from an older backup.

Every agent reports which revocations it enforces; one the database does not know of is applied again (design rule 8),
unless somebody has decided about the same thing since. What was *given* after the backup is not given again by this.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from sqlalchemy import ColumnElement, String, cast, select

from server.audit.models import AuditEntry
from server.db import db
from server.domain.takings import CLOSINGS
from server.domain.usage import moment
from server.machines import service as machines
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Holder, Master, Membership, Tenant, Token
from server.training import service as training
from server.training.models import Qualification
from wire.messages import Revocation, Service, Taken

REASON = "recovered from an agent after a restore"
_CLOSED: dict[str, Service] = {Taken.OUT_OF_SERVICE: Service.OUT, Taken.MAINTENANCE: Service.MAINTENANCE}


class _TakeAway(Protocol):
    def __call__(self, ref: str, reason: str, /, *, actor: str, now: datetime) -> None: ...


class _Right(NamedTuple):
    """``stands``: it is there and has not been taken away. ``kind`` and ``verbs``: who decides about it, in the audit."""

    stands: ColumnElement[bool]
    take_away: _TakeAway
    kind: str
    verbs: tuple[str, ...]


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
    """How to take this away again. None when it is gone, was given back later, or never stood here."""
    if one.kind in _CLOSED:
        return _forgotten_closing(one)
    right = _right(one)
    if right is None or not _exists(right.stands) or _decided_since(one, right):
        return None
    return right.take_away


def _right(one: Revocation) -> _Right | None:
    match one.kind:
        case Taken.TOKEN:
            stands = (Token.ref == one.ref) & Token.blocked_at.is_(None) & Token.returned_at.is_(None)
            return _Right(stands, people.block_token, "token", ("block", "unblock", "replace"))
        case Taken.RETURNED_TOKEN:
            stands = (Token.ref == one.ref) & Token.returned_at.is_(None)
            return _Right(stands, people.return_token, "token", ("return",))
        case Taken.MASTER:
            stands = (cast(Master.holder_number, String) == one.ref) & Master.ended_at.is_(None)
            return _Right(stands, _end_master, "master", ("give", "end"))
        case Taken.HOLDER:
            stands = (cast(Holder.number, String) == one.ref) & Holder.blocked_at.is_(None)
            return _Right(stands, _block_holder, "holder", ("block", "unblock"))
        case Taken.QUALIFICATION:
            stands = (Qualification.ref == one.ref) & Qualification.revoked_at.is_(None)
            return _Right(stands, training.revoke, "qualification", ("revoke",))
        case Taken.MEMBERSHIP:
            stands = (Membership.ref == one.ref) & Membership.ended_at.is_(None)
            return _Right(stands, people.end_membership, "membership", ("end",))
        case Taken.TENANT:
            stands = (Tenant.code == one.ref) & Tenant.suspended_from.is_(None)
            return _Right(stands, people.suspend_tenant, "tenant", ("suspend", "resume"))
        case _:
            return None


def _decided_since(one: Revocation, right: _Right) -> bool:
    """Somebody gave or took this right at that moment or later, and the database remembers it."""
    about = (AuditEntry.object_id == one.ref) & (AuditEntry.object_kind == right.kind)
    return _exists(about & AuditEntry.verb.in_(right.verbs) & (AuditEntry.at >= moment(one.at_ms)))


def _forgotten_closing(one: Revocation) -> _TakeAway | None:
    """A machine remembers when its state was decided, so that the last of several decisions is the one that holds."""
    at = moment(one.at_ms)
    as_meant = [service for service, taken in CLOSINGS.items() if taken == one.kind]
    differs = (Machine.code == one.ref) & Machine.ended_at.is_(None) & Machine.service.not_in(as_meant)
    if not _exists(differs & (Machine.service_at.is_(None) | (Machine.service_at < at))):
        return None
    return partial(_close, service=_CLOSED[one.kind], decided_at=at)


def _exists(condition: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(condition).where(condition).limit(1)) is not None


def _end_master(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    wanted = select(Master.id).where(Master.holder_number == int(ref), Master.ended_at.is_(None))
    people.end_master(db.session.scalars(wanted).one(), reason, actor=actor, now=now)


def _block_holder(ref: str, reason: str, *, actor: str, now: datetime) -> None:
    people.block_holder(int(ref), reason, actor=actor, now=now)


def _close(ref: str, reason: str, *, service: Service, decided_at: datetime, actor: str, now: datetime) -> None:
    """Without a note: the staff's own words are lost, and the panel has its own."""
    machines.set_service(ref, service, "", reason, decided_at, actor=actor, now=now)
