"""The register of what people ask about their data: an answer is due within a month, and stands beside the question."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, reading, writing
from server.people.rows import holder_by_number
from server.privacy.errors import PrivacyError
from server.privacy.models import PrivacyRequest


class Asks(StrEnum):
    """Rights of the General Data Protection Regulation, articles 15 to 21."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    kind: Asks
    holder: int | None
    subject: str
    received_on: date
    due_on: date
    note: str
    answered_on: date | None
    answer: str
    version: int

    def is_late(self, today: date) -> bool:
        return self.answered_on is None and self.due_on < today


def due_date(received: date) -> date:
    """A month later: the same day, or the last one of a shorter month (art. 12(3))."""
    year, month = (received.year + 1, 1) if received.month == 12 else (received.year, received.month + 1)
    return date(year, month, min(received.day, monthrange(year, month)[1]))


def enter(
    kind: Asks, holder: int | None, subject: str, received: date, note: str, *, today: date, actor: str, now: datetime
) -> int:
    """Note a request. Of a holder by number; of anybody else as they call themselves."""
    if holder is None and not subject.strip():
        raise PrivacyError("Say who asks: a person of the lab, or a name.")
    if received > today:
        raise PrivacyError("A request cannot be received after today.")
    with writing() as session:
        if holder is not None:
            holder_by_number(holder)
        row = PrivacyRequest(kind=kind.value, holder_number=holder, subject="" if holder else subject.strip(), by=actor)
        row.received_on, row.due_on, row.note, row.answer = received, due_date(received), note.strip(), ""
        session.add(row)
        session.flush()
        said = {"kind": kind.value, "received_on": received, "due_on": row.due_on}
        audit.record(actor, "enter", "privacy_request", row.id, None, said, "", now)
        return row.id


def answer(number: int, text: str, *, today: date, version: int | None = None, actor: str, now: datetime) -> None:
    with writing() as session:
        row = session.get(PrivacyRequest, number, with_for_update=True)
        if row is None or row.answered_on is not None:
            raise PrivacyError("This request is answered already.")
        expect_version(row, version)
        if not text.strip():
            raise PrivacyError("Say what was answered.")
        row.answered_on, row.answer = today, text.strip()
        audit.record(actor, "answer", "privacy_request", number, None, {"answered_on": today}, "", now)


def requests(holder: int | None = None) -> list[Request]:
    """Those that wait for an answer first, the nearest due date on top."""
    wanted = select(PrivacyRequest).order_by(PrivacyRequest.answered_on.is_not(None), PrivacyRequest.due_on)
    with reading() as session:
        found = [_request(row) for row in session.scalars(wanted)]
    return [one for one in found if holder is None or one.holder == holder]


def request(number: int) -> Request | None:
    with reading():
        row = db.session.get(PrivacyRequest, number)
        return None if row is None else _request(row)


def _request(row: PrivacyRequest) -> Request:
    asked = (row.received_on, row.due_on, row.note, row.answered_on, row.answer, row.version)
    return Request(row.id, Asks(row.kind), row.holder_number, row.subject, *asked)
