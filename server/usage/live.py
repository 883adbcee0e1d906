"""What the live board shows of each machine: turned by session events at once, and by each status of its agent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from server.domain.usage import Session, milliseconds, moment
from server.machines.models import MachineLive
from wire.messages import MachineState, MachineStatus

_TABLE: Any = MachineLive.__table__
_NAMES = (
    *("machine_id", "state", "since", "session", "checkpoint_s", "latched", "faults", "seen_at"),
    *("problem", "running", "proven_open_at", "lacks"),
)
COLUMNS = tuple(_TABLE.c[name] for name in _NAMES)  # read along with the machines; empty for one never heard of
_INSERT = insert(_TABLE)
_UPDATE = update(_TABLE).where(_TABLE.c.machine_id == bindparam("key"))
_UPDATE = _UPDATE.values({name: bindparam(name) for name in _NAMES if name != "machine_id"})


@dataclass(frozen=True, slots=True)
class Shown:
    """One machine as the board shows it."""

    machine_id: int
    state: str
    since: datetime
    session: str | None
    checkpoint_s: int | None
    latched: bool
    faults: list[str]
    seen_at: datetime
    problem: bool = False
    running: bool | None = None
    proven_open_at: datetime | None = None
    lacks: list[str] = field(default_factory=list)


class Board:
    """The rows (``COLUMNS``) of the machines that one batch touches. An older word never overwrites a newer one."""

    def __init__(self, connection: Connection, rows: Iterable[Sequence[Any]], now: datetime) -> None:
        self._connection = connection
        shown = (Shown(*row) for row in rows)
        self._rows = {one.machine_id: one for one in shown if one.machine_id is not None}
        self._stored = frozenset(self._rows)
        self._now = now
        self.turned: set[int] = set()  # machines that look different now

    def runs(self, session: Session) -> None:
        self._turn(session.machine_id, MachineState.RUNNING, session.started_at, session.id)

    def rests(self, session: Session) -> None:
        """The session is over. A machine that runs a later one is left alone."""
        row = self._rows.get(session.machine_id)
        its_own = row is None or row.session in (None, session.id) or row.since <= session.started_at
        if session.ended_at is not None and its_own:
            self._turn(session.machine_id, MachineState.IDLE, session.ended_at, None)

    def reports(self, machine_id: int, status: MachineStatus, at: datetime | None) -> None:
        """Take over what the agent says, unless it said so (``at``) before the last thing we know. None: a new boot."""
        row = self._rows.get(machine_id)
        if row is not None and at is not None and row.since > at:
            return
        since = min(moment(status.since_ms), self._now)
        faults = list(status.faults)
        shown = (status.state[:20], since, status.session, status.checkpoint_s, status.latched, faults, self._now)
        proven = self._proven(row, status.proven_open_ms)
        self._put(Shown(machine_id, *shown, status.problem, status.running, proven, list(status.lacks)))

    def save(self) -> None:
        changed = [self._rows[machine_id] for machine_id in sorted(self.turned)]
        fresh = [_row(shown, "machine_id") for shown in changed if shown.machine_id not in self._stored]
        stored = [_row(shown, "key") for shown in changed if shown.machine_id in self._stored]
        if fresh:
            self._connection.execute(_INSERT, fresh)
        if stored:
            self._connection.execute(_UPDATE, stored)

    def _turn(self, machine_id: int, state: MachineState, at: datetime, session: str | None) -> None:
        since = min(at, self._now)
        row = self._rows.get(machine_id) or Shown(machine_id, "", since, None, None, False, [], self._now)
        if row.since > since:
            return
        seconds = None if session is None else 0
        turned = replace(row, state=state.value, since=since, session=session, checkpoint_s=seconds, seen_at=self._now)
        self._put(replace(turned, running=None))

    def _proven(self, row: Shown | None, proven_ms: int | None) -> datetime | None:
        """The later of what is known and what is said: a new box does not take a proof away, nor date one ahead."""
        said = None if proven_ms is None else moment(min(max(proven_ms, 0), milliseconds(self._now)))
        known = row.proven_open_at if row is not None else None
        return max((at for at in (said, known) if at is not None), default=None)

    def _put(self, shown: Shown) -> None:
        before = self._rows.get(shown.machine_id)
        if before is None or replace(before, seen_at=shown.seen_at) != shown:
            self.turned.add(shown.machine_id)
            self._rows[shown.machine_id] = shown


def _row(shown: Shown, key: str) -> dict[str, Any]:
    row = {name: getattr(shown, name) for name in _NAMES}
    row[key] = row.pop("machine_id")
    return row
