"""What a box tells besides sessions and refusals: a problem reported or cleared, a session adopted, a list extended.

Each is kept as a row that pages ask for; what a person did at the machine stands in the journal, too, and managers are
told by mail of what a master badge did. Inside ingest's one ``writing()``; ``save`` and then ``tell`` write everything.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Connection, Table, insert

from server.audit import service as audit
from server.domain import usage
from server.domain.usage import Session
from server.instruction import signoffs
from server.jobs import service as jobs
from server.usage.models import Notice
from wire.messages import (
    EndReason,
    LatchCleared,
    ListExtended,
    ProblemReported,
    SessionAdopted,
    SignOff,
    Unattended,
)

TELL_JOB = "tell"  # ``work`` writes the letter: it knows the lab's name, its clock and everybody's language
TOLD_FOR = timedelta(hours=48)  # what is older is no news: it comes again after a restore
Told = SessionAdopted | ProblemReported | LatchCleared | ListExtended | SignOff | Unattended
_INSERT = insert(cast("Table", Notice.__table__))


class Notices:
    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._rows: list[dict[str, Any]] = []
        self._entries: list[tuple[Any, ...]] = []
        self._letters: list[dict[str, Any]] = []
        self._sign_offs: list[tuple[str, int, int, datetime, int]] = []

    @property
    def machines(self) -> set[int]:
        return {row["machine_id"] for row in self._rows}

    def add(self, body: Told, machine_id: int, event_id: int, agent: str) -> None:
        row: dict[str, Any] = {"event_id": event_id, "kind": body.KIND, "machine_id": machine_id, "seconds": None}
        row |= {"at": min(usage.moment(body.at.wall_ms), self._now), "until": None, "session": None}
        row |= {"holder_number": _about(body)}
        match body:
            case SessionAdopted():
                row |= {"session": body.session, "seconds": min(max(body.gap_s, 0), usage.LONGEST_S)}
            case ProblemReported():
                row |= {"session": body.session and body.session[: usage.UUID_LENGTH]}
                self._entries.append((f"agent:{agent}", "report_problem", body.machine, None))
            case LatchCleared():
                self._entries.append((f"holder:{body.holder}", "clear_problem", body.machine, None))
            case ListExtended():
                row |= {"until": usage.moment(min(body.until_ms, usage.LATEST_MS))}
                self._entries.append((f"holder:{body.holder}", "extend_list", body.machine, row["until"]))
                self._tell({"what": "list_extended", "event": event_id}, row["at"])
            case SignOff():
                self._sign_offs.append((body.machine, body.trainer, body.learner, row["at"], event_id))
            case Unattended():
                row |= {"session": body.session}
                self._entries.append((f"agent:{agent}", "unattended", body.machine, None))
        self._rows.append(row)

    def ended(self, session: Session) -> None:
        """The holder is told of a session that a power loss ended, managers of one that a master badge began."""
        if session.ended_at is None:
            return
        if session.end_reason == EndReason.POWER_LOSS:
            self._tell({"what": "power_loss", "session": session.id}, session.ended_at)
        if session.master:
            self._tell({"what": "master", "session": session.id}, session.ended_at)

    def started(self, session: Session) -> None:
        if session.master:
            self._tell({"what": "master", "session": session.id}, session.started_at)

    def save(self) -> None:
        if self._rows:
            self._connection.execute(_INSERT, self._rows)

    def tell(self) -> None:
        """The journal, the letters to write, and what sign-offs amount to."""
        for actor, verb, machine, until in self._entries:
            after = {} if until is None else {"until": until}
            audit.record(actor, verb, "machine", machine, None, after, "", self._now)
        for args in self._letters:
            jobs.enqueue(TELL_JOB, args, self._now)
        for sign_off in self._sign_offs:
            signoffs.take(*sign_off, self._now)

    def _tell(self, args: dict[str, Any], at: datetime) -> None:
        if self._now - at <= TOLD_FOR and args not in self._letters:
            self._letters.append(args)


def _about(body: Told) -> int | None:
    """Whom a notice is about; an adopted session says it itself."""
    match body:
        case SessionAdopted():
            return None
        case SignOff():
            return body.learner
    return body.holder
