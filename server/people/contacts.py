"""Whom to call for a holder. Only where the lab has said why it asks; every look at it stands in the journal; forgotten with
the last membership.

Called as ``server.people.service``, like everything about people; the rules are the same as there. The audit entry says
that a contact was kept, seen or forgotten, and never who it is.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from server.audit import service as audit
from server.db import Stale, db, writing
from server.people.models import EmergencyContact, Membership
from server.people.rows import PeopleError, holder_of_the_lab


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    phone: str
    version: int = 1


def keep_contact(holder_number: int, contact: Contact, *, is_new: bool, actor: str, now: datetime) -> None:
    """Write down whom to call. ``is_new``: the one who asks has seen none; else ``contact.version`` is the one seen."""
    with writing() as session:
        holder_of_the_lab(holder_number)
        row = _row(holder_number)
        if (row is None) is not is_new or (row is not None and row.version != contact.version):
            raise Stale
        if row is None:
            if not _has_membership(holder_number, now):
                raise PeopleError("a contact is kept as long as a membership lasts, and there is none")
            row = EmergencyContact(holder_number=holder_number)
            session.add(row)
        row.name, row.phone = contact.name, contact.phone
        audit.record(actor, "keep_contact", "holder", holder_number, None, {}, "", now)


def look_at_contact(holder_number: int, *, actor: str, now: datetime) -> Contact | None:
    """Whom to call; the look is written down, also where there is nobody."""
    with writing():
        row = _row(holder_number)
        audit.record(actor, "see_contact", "holder", holder_number, None, {}, "", now)
        return None if row is None else Contact(row.name, row.phone, row.version)


def drop_contact(holder_number: int, *, actor: str, now: datetime) -> None:
    with writing() as session:
        row = _row(holder_number)
        if row is not None:
            session.delete(row)
            audit.record(actor, "drop_contact", "holder", holder_number, None, {}, "", now)


def forget_contact_of(holder_number: int, now: datetime) -> None:
    """In the caller's ``writing()``, after a membership ended: with the last one the contact goes."""
    db.session.flush()
    row = _row(holder_number)
    if row is not None and not _has_membership(holder_number, now):
        db.session.delete(row)
        audit.record("server", "drop_contact", "holder", holder_number, None, {}, "", now)


def forget_contacts(now: datetime) -> int:
    """The contacts of those whose last membership ran out by its date. Returns how many."""
    with writing() as session:
        lasting = select(Membership.id).where(Membership.holder_number == EmergencyContact.holder_number, _lasts(now))
        left = session.scalars(select(EmergencyContact).where(~lasting.exists())).all()
        for row in left:
            session.delete(row)
            audit.record("server", "drop_contact", "holder", row.holder_number, None, {}, "", now)
        return len(left)


def _row(holder_number: int) -> EmergencyContact | None:
    wanted = select(EmergencyContact).where(EmergencyContact.holder_number == holder_number)
    return db.session.scalars(wanted).one_or_none()


def _has_membership(holder_number: int, now: datetime) -> bool:
    own = select(Membership.id).where(Membership.holder_number == holder_number, _lasts(now))
    return db.session.scalar(own.limit(1)) is not None


def _lasts(now: datetime) -> ColumnElement[bool]:
    """In force, or still to begin."""
    return Membership.ended_at.is_(None) & or_(Membership.valid_until.is_(None), Membership.valid_until > now)
