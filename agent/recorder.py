"""Writing while the disk works, and holding back in memory while it does not: nothing is lost but by a power cut then.

A job that was held back is written in its turn, before anything newer.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.state import State, StateUnwritable, Transaction
from wire.messages import Body, Gap, SessionEnded, Stamp

RETRY_MS = 5_000
AGAIN_MS = 500  # after an error of ours
log = logging.getLogger(__name__)
Work = Callable[[Transaction], Sequence[int]]  # returns the numbers of the events it appended


@dataclass(frozen=True, slots=True)
class Job:
    """``late`` is done instead of ``work`` once it was held back. Of held jobs with one ``key`` only the newest counts."""

    work: Work
    late: Work
    after: Callable[[Sequence[int], Stamp], None]
    key: str | None = None


# writes nothing, and so finds out whether the disk works again
_PROBE = Job(lambda transaction: (), lambda transaction: (), lambda numbers, now: None, "probe")


class Recorder:
    """``tell`` hears what is wrong with the disk when that begins, and None when it is over."""

    def __init__(self, state: State, tell: Callable[[str | None, Stamp], None]) -> None:
        self._state = state
        self._tell = tell
        self._held: deque[Job] = deque()
        self._tried_ms = 0

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def retry_ms(self) -> int | None:
        """When (mono ms) to try again what is held back."""
        return self._tried_ms + RETRY_MS if self._held else None

    def must(self, now: Stamp, work: Work) -> None:
        """Write now, or raise StateUnwritable: for what must be on disk before anything else happens."""
        if self._held:
            raise StateUnwritable("older records are not on disk yet")
        try:
            self._state.write(now.wall_ms, work)
        except StateUnwritable as error:
            self._begin_holding(_PROBE, error, now)
            raise

    def put(self, now: Stamp, job: Job) -> None:
        """Write now, or as soon as the disk takes it."""
        if self._held:
            self._hold(job)
            return
        try:
            numbers = self._state.write(now.wall_ms, job.work)
        except StateUnwritable as error:
            self._begin_holding(job, error, now)
        except Exception:  # our own fault, and nothing of it is stored: an end is worth a second try
            self._hold(job)
            self._tried_ms = now.mono_ms - RETRY_MS + AGAIN_MS
            raise
        else:
            job.after(numbers, now)

    def retry(self, now: Stamp) -> None:
        """Write what is held back, in order, as far as the disk takes it."""
        self._tried_ms = now.mono_ms
        while self._held:
            try:
                numbers = self._state.write(now.wall_ms, self._held[0].late)
            except StateUnwritable:
                return
            except Exception:
                log.exception("our own fault, a second time: this record is given up, so that the others get through")
                self._held.popleft()
                continue
            self._held.popleft().after(numbers, now)
        self._tell(None, now)

    def _begin_holding(self, job: Job, error: StateUnwritable, now: Stamp) -> None:
        self._hold(job)
        self._tried_ms = now.mono_ms
        self._tell(str(error), now)

    def _hold(self, job: Job) -> None:
        if job.key is not None:
            self._held = deque(one for one in self._held if one.key != job.key)
        self._held.append(job)


# --- jobs of the main loop ----------------------------------------------------------------------------------------------


def append(events: Sequence[Body], transaction: Transaction) -> list[int]:
    return [transaction.append(event) for event in events]


def ended(event: SessionEnded, machine_id: str, transaction: Transaction) -> list[int]:
    """The end of a session that is no longer there to end itself."""
    transaction.drop_running(machine_id)
    return [transaction.append(event)]


def receipted(through: int, transaction: Transaction) -> list[int]:
    transaction.receipt(through)
    return []


def renewed(after: int, gap: Gap, transaction: Transaction) -> list[int]:
    transaction.renew_outbox(after)
    return [transaction.append(gap)]


def forget_old(transaction: Transaction) -> list[int]:
    transaction.forget_old()
    return []
