"""A payer refuses to pay for a session, on the day it ended: nothing is deleted, its invoice waits, and staff decide.

Who may refuse is the gate's to know; here stands when. The decision itself is one about the session, as any other.
"""

from datetime import datetime, tzinfo

from sqlalchemy import select

from server.audit import service as audit
from server.billing.errors import BillingError
from server.billing.models import ChargeRefusal
from server.billing.uses import FINISHED
from server.db import expect_version, writing
from server.domain.decisions import Free
from server.domain.period import day_of
from server.jobs.service import announce
from server.usage import decisions
from server.usage.models import UsageSession


def refuse_charge(session_id: str, reason: str, *, zone: tzinfo, actor: str, now: datetime) -> None:
    """The payer does not want to pay for this session. Its invoice is held until somebody of the lab has answered."""
    if not reason.strip():
        raise BillingError("Say why: the lab decides by it, and whoever used the machine reads it.")
    with writing() as session:
        row = decisions.locked(session_id)
        if (why_not := _too_late(row, zone, now)) is not None:
            raise why_not
        if session.scalar(select(ChargeRefusal.id).where(ChargeRefusal.session_id == session_id)) is not None:
            raise BillingError("This session is refused already. The lab answers.")
        session.add(
            ChargeRefusal(session_id=session_id, payer_id=row.payer_id, refused_at=now, refused_by=actor, reason=reason)
        )
        audit.record(actor, "refuse_charge", "session", session_id, None, {}, reason, now)
        announce("session", session_id, now)


def answer_refusal(
    number: int, is_charged: bool, answer: str, *, version: int | None = None, actor: str, now: datetime
) -> None:
    """The lab's word: the session stays charged, or it is not charged, as a goodwill. Refused once it is on an invoice."""
    if not answer.strip():
        raise BillingError("Say why: the payer and whoever used the machine read it.")
    with writing() as session:
        row = session.get(ChargeRefusal, number, with_for_update=True, populate_existing=True)
        if row is None or row.answered_at is not None:
            raise BillingError("This refusal is answered already.")
        expect_version(row, version)
        if not is_charged:
            decisions.do_not_charge(row.session_id, Free.GOODWILL, answer, actor=actor, now=now)
        row.answered_at, row.is_charged, row.answer = now, is_charged, answer
        audit.record(actor, "answer_refusal", "session", row.session_id, None, {"charged": is_charged}, answer, now)
        announce("session", row.session_id, now)


def _too_late(row: UsageSession, zone: tzinfo, now: datetime) -> BillingError | None:
    if row.state not in FINISHED or row.ended_at is None:
        return BillingError("It still runs. It can be refused once it is over, on the same day.")
    if day_of(row.ended_at, zone) != day_of(now, zone):
        return BillingError("A session can be refused on the day it ended. Later, ask the lab.")
    return None
