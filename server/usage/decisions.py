"""What staff decide about sessions: until when a forgotten one counts, what is not charged, and one entered by hand.

What was measured stays as it was measured. A decision is a row of its own with its reason; rows are only added, and the
newest one counts. Every function runs inside ``writing()``, audits, and announces the session. What is decided after a charge
was issued becomes an adjustment on the next document (``server.billing.adjusting``).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, func, or_, select

from server.audit import service as audit
from server.db import Stale, db, writing
from server.domain.decisions import AS_MEASURED, BY_HAND, ENTERED, Decision, Free, seconds_until, sensible
from server.domain.refusals import Refusal
from server.domain.usage import SessionState
from server.jobs.service import announce
from server.machines.models import Machine
from server.machines.service import machine_by_code
from server.people.models import Holder, Membership, Payer
from server.usage import sessions
from server.usage.models import SessionDecision, UsageSession

DECIDED = ("correct_end", "count_as_measured", "do_not_charge", "charge_again", "adopt")  # verbs of the audit trail
ENTERED_VERB = "enter"


class DecisionError(Refusal):
    """What was asked cannot be done with this session, in a sentence for the one who asked."""


def correct_end(
    session_id: str, ended_at: datetime, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    """A forgotten session counts until ``ended_at`` only. One that is still open is closed there for now; its real end
    replaces what was measured when it comes, and this decision stays."""
    with writing():
        row = locked(session_id)
        (known,) = sessions.read(UsageSession.id == session_id)
        seconds = seconds_until(known, ended_at, now)
        _decide(row, "correct_end", version, reason, actor, now, counted_s=seconds)
        if row.state != SessionState.ENDED:
            row.state, row.ended_at = SessionState.PROVISIONAL.value, row.started_at + timedelta(seconds=seconds)


def count_as_measured(session_id: str, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    """All that was measured counts again."""
    with writing():
        _decide(locked(session_id), "count_as_measured", version, reason, actor, now, counted_s=None)


def do_not_charge(
    session_id: str, free: str, reason: str, version: int | None = None, *, actor: str, now: datetime
) -> None:
    """The session stays in sight and comes to 0, for this reason."""
    with writing():
        _decide(locked(session_id), "do_not_charge", version, reason, actor, now, free=Free(free).value)


def charge_again(session_id: str, reason: str, version: int | None = None, *, actor: str, now: datetime) -> None:
    with writing():
        _decide(locked(session_id), "charge_again", version, reason, actor, now, free=None)


def enter_by_hand(
    machine: str,
    holder: int,
    payer: str,
    start: datetime,
    end: datetime,
    reason: str,
    *,
    simulated: bool,
    actor: str,
    now: datetime,
) -> str:
    """A use that no agent has told of. Returns its id. ``simulated``: in the demo, whose invoices are specimens."""
    _say_why(reason)
    sensible(start, end, now)
    seconds = int((end - start).total_seconds())
    with writing() as session:
        switched = machine_by_code(machine)
        _free_at(switched, start, end)
        row = UsageSession(
            id=str(uuid4()),
            machine_id=switched.id,
            holder_number=holder,
            payer_id=_payer_of(holder, payer, start).id,
            state=SessionState.ENDED.value,
            started_at=start.astimezone(UTC),
            ended_at=end.astimezone(UTC),
            occupied_s=seconds,
            powered_s=seconds,
            end_reason=ENTERED,
            time_quality=BY_HAND,
            revision=0,
            simulated=simulated,
        )
        session.add(row)
        session.flush()
        said = {"machine": machine, "payer": payer, **as_entered(row)}
        audit.record(actor, ENTERED_VERB, "session", row.id, None, said, reason, now)
        announce("session", row.id, now)
        announce("machine", machine, now)
    return row.id


def newest(*conditions: ColumnElement[bool]) -> dict[str, Decision]:
    """What counts now of each session that somebody has decided about, of those that fit; inside ``reading()``."""
    wanted = select(SessionDecision.session_id, SessionDecision.counted_s, SessionDecision.free)
    wanted = wanted.join(UsageSession, UsageSession.id == SessionDecision.session_id).where(*conditions)
    rows = db.session.execute(wanted.order_by(SessionDecision.id))
    return {session_id: Decision(counted_s, free) for session_id, counted_s, free in rows}


def adopt(session_id: str, decision: Decision, reason: str, *, actor: str, now: datetime) -> None:
    """After a restore: a decision that an issued document tells of and the books have lost. The session may be lost, too."""
    with writing() as session:
        of_it = SessionDecision.session_id == session_id
        last = session.scalars(
            select(SessionDecision).where(of_it).order_by(SessionDecision.id.desc()).limit(1)
        ).first()
        if last is None or Decision(last.counted_s, last.free) != decision:
            _add(session_id, "adopt", AS_MEASURED, decision, reason, actor, now)


def locked(session_id: str) -> UsageSession:
    """The session, so that nobody else decides about it or charges it until this transaction is over."""
    row: UsageSession | None = db.session.get(UsageSession, session_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise DecisionError("There is no session %(session)s.", session=session_id)
    return row


def as_entered(row: UsageSession) -> dict[str, Any]:
    """What the audit trail keeps of a session entered by hand, to check it by."""
    names = (
        "holder_number",
        "state",
        "started_at",
        "ended_at",
        "occupied_s",
        "end_reason",
        "time_quality",
        "simulated",
    )
    return {name: getattr(row, name) for name in names}


def _decide(
    row: UsageSession, verb: str, version: int | None, reason: str, actor: str, now: datetime, **changed: Any
) -> None:
    """Add the decision that follows from the one before. ``version``: how many there were when it was taken."""
    _say_why(reason)
    rows = select(SessionDecision).where(SessionDecision.session_id == row.id).order_by(SessionDecision.id)
    earlier = db.session.scalars(rows).all()
    if version is not None and version != len(earlier):
        raise Stale
    before = Decision(earlier[-1].counted_s, earlier[-1].free) if earlier else AS_MEASURED
    _add(row.id, verb, before, replace(before, **changed), reason, actor, now)


def _add(session_id: str, verb: str, before: Decision, after: Decision, reason: str, actor: str, now: datetime) -> None:
    decided = {"counted_s": after.counted_s, "free": after.free}
    db.session.add(SessionDecision(session_id=session_id, at=now, actor=actor, reason=reason, **decided))
    was = {"counted_s": before.counted_s, "free": before.free}
    audit.record(actor, verb, "session", session_id, was, decided, reason, now)
    announce("session", session_id, now)


def _say_why(reason: str) -> None:
    if not reason.strip():
        raise DecisionError("Say why: the reason stands beside the decision for ever.")


def _free_at(machine: Machine, start: datetime, end: datetime) -> None:
    """Refuse a time in which somebody else is known to have been at the machine."""
    there = (UsageSession.machine_id == machine.id) & (UsageSession.started_at < end)
    still_there = or_(UsageSession.ended_at.is_(None), UsageSession.ended_at > start)
    taken = select(func.min(UsageSession.started_at)).where(there, still_there)
    if db.session.scalar(taken) is not None:
        raise DecisionError(
            "%(machine)s was in use then: there is a session in that time already.", machine=machine.name
        )


def _payer_of(holder: int, code: str, at: datetime) -> Payer:
    """The payer, where this holder's membership lets him charge it on that day."""
    if db.session.get(Holder, holder) is None:
        raise DecisionError("There is no holder %(holder)s.", holder=holder)
    payer: Payer | None = db.session.scalar(select(Payer).where(Payer.code == code))
    if payer is None:
        raise DecisionError("There is no payer %(payer)s.", payer=code)
    tie = select(Membership.id).where(Membership.holder_number == holder, Membership.tenant_id == payer.tenant_id)
    began = Membership.valid_from <= at
    goes_on = or_(Membership.valid_until.is_(None), Membership.valid_until > at)
    not_ended = or_(Membership.ended_at.is_(None), Membership.ended_at > at)
    if db.session.scalar(tie.where(began, goes_on, not_ended).limit(1)) is None:
        raise DecisionError(
            "This person had no membership of %(payer)s then: nobody is billed by guess.", payer=payer.label
        )
    return payer
