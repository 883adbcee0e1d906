"""How the processes of the server tell each other things: changes to look at, and jobs to do.

A change is a row written in the transaction that changed something; pollers ask for what is newer than the last they saw.
A job is claimed by one conditional UPDATE and may run twice, so what it does must be safe to repeat.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, delete, func, insert, or_, select, update
from sqlalchemy.engine import CursorResult

from server.db import db, reading, writing
from server.jobs.models import Change, Job

_INSERT_CHANGES = insert(cast("Table", Change.__table__)).inline()  # nobody here wants to know the new ids
_CHANGE_LOCK = f"SELECT pg_advisory_xact_lock({0x70726F6C})"  # "prol": one lock for all writers of changes
_LOCKED_IN = "changes locked in"
KEEP_CHANGES = timedelta(days=1)
KEEP_JOBS = timedelta(days=30)
STUCK_AFTER = timedelta(minutes=10)
MAX_ATTEMPTS = 5
FIRST_RETRY = timedelta(seconds=10)


class Changed(NamedTuple):
    id: int
    topic: str
    key: str
    at: datetime


class ClaimedJob(NamedTuple):
    id: int
    kind: str
    args: dict[str, Any]


def announce(topic: str, key: str, now: datetime) -> None:
    """Add a change inside the caller's ``writing()``. ``key`` says what: a machine code, a session id, …"""
    _lock_changes()
    db.session.add(Change(topic=topic, key=key[:60], at=now))


def announce_all(changes: Iterable[tuple[str, str]], now: datetime) -> None:
    """Add many changes, each a topic and a key, in one statement; for ingest, which has hundreds in a batch."""
    rows = [{"topic": topic, "key": key[:60], "at": now} for topic, key in changes]
    if rows:
        _lock_changes()
        db.session.connection().execute(_INSERT_CHANGES, rows)


def changes_after(seen: int, limit: int = 500) -> list[Changed]:
    """What was announced after the change with the id ``seen``, oldest first."""
    wanted = select(Change.id, Change.topic, Change.key, Change.at)
    with reading() as session:
        rows = session.execute(wanted.where(Change.id > seen).order_by(Change.id).limit(limit)).all()
    return [Changed(*row) for row in rows]


def last_change_id() -> int:
    """The id of the newest change, 0 before the first. A poller starts from here."""
    with reading() as session:
        return session.scalar(select(func.max(Change.id))) or 0


def news_of(topic: str, seen: int) -> tuple[int, bool]:
    """The id of the newest change, and whether one after ``seen`` is about ``topic``. In one look, for who looks often."""
    newest = select(func.max(Change.id)).scalar_subquery()
    about = select(func.max(Change.id)).where(Change.id > seen, Change.topic == topic).scalar_subquery()
    with reading() as session:
        row = session.execute(select(newest, about)).one()
    return row[0] or 0, row[1] is not None


def prune_changes(now: datetime) -> int:
    """Forget changes older than a day, never the newest: SQLite would give its number again. Returns how many."""
    with writing() as session:
        newest = select(func.max(Change.id)).scalar_subquery()
        old = delete(Change).where(Change.at < now - KEEP_CHANGES, Change.id < newest)
        return _rows(session.execute(old))


def prune_jobs(now: datetime) -> int:
    """Forget jobs that were done a month ago: their arguments may name a person. Returns how many."""
    with writing() as session:
        old = (Job.state == "done") & (Job.run_after < now - KEEP_JOBS)
        return _rows(session.execute(delete(Job).where(old)))


def enqueue(kind: str, args: dict[str, Any], now: datetime) -> int:
    """Add a job, in the caller's ``writing()`` or in one of its own. Returns its id."""
    with writing() as session:
        job = Job(kind=kind, args=args, run_after=now)
        session.add(job)
        session.flush()
        return job.id


def claim(now: datetime) -> ClaimedJob | None:
    """The oldest job that is due, now ours; or None. A job whose worker has been silent for ten minutes is due again."""
    with reading() as session:  # most looks find nothing, and should not keep a writer waiting
        if session.scalar(select(Job.id).where(_due(now)).limit(1)) is None:
            return None
    with writing() as session:
        _give_up_on_killers(now)
        for job_id in session.scalars(select(Job.id).where(_due(now)).order_by(Job.run_after, Job.id).limit(10)).all():
            ours = update(Job).where(Job.id == job_id, _due(now)).execution_options(synchronize_session=False)
            ours = ours.values(state="running", claimed_at=now, attempts=Job.attempts + 1)
            if _rows(session.execute(ours)) == 1:
                row = session.execute(select(Job.id, Job.kind, Job.args).where(Job.id == job_id)).one()
                return ClaimedJob(*row)
    return None


def finish(job_id: int) -> None:
    with writing() as session:
        session.execute(update(Job).where(Job.id == job_id).values(state="done", error=""))


def fail(job_id: int, error: str, now: datetime) -> None:
    """Try again later, each time four times later than before; after five attempts the job stays ``failed``."""
    with writing() as session:
        job = session.get_one(Job, job_id)
        job.error = error[:2000]
        job.state = "failed" if job.attempts >= MAX_ATTEMPTS else "waiting"
        job.run_after = now + FIRST_RETRY * 4 ** (job.attempts - 1)


def _lock_changes() -> None:
    """On PostgreSQL ids are handed out before commit; without one lock a poller would pass over a later commit."""
    session = db.session()
    if db.engine.dialect.name != "postgresql":
        return
    if session.in_transaction() and session.info.get(_LOCKED_IN) is session.get_transaction():
        return
    session.connection().exec_driver_sql(_CHANGE_LOCK)
    if session.get_nested_transaction() is None:  # a lock taken in a savepoint is lost when that is rolled back
        session.info[_LOCKED_IN] = session.get_transaction()


def _due(now: datetime) -> Any:
    waiting = (Job.state == "waiting") & (Job.run_after <= now)
    return or_(waiting, (Job.state == "running") & (Job.claimed_at < now - STUCK_AFTER))


def _give_up_on_killers(now: datetime) -> None:
    """A job that took its worker down five times is not given to a sixth."""
    stuck = (Job.state == "running") & (Job.claimed_at < now - STUCK_AFTER) & (Job.attempts >= MAX_ATTEMPTS)
    db.session.execute(update(Job).where(stuck).values(state="failed", error="its worker stopped without a word"))


def _rows(result: Any) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
