"""Erases one person: first what would go, what stays and why, and what stands against it; then the deed.

What goes is the key from the number to the person. Charges and instruction records stay under the number, because the law on
books and the duty to prove an instruction ask for them.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select

from server.accounts.assignments import keep_a_manager_without
from server.accounts.models import Account
from server.audit import service as audit
from server.billing.models import Charge
from server.bookings.models import Booking
from server.db import db, expect_version, reading, writing
from server.mail.models import Mail
from server.people import service as people
from server.people.models import EmergencyContact, Membership, Person, Token
from server.people.rows import holder_by_number
from server.privacy.errors import PrivacyError
from server.privacy.forgetting import addresses, forget
from server.privacy.holds import held_now
from server.privacy.leavers import records_of
from server.privacy.models import TraceView
from server.privacy.refusals import turn_into_counts
from server.usage.models import Denial, Notice, UsageSession

VERB = "erase"
REASON = "erased on request"


class Goes(StrEnum):
    NAME = "name"
    CONTACT = "contact"
    BADGES = "badges"
    LOGIN = "login"
    MAILS = "mails"
    BOOKINGS = "bookings"
    REFUSALS = "refusals"
    LOOKS = "looks"


class Stays(StrEnum):
    CHARGES = "charges"
    SESSIONS = "sessions"  # not charged yet
    RECORDS = "records"
    MEMBERSHIPS = "memberships"
    MESSAGES = "messages"


class Against(StrEnum):
    """Why it cannot be done now."""

    HELD = "held"
    AT_A_MACHINE = "at_a_machine"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many rows of each would go and would stay, without those of which there are none."""

    goes: dict[Goes, int]
    stays: dict[Stays, int]
    against: tuple[Against, ...]
    is_here: bool  # has not left: memberships end, badges are taken back
    version: int


def preview(number: int) -> Preview:
    """PeopleError for a number that is no holder's."""
    with reading():
        holder = holder_by_number(number)
        goes, stays = _goes(number), _stays(number)
        return Preview(goes, stays, _against(number), holder.ended_at is None, holder.version)


def erase(number: int, zone: tzinfo, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Cut everything that leads from the number to the person. PrivacyError while they are held or at a machine; Stale when
    the person was changed since the preview. The lists of the agents lose the badges at once."""
    with writing():
        holder = holder_by_number(number, changing=True)
        expect_version(holder, version)
        if against := _against(number):
            raise PrivacyError(_SAID[against[0]])
        account = db.session.scalar(select(Account.id).where(Account.holder_number == number))
        if account is not None:
            keep_a_manager_without(account, now)
        if holder.ended_at is None:
            people.end_holder(number, REASON, actor=actor, now=now)
        refused = select(Denial.event_id, Denial.machine_id, Denial.at, Denial.reasons).where(_refused(number))
        turn_into_counts(db.session.execute(refused).all(), zone)
        db.session.execute(delete(Booking).where(Booking.holder_number == number))
        forget(number, now)
        audit.record(actor, VERB, "holder", number, None, None, "", now)


_SAID = {
    Against.HELD: "Nothing of this person is deleted: a hold stands. Decide about it first.",
    Against.AT_A_MACHINE: "This person is at a machine. Wait for the end of the session.",
    Against.ERASED: "Nothing leads to a person from this number any more.",
}


def _against(number: int) -> tuple[Against, ...]:
    found = [Against.HELD] if number in held_now().holders else []
    if _count(UsageSession.holder_number == number, UsageSession.state == "open"):
        found.append(Against.AT_A_MACHINE)
    if not any(_goes(number).values()):
        found.append(Against.ERASED)
    return tuple(found)


def _goes(number: int) -> dict[Goes, int]:
    known = addresses(number)
    counts = {
        Goes.NAME: _count(Person.holder_number == number),
        Goes.CONTACT: _count(EmergencyContact.holder_number == number),
        Goes.BADGES: _count(Token.holder_number == number, Token.returned_at.is_(None)),
        Goes.LOGIN: _count(Account.holder_number == number),
        Goes.MAILS: _count(func.lower(Mail.recipient).in_(known)) if known else 0,
        Goes.BOOKINGS: _count(Booking.holder_number == number),
        Goes.REFUSALS: _count(_refused(number)),
        Goes.LOOKS: _count(TraceView.holder_number == number),
    }
    return {what: count for what, count in counts.items() if count}


def _stays(number: int) -> dict[Stays, int]:
    charged = (
        select(func.count(UsageSession.id.distinct()))
        .select_from(Charge)
        .join(UsageSession, UsageSession.id == Charge.subject)
    )
    charges = db.session.scalar(charged.where(UsageSession.holder_number == number)) or 0
    counts = {
        Stays.CHARGES: charges,
        Stays.SESSIONS: _count(UsageSession.holder_number == number) - charges,
        Stays.RECORDS: records_of(number),
        Stays.MEMBERSHIPS: _count(Membership.holder_number == number),
        Stays.MESSAGES: _count(Notice.holder_number == number),
    }
    return {what: count for what, count in counts.items() if count}


def _refused(number: int) -> Any:
    return Denial.holder_number == number


def _count(*where: Any) -> int:
    return db.session.scalar(select(func.count()).where(*where)) or 0
