"""Every way in which the lab takes a right away, and gives it back: what the reader then says, on the mill of one holder."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from server.care import checks
from server.db import reading, writing
from server.demo.lab import ZONE
from server.domain.checks import CheckKind
from server.machines import closures
from server.machines import service as machines
from server.machines.closures import Closed
from server.people import service as people
from server.people.changes import set_minor_until
from server.people.models import Membership, Person, Tenant, Token
from server.training import service as training
from server.training.models import Qualification
from wire.messages import DenialReason, Service

By = dict[str, Any]
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Whose:
    """A holder, and the machine they may use."""

    holder: int
    machine: str

    def token(self) -> str:
        return self._one(select(Token.ref).where(Token.holder_number == self.holder, Token.returned_at.is_(None)))

    def qualifications(self) -> list[str]:
        wanted = select(Qualification.ref).where(
            Qualification.holder_number == self.holder, Qualification.revoked_at.is_(None)
        )
        with reading() as session:
            return list(session.scalars(wanted))

    def membership(self) -> Membership:
        wanted = select(Membership).where(Membership.holder_number == self.holder, Membership.ended_at.is_(None))
        with reading() as session:
            return session.scalars(wanted.order_by(Membership.rank).limit(1)).one()

    def tenant(self) -> str:
        return self._one(select(Tenant.code).where(Tenant.id == self.membership().tenant_id))

    def _one(self, wanted: Select[str]) -> str:
        with reading() as session:
            return session.scalars(wanted.limit(1)).one()


@dataclass(frozen=True, slots=True)
class Taking:
    """``take`` returns what ``give_back`` needs."""

    name: str
    reason: DenialReason
    take: Callable[[Whose, By], Any]
    give_back: Callable[[Whose, Any, By], Any]


def holder_named(given: str, family: str) -> int:
    with reading() as session:
        return session.scalars(
            select(Person.holder_number).where(Person.given_name == given, Person.family_name == family)
        ).one()


def _revoke(whose: Whose, by: By) -> list[str]:
    refs = whose.qualifications()
    with reading() as session:
        rows = session.scalars(select(Qualification).where(Qualification.ref.in_(refs))).all()
        codes = [row.skill.code for row in rows]
    training.revoke_all(refs, "unsafe", **by)
    return codes


def _grant(whose: Whose, codes: list[str], by: By) -> None:
    for code in dict.fromkeys(codes):
        training.grant(whose.holder, code, **by)


def _expire(whose: Whose, by: By) -> str:
    ref = whose.token()
    with reading() as session:
        mark, key_id = session.execute(select(Token.fingerprint, Token.key_id).where(Token.ref == ref)).one()
    with writing():
        people.return_token(ref, "", **by)
        people.lend_token(whose.holder, mark, key_id, "", by["now"] - HOUR, by["now"], **by)
    return f"{mark} {key_id}"


def _lend_again(whose: Whose, known: str, by: By) -> None:
    mark, key_id = known.split()
    with writing():
        people.return_token(whose.token(), "", **by)
        people.lend_token(whose.holder, mark, key_id, **by)


def _return(whose: Whose, by: By) -> str:
    ref = whose.token()
    with reading() as session:
        mark, key_id = session.execute(select(Token.fingerprint, Token.key_id).where(Token.ref == ref)).one()
    people.return_token(ref, "", **by)
    return f"{mark} {key_id}"


def _end_membership(whose: Whose, by: By) -> str:
    membership = whose.membership()
    with reading() as session:
        payer = session.get_one(Membership, membership.id).payer.code
    people.end_membership(membership.ref, "left", **by)
    return payer


def _close(whose: Whose, by: By) -> tuple[int, datetime]:
    begins = by["now"] - HOUR
    return closures.close_lab(Closed("inventory", begins, by["now"] + HOUR), **by).id, begins


def _open_again(whose: Whose, kept: tuple[int, datetime], by: By) -> None:
    """What has begun is not removed, it ends: in a second."""
    number, begins = kept
    closures.change_closure(number, Closed("inventory", begins, by["now"] + timedelta(seconds=1)), **by)


def _block(whose: Whose, by: By) -> str:
    ref = whose.token()
    people.block_token(ref, "lost", **by)
    return ref


def _suspend(whose: Whose, by: By) -> str:
    code = whose.tenant()
    people.suspend_tenant(code, "late", **by)
    return code


def _overdue(whose: Whose, by: By) -> int:
    yesterday = by["now"].astimezone(ZONE).date() - timedelta(days=1)
    return checks.add_check(whose.machine, checks.Asked(CheckKind.LEGAL, "brake", yesterday, 3), ZONE, **by).id


TAKINGS = (
    Taking("revoked", DenialReason.QUALIFICATION_REVOKED, _revoke, _grant),
    Taking("badge over", DenialReason.TOKEN_EXPIRED, _expire, _lend_again),
    Taking(
        "badge blocked",
        DenialReason.TOKEN_BLOCKED,
        _block,
        lambda whose, ref, by: people.unblock_token(ref, "found", **by),
    ),
    Taking(
        "person blocked",
        DenialReason.HOLDER_BLOCKED,
        lambda whose, by: people.block_holder(whose.holder, "unsafe", **by),
        lambda whose, _, by: people.unblock_holder(whose.holder, "well", **by),
    ),
    Taking(
        "suspended",
        DenialReason.TENANT_SUSPENDED,
        _suspend,
        lambda whose, code, by: people.resume_tenant(code, **by),
    ),
    Taking(
        "membership ended",
        DenialReason.MEMBERSHIP_ENDED,
        _end_membership,
        lambda whose, payer, by: people.add_membership(whose.holder, payer, **by),
    ),
    Taking(
        "badge returned",
        DenialReason.UNKNOWN_TOKEN,
        _return,
        lambda whose, known, by: people.lend_token(whose.holder, *known.split(), **by),
    ),
    Taking(
        "minor",
        DenialReason.FRAME_REQUIRED,
        lambda whose, by: set_minor_until(whose.holder, by["now"] + 300 * 24 * HOUR, **by),
        lambda whose, _, by: set_minor_until(whose.holder, None, **by),
    ),
    Taking(
        "lab closed",
        DenialReason.OUTSIDE_HOURS,
        _close,
        _open_again,
    ),
    Taking(
        "check overdue",
        DenialReason.CHECK_OVERDUE,
        _overdue,
        lambda whose, number, by: checks.end_check(number, "sold", **by),
    ),
    Taking(
        "out of service",
        DenialReason.OUT_OF_SERVICE,
        lambda whose, by: machines.set_service(whose.machine, Service.OUT, "spindle", **by),
        lambda whose, _, by: machines.set_service(whose.machine, Service.IN, "", **by),
    ),
)


def by_desk() -> By:
    return {"actor": "desk", "now": datetime.now(UTC)}
