"""The job that keeps what the notice promises: every night what is over goes, in many short transactions.

It goes by what stands in the tables alone, so that it may be interrupted anywhere, run twice, or run by hand: what is gone is
not counted again, and what is left goes the next time. Books, evidence and charges stay right: ``verify-ledger`` says so.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import func, select

from server.billing.models import Document
from server.db import reading, writing
from server.domain.period import day_of, day_start
from server.domain.retention import Kept
from server.jobs import service as jobs
from server.jobs.models import Job
from server.privacy import files, leavers, messages, plain, refusals, traces
from server.privacy.models import RetentionRun
from server.privacy.night import NOTHING, Night, Place, Sweep, Waiting, night_of
from server.privacy.rules import InForce, rules

JOB = "retention"
BY_NIGHT = "prolab"
_NIGHT_HOUR = timedelta(hours=3)  # on the lab's clock: machines stand still, and backups are taken later
_STEPS_A_RUN = 5000  # then the job comes again: nothing else waits for it longer


class _Records(NamedTuple):
    """The two sweeps of leavers, under the names every class has."""

    waiting: object
    step: object


_SWEEPS: dict[Kept, Sweep] = {
    Kept.REFUSALS: cast("Sweep", refusals),
    Kept.SESSIONS: cast("Sweep", traces),
    Kept.MESSAGES: cast("Sweep", messages),
    Kept.BOOKINGS: plain.BOOKINGS,
    Kept.TOKENS: plain.TOKENS,
    Kept.TRAINING: cast("Sweep", _Records(leavers.waiting_records, leavers.step_records)),
    Kept.PEOPLE: cast("Sweep", _Records(leavers.waiting_people, leavers.step_people)),
    Kept.AUDIT: plain.AUDIT,
    Kept.VIEWS: plain.VIEWS,
    Kept.MAILS: plain.MAILS,
    Kept.LOGINS: plain.LOGINS,
    Kept.REQUESTS: plain.REQUESTS,
    Kept.BACKUPS: cast("Sweep", files),
}


@dataclass(frozen=True, slots=True)
class Due:
    """One class tonight: its rule, how many rows would go, and since when the oldest stands there."""

    in_force: InForce
    waiting: Waiting


@dataclass(slots=True)
class Report:
    """What a run did. ``is_done``: nothing is left; else another run goes on."""

    counts: dict[Kept, int] = field(default_factory=dict)
    is_done: bool = True

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


def dry_run(now: datetime, place: Place) -> list[Due]:
    """What would go tonight, by class. Changes nothing."""
    night = night_of(now, place)
    return [Due(one, _waiting(kept, night)) for kept, one in rules().items()]


def as_decided() -> list[Due]:
    """The rules alone, without looking what they would touch."""
    return [Due(one, NOTHING) for one in rules().values()]


def run(now: datetime, place: Place, actor: str = BY_NIGHT, steps: int = _STEPS_A_RUN) -> Report:
    """Let go what is over. ``steps``: transactions at most; what is left then goes with the next run."""
    night, report = night_of(now, place), Report()
    number = _begin(actor, now)
    for kept, sweep in _SWEEPS.items():
        gone, steps = _sweep(sweep, night, steps)
        if gone:
            report.counts[kept] = gone
    report.is_done = steps > 0
    _end(number, report, now)
    return report


def do_job(now: datetime, place: Place, actor: str = BY_NIGHT) -> Report:
    """A run as a job: it asks for another where something is left."""
    report = run(now, place, actor)
    if not report.is_done:
        jobs.enqueue(JOB, {"actor": actor}, now)
    return report


def ask_tonight(now: datetime, place: Place) -> bool:
    """Ask for the night's run, once it is three o'clock and none has begun since. True when it was asked for."""
    three = day_start(day_of(now, place.zone), place.zone) + _NIGHT_HOUR
    if now < three:
        return False
    with writing() as session:
        begun = session.scalar(select(func.max(RetentionRun.began_at)))
        waits = session.scalar(select(Job.id).where(Job.kind == JOB, Job.state.in_(("waiting", "running"))).limit(1))
        if waits is not None or (begun is not None and begun >= three):
            return False
        jobs.enqueue(JOB, {"actor": BY_NIGHT}, now)
    return True


def ask_now(actor: str, now: datetime) -> None:
    """Somebody wants it done now; the pages do not wait for it."""
    jobs.enqueue(JOB, {"actor": actor}, now)


def _sweep(sweep: Sweep, night: Night, steps: int) -> tuple[int, int]:
    """What went, and the steps that are left."""
    gone = 0
    while steps > 0:
        steps -= 1
        some = sweep.step(night)
        gone += some
        if not some:
            break
    return gone, steps


def _waiting(kept: Kept, night: Night) -> Waiting:
    if kept is Kept.LEDGER:
        return _documents(night)
    sweep = _SWEEPS.get(kept)
    return NOTHING if sweep is None else sweep.waiting(night)


def _documents(night: Night) -> Waiting:
    """Documents that nothing asks to be kept any more; a person decides about them."""
    before = day_of(night.over_before(Kept.LEDGER), night.place.zone)
    with reading() as session:
        over = select(func.count(), func.min(Document.issued_on)).where(Document.issued_on < before)
        rows, oldest = session.execute(over).one()
    return Waiting(rows, day_start(oldest, night.place.zone) if oldest else None)


def _begin(actor: str, now: datetime) -> int:
    with writing() as session:
        row = RetentionRun(began_at=now, by=actor, counts={})
        session.add(row)
        session.flush()
        return row.id


def _end(number: int, report: Report, now: datetime) -> None:
    with writing() as session:
        row = session.get_one(RetentionRun, number)
        row.counts = {kept.value: count for kept, count in report.counts.items()}
        row.ended_at = now if report.is_done else None
