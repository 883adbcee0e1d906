"""What the platform for e-invoices says of a document, typed in as it comes: deposited, rejected, refused, cashed.

The four states that a platform must pass on. Rejected (by the platform) and refused (by the buyer) end an invoice: it stays in its
series, a credit note takes it back, and what it was for is invoiced anew under a new number.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import Document, PlatformState
from server.db import db, reading, writing
from server.jobs import service as jobs


class State(StrEnum):
    DEPOSITED = "deposited"
    REJECTED = "rejected"
    REFUSED = "refused"
    CASHED = "cashed"


ENDS = frozenset({State.REJECTED, State.REFUSED})


def note_state(number: str, state: State, day: date, words: str, *, today: date, actor: str, now: datetime) -> None:
    """Add what was said. Refused where it cannot be: before the document, in the future, or after the end of it."""
    with writing() as session:
        document = session.scalar(select(Document).where(Document.number == number).with_for_update())
        if document is None or document.kind == "statement":
            raise BillingError("There is no invoice or credit note %(number)s.", number=number)
        if not document.issued_on <= day <= today:
            raise BillingError("That day must lie between the issue of the document and today.")
        last = _last(document.id)
        if last is not None and last.state in ENDS:
            raise BillingError("It is %(state)s: it can only be taken back by a credit note.", state=last.state)
        if state in ENDS and not words.strip():
            raise BillingError("Type in the reason as the platform gives it.")
        said = {"state": state.value, "day": day, "words": words.strip()}
        session.add(PlatformState(document_id=document.id, by=actor, at=now, **said))
        before = None if last is None else {"state": last.state}
        audit.record(actor, "platform", "document", number, before, {"state": state.value}, words.strip(), now)
        jobs.announce("document", number, now)


def states_of(number: str) -> list[PlatformState]:
    """All that was said of a document, in order."""
    wanted = select(PlatformState).join(Document, Document.id == PlatformState.document_id)
    with reading() as session:
        return list(session.scalars(wanted.where(Document.number == number).order_by(PlatformState.id)))


def _last(document_id: int) -> PlatformState | None:
    own = select(PlatformState).where(PlatformState.document_id == document_id)
    found: PlatformState | None = db.session.scalar(own.order_by(PlatformState.id.desc()).limit(1))
    return found
