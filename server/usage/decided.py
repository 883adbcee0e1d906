"""Checks what people decided about sessions against the audit trail: each decision is in both, and neither was changed.

A session entered by hand has no event; what was entered stands in the audit trail, and must still stand in the session.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db
from server.machines.models import Machine
from server.people.models import Payer
from server.usage.decisions import DECIDED, ENTERED_VERB, as_entered
from server.usage.models import SessionDecision, UsageSession

_Said = tuple[str, datetime, str, int | None, str | None, str]


def decisions() -> Iterator[str]:
    """Decisions that were added, changed or taken away by hand, inside ``reading()``."""
    made = Counter(map(_of_row, db.session.scalars(select(SessionDecision))))
    of_sessions = AuditEntry.object_kind == "session"
    audited = Counter(
        map(_of_entry, db.session.scalars(select(AuditEntry).where(of_sessions, AuditEntry.verb.in_(DECIDED))))
    )
    for said in (made - audited).elements():
        yield f"session {said[0]}: a decision of {said[1]:%Y-%m-%d %H:%M} is not what the audit trail says"
    for said in (audited - made).elements():
        yield f"session {said[0]}: the decision of {said[1]:%Y-%m-%d %H:%M} in the audit trail is not in the books"


def ends_given() -> dict[str, set[int]]:
    """For each session somebody has decided about, the seconds that were ever said to count."""
    given: dict[str, set[int]] = {}
    for session_id, counted_s in db.session.execute(select(SessionDecision.session_id, SessionDecision.counted_s)):
        if counted_s is not None:
            given.setdefault(session_id, set()).add(counted_s)
    return given


def entered() -> dict[str, str]:
    """Every session that was entered by hand, and what is wrong with it: nothing, where it is as it was entered."""
    is_one = (AuditEntry.object_kind == "session") & (AuditEntry.verb == ENTERED_VERB)
    rows = db.session.execute(select(AuditEntry.object_id, AuditEntry.after).where(is_one))
    said: dict[str, dict[str, Any]] = {session: after or {} for session, after in rows}
    stands = select(UsageSession, Machine.code, Payer.code).where(UsageSession.id.in_(said))
    stands = stands.join(Machine, Machine.id == UsageSession.machine_id).join(Payer, Payer.id == UsageSession.payer_id)
    found = dict.fromkeys(said, "it was entered by hand, and is not there any more")
    for row, machine, payer in db.session.execute(stands):
        now = {"machine": machine, "payer": payer, **as_entered(row)}
        differing = [name for name, value in said[row.id].items() if _kept(now.get(name)) != value]
        found[row.id] = f"not what was entered by hand: {', '.join(differing)}" if differing else ""
    return found


def _kept(value: Any) -> Any:
    """As the audit trail keeps it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _of_row(row: SessionDecision) -> _Said:
    return row.session_id, row.at, row.actor, row.counted_s, row.free, row.reason


def _of_entry(entry: AuditEntry) -> _Said:
    after: dict[str, Any] = entry.after or {}
    return entry.object_id, entry.at, entry.actor, after.get("counted_s"), after.get("free"), entry.reason
