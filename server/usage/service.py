"""What the events of the agents amount to: sessions, refusals, revocations learnt again, and the live board.

Ingest decides what is new and keeps the evidence; here each kind of event is given its meaning. An event that cannot
be used is answered with the reason in words, and ingest keeps it raw.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, insert, select

from server.db import reading, writing
from server.domain import usage
from server.domain.usage import Session, SessionState
from server.jobs.service import announce, announce_all
from server.machines.models import Machine, MachineLive
from server.people import service as people
from server.people.models import Payer
from server.training.uses import Use, note_uses
from server.usage import live, recovery, sessions
from server.usage.counts import Count, Tally
from server.usage.live import Board
from server.usage.models import Denial, UsageSession
from server.usage.notices import Notices, Told
from server.usage.sessions import Sessions
from wire.messages import (
    AccessDenied,
    AgentStarted,
    Body,
    Checkpoint,
    Fault,
    Gap,
    LatchCleared,
    ListExtended,
    ProblemReported,
    RevocationsInForce,
    SessionAdopted,
    SessionEnded,
    SessionStarted,
    SignOff,
    TokenRekeyed,
    Unattended,
)

_NEWS = AccessDenied | AgentStarted | Fault | Gap | Told  # shown on the board, but no state of a machine
SILENT_AFTER = timedelta(hours=2)  # two hourly checkpoints that did not come
_TOKEN_LENGTH, _KEY_ID_LENGTH = 32, 20
_LATEST = select(UsageSession.started_at).where(UsageSession.machine_id == Machine.id)
_LATEST = _LATEST.order_by(UsageSession.started_at.desc()).limit(1).correlate(Machine)
_MACHINES = select(Machine.code, Machine.id, Machine.agent_id, _LATEST.scalar_subquery(), *live.COLUMNS)
_MACHINES = _MACHINES.outerjoin(MachineLive, MachineLive.machine_id == Machine.id)
_MACHINES = _MACHINES.where(Machine.code.in_(bindparam("codes", expanding=True)))
_PAYERS = select(Payer.code, Payer.id).where(Payer.code.in_(bindparam("codes", expanding=True)))
_DENY = insert(cast("Table", Denial.__table__))


LiveKeys = Callable[[], Sequence[str]]  # names of the site keys that hold, newest first


class MachineRef(NamedTuple):
    id: int
    agent_id: int


class Source(NamedTuple):
    """Where an event came from."""

    event_id: int
    agent: str
    agent_id: int
    simulated: bool


class Usage:
    """What one batch of events touches, loaded together and written together, inside one ``writing()``."""

    def __init__(
        self, connection: Connection, bodies: Iterable[Body], now: datetime, tally: Tally, keys: LiveKeys
    ) -> None:
        self._connection = connection
        self.now = now
        self._tally = tally
        self._denials: list[dict[str, Any]] = []
        bodies = list(bodies)
        self._live_keys = keys() if any(isinstance(body, TokenRekeyed) for body in bodies) else ()
        self._news = any(isinstance(body, _NEWS) for body in bodies)
        codes = {code for body in bodies for code in _machine_codes(body)}
        machines = connection.execute(_MACHINES, {"codes": list(codes)}).all() if codes else []
        self._machines = {code: MachineRef(id_, agent) for code, id_, agent, *_ in machines}
        latest = {id_: started_at for _, id_, _, started_at, *_ in machines}
        payers = {body.payer for body in bodies if isinstance(body, SessionStarted | SessionEnded)}
        self._payers = dict(connection.execute(_PAYERS, {"codes": list(payers)}).all()) if payers else {}
        self._sessions = Sessions(connection, {session for body in bodies for session in _session_ids(body)}, latest)
        self._board = Board(connection, (row[4:] for row in machines), now)
        self._notices = Notices(connection, now)
        self._uses: list[Use] = []

    def apply(self, body: Body, source: Source) -> str | None:
        """Give one event its meaning. Returns why it cannot be used, in words, or None."""
        match body:
            case SessionStarted():
                return self._start(body, source)
            case SessionEnded():
                return usage.nonsense(body) or self._end(body, source)
            case AccessDenied():
                return self._deny(body, source)
            case Checkpoint():
                for running in body.running:
                    self._sessions.confirm(running.session, running.occupied_s)
            case SessionAdopted() | ProblemReported() | LatchCleared() | ListExtended() | SignOff() | Unattended():
                return self._notice(body, source)
            case RevocationsInForce() | Gap() | TokenRekeyed():
                return self._note(body, source)
        return None  # faults and starts of an agent are evidence only

    def save(self) -> None:
        """Write everything, and announce each session and machine that was touched, once."""
        self._sessions.save()
        self._board.save()
        if self._denials:
            self._connection.execute(_DENY, self._denials)
        self._notices.save()
        turned = self._board.turned | set(self._sessions.touched.values()) | self._notices.machines
        changes = [("session", session_id) for session_id in self._sessions.touched]
        changes += [("machine", code) for code, machine in self._machines.items() if machine.id in turned]
        changes += [("ingest", "news")] if self._news else []
        announce_all(changes, self.now)

    def tell(self) -> None:
        """What follows from it for people, once everything is written."""
        self._notices.tell()
        note_uses(self._uses, self.now)

    def _start(self, body: SessionStarted, source: Source) -> str | None:
        known = self._known(body)
        if isinstance(known, str):
            return known
        session = usage.started(body, known[0].id, known[1], source.simulated)
        if self._sessions.start(session):
            self._board.runs(session)
            self._notices.started(session)
        self._note_owner(known[0], source)
        return None

    def _end(self, body: SessionEnded, source: Source) -> str | None:
        known = self._known(body)
        if isinstance(known, str):
            return known
        session = usage.ended(body, known[0].id, known[1], source.simulated, self.now)
        if self._sessions.end(session):
            self._board.rests(session)
            self._notices.ended(session)
            self._uses.append(Use(session.holder_number, session.machine_id, session.ended_at or self.now))
        else:
            self._tally.note(Count.SECOND_END, body.session)
        self._note_owner(known[0], source)
        return None

    def _deny(self, body: AccessDenied, source: Source) -> str | None:
        machine = self._machines.get(body.machine)
        if machine is None:
            return f"unknown machine {body.machine!r}"
        if len(body.token) > _TOKEN_LENGTH:
            return "token longer than a fingerprint"
        self._denials.append(
            {
                "event_id": source.event_id,
                "machine_id": machine.id,
                "holder_number": body.holder,
                "token": body.token,
                "reasons": [str(reason) for reason in body.reasons],
                "key_id": body.key_id[:_KEY_ID_LENGTH],
                "at": usage.moment(body.at.wall_ms),
                "enforced": body.enforced,
            }
        )
        self._note_owner(machine, source)
        return None

    def _note(self, body: RevocationsInForce | Gap | TokenRekeyed, source: Source) -> str | None:
        match body:
            case Gap():
                self._tally.note(Count.GAP, source.agent)
            case RevocationsInForce():
                self._tally.note(Count.RECOVERED, source.agent, recovery.recover(body.revoked, source.agent, self.now))
            case TokenRekeyed():
                return self._rekey(body, source)
        return None

    def _notice(self, body: Told, source: Source) -> str | None:
        machine = self._machines.get(body.machine)
        if machine is None:
            return f"unknown machine {body.machine!r}"
        self._notices.add(body, machine.id, source.event_id, source.agent)
        self._note_owner(machine, source)
        return None

    def _rekey(self, body: TokenRekeyed, source: Source) -> str | None:
        if max(len(body.old), len(body.new)) > _TOKEN_LENGTH or not 0 < len(body.key_id) <= _KEY_ID_LENGTH:
            return "not a fingerprint and the name of a key"
        if body.key_id not in self._live_keys:
            self._tally.note(Count.FOREIGN_KEY, f"{source.agent}: {body.key_id}")
            return None
        by: Any = {"actor": f"agent:{source.agent}", "now": self.now}
        people.rekey_token(body.old, body.new, body.key_id, self._live_keys, **by)
        return None

    def _known(self, body: SessionStarted | SessionEnded) -> tuple[MachineRef, int] | str:
        """The machine and the payer an event names, or which of them is unknown."""
        machine, payer = self._machines.get(body.machine), self._payers.get(body.payer)
        if machine is None:
            return f"unknown machine {body.machine!r}"
        return f"unknown payer {body.payer!r}" if payer is None else (machine, payer)

    def _note_owner(self, machine: MachineRef, source: Source) -> None:
        if machine.agent_id != source.agent_id:
            self._tally.note(Count.FOREIGN_MACHINE, source.agent)


def open_sessions() -> list[Session]:
    """Sessions whose end has not arrived, by start. ``occupied_s`` is their last known second."""
    with reading():
        return sessions.read(sessions.IS_OPEN)


def close_silent(before: datetime, now: datetime) -> list[str]:
    """Close provisionally, when a month is closed, each open session last heard of before ``before`` and silent since:
    one that goes on reports every hour. Returns their ids. The real end replaces it when it comes."""
    with writing() as session:
        silent = [s for s in sessions.read(sessions.IS_OPEN) if s.last_known_at < min(before, now - SILENT_AFTER)]
        for closed in map(usage.closed, silent):
            row = session.get_one(UsageSession, closed.id)
            row.state, row.ended_at = SessionState.PROVISIONAL, closed.ended_at
            announce("session", closed.id, now)
    return [closed.id for closed in silent]


def _machine_codes(body: Body) -> tuple[str, ...]:
    match body:
        case SessionStarted() | SessionEnded() | AccessDenied():
            return (body.machine,)
        case SessionAdopted() | ProblemReported() | LatchCleared() | ListExtended() | SignOff() | Unattended():
            return (body.machine,)
        case Checkpoint():
            return tuple(running.machine for running in body.running)
    return ()


def _session_ids(body: Body) -> tuple[str, ...]:
    match body:
        case SessionStarted() | SessionEnded():
            return (body.session,)
        case Checkpoint():
            return tuple(running.session for running in body.running)
    return ()
