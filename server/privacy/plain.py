"""Rows that simply go when their time is over: old badges, bookings, the journal, mails, logins, looks, answered requests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select

from server.accounts.models import AccountLink, RecoveryCode, WebSession
from server.audit.models import AuditEntry
from server.bookings.models import Booking
from server.collecting.models import DocumentMail
from server.db import reading, writing
from server.domain.period import day_of
from server.domain.retention import Kept
from server.handouts.models import Handout, HandoutLine, HandoutTap
from server.jobs import service as jobs
from server.mail.models import Mail
from server.people.models import Token
from server.privacy.models import PrivacyRequest, TraceView
from server.privacy.night import AT_ONCE, Night, Waiting
from server.training.models import Qualification
from server.usage.decisions import DECIDED, ENTERED_VERB

# What the journal says of these is part of the books: it stays with the documents it explains.
_OF_THE_BOOKS = (
    *("document", "period", "month", "tariff", "vat_cell", "seller", "establishment", "payer", "tenant"),
    *("payment", "reference_rate", "account_rule"),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table. ``over`` says which; ``since`` is the moment the oldest is told by; ``key`` names a row."""

    key: Any
    since: Any
    over: Callable[[Night], ColumnElement[bool]]
    topic: str = ""  # what is announced when some go

    def waiting(self, night: Night) -> Waiting:
        with reading() as session:
            rows, oldest = session.execute(select(func.count(), func.min(self.since)).where(self.over(night))).one()
        return Waiting(rows, oldest if isinstance(oldest, datetime) else None)

    def step(self, night: Night) -> int:
        with reading() as session:
            found = list(session.scalars(select(self.key).where(self.over(night)).limit(AT_ONCE)))
        if not found:
            return 0
        with writing() as session:
            keys = list(session.scalars(select(self.key).where(self.key.in_(found), self.over(night))))
            session.execute(delete(self.key.class_).where(self.key.in_(keys)))
            if keys and self.topic:
                jobs.announce(self.topic, "retention", night.now)
        return len(keys)


@dataclass(frozen=True, slots=True)
class Several:
    """Tables that go together, as one class."""

    parts: tuple[Rows, ...]

    def waiting(self, night: Night) -> Waiting:
        found = [part.waiting(night) for part in self.parts]
        oldest = min((one.oldest for one in found if one.oldest is not None), default=None)
        return Waiting(sum(one.rows for one in found), oldest)

    def step(self, night: Night) -> int:
        return next((gone for part in self.parts if (gone := part.step(night))), 0)


def _tokens(night: Night) -> ColumnElement[bool]:
    before = night.over_before(Kept.TOKENS)
    is_over = or_(Token.returned_at < before, and_(Token.returned_at.is_(None), Token.blocked_at < before))
    return and_(is_over, night.held().free(Token.holder_number))


def _handout_taps(night: Night) -> ColumnElement[bool]:
    free = night.held().free(HandoutTap.holder_number, HandoutTap.machine, HandoutTap.at)
    return and_(HandoutTap.at < night.over_before(Kept.TOKENS), free)


def _handout_lines(night: Night) -> ColumnElement[bool]:
    """Of hand-outs that were put away; their taps go first."""
    over = select(Handout.id).where(Handout.ended_at < night.over_before(Kept.TOKENS))
    tapped = exists().where(HandoutTap.line_id == HandoutLine.id)
    return and_(HandoutLine.handout_id.in_(over), ~tapped, night.held().free(HandoutLine.holder_number))


def _bookings(night: Night) -> ColumnElement[bool]:
    """An outage has no person and stays."""
    free = night.held().free(Booking.holder_number, Booking.machine_id, Booking.ends)
    return and_(Booking.holder_number.is_not(None), Booking.ends < night.over_before(Kept.BOOKINGS), free)


def _audit(night: Night) -> ColumnElement[bool]:
    """Without what explains a document, without who was qualified by whom, without what is held."""
    kind, about = AuditEntry.object_kind, AuditEntry.object_id
    decided = and_(kind == "session", AuditEntry.verb.in_((*DECIDED, ENTERED_VERB)))
    trained = and_(kind == "qualification", exists().where(Qualification.ref == about))
    books = or_(kind.in_(_OF_THE_BOOKS), decided, trained)
    return and_(AuditEntry.at < night.over_before(Kept.AUDIT), ~books, _free_entries(night))


def _free_entries(night: Night) -> ColumnElement[bool]:
    held = night.held()
    tokens = select(Token.ref).where(Token.holder_number.in_(held.holders))
    of_people = or_(
        and_(AuditEntry.object_kind == "holder", AuditEntry.object_id.in_([str(one) for one in held.holders])),
        and_(AuditEntry.object_kind == "token", AuditEntry.object_id.in_(tokens)),
    )
    at_machines = or_(AuditEntry.object_kind != "machine", held.free(None, AuditEntry.object_id, AuditEntry.at))
    return and_(~of_people, at_machines)


def _mails(night: Night) -> ColumnElement[bool]:
    return Mail.written_at < night.over_before(Kept.MAILS)


def _document_mails(night: Night) -> ColumnElement[bool]:
    """To whom documents went, and whether they arrived."""
    return DocumentMail.asked_at < night.over_before(Kept.MAILS)


def _logins(night: Night) -> ColumnElement[bool]:
    return WebSession.seen_at < night.over_before(Kept.LOGINS)


def _links(night: Night) -> ColumnElement[bool]:
    before = night.over_before(Kept.LOGINS)
    return and_(AccountLink.made_at < before, AccountLink.expires_at < night.now)


def _codes(night: Night) -> ColumnElement[bool]:
    return RecoveryCode.used_at < night.over_before(Kept.LOGINS)


def _views(night: Night) -> ColumnElement[bool]:
    return and_(TraceView.at < night.over_before(Kept.VIEWS), night.held().free(TraceView.holder_number))


def _requests(night: Night) -> ColumnElement[bool]:
    return PrivacyRequest.answered_on < day_of(night.over_before(Kept.REQUESTS), night.place.zone)


TOKENS = Several(
    (
        Rows(Token.id, Token.returned_at, _tokens, topic="access"),
        Rows(HandoutTap.event_id, HandoutTap.at, _handout_taps),
        Rows(HandoutLine.id, HandoutLine.given_at, _handout_lines),
    )
)
BOOKINGS = Rows(Booking.id, Booking.ends, _bookings)
AUDIT = Rows(AuditEntry.id, AuditEntry.at, _audit)
MAILS = Several(
    (
        Rows(Mail.id, Mail.written_at, _mails),
        Rows(DocumentMail.id, DocumentMail.asked_at, _document_mails),
    )
)
LOGINS = Several(
    (
        Rows(WebSession.id, WebSession.seen_at, _logins),
        Rows(AccountLink.id, AccountLink.made_at, _links),
        Rows(RecoveryCode.id, RecoveryCode.used_at, _codes),
    )
)
VIEWS = Rows(TraceView.id, TraceView.at, _views)
REQUESTS = Rows(PrivacyRequest.id, PrivacyRequest.answered_on, _requests)
