"""How far issuing a month has come: documents with a number, and documents whose PDF is written, of so many.

A month remembers the job that issues it and how many documents it had before; the rest is counted.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from server.billing.models import Document, Period
from server.db import db, reading
from server.jobs.models import Job


@dataclass(frozen=True, slots=True)
class Progress:
    """``trouble``: what went wrong in the job's own words, empty when nothing did. ``failed``: nobody tries again."""

    planned: int
    numbered: int
    rendered: int
    done: bool
    failed: bool
    trouble: str


def progress(month: str) -> Progress | None:
    """Of the last time this month was issued; None when that is over and every PDF is there, or was never asked for."""
    with reading() as session:
        row = session.get(Period, month)
        if row is None or row.issuing is None:
            return None
        job = session.get(Job, row.issuing["job"])
        now = so_far(month)
        started: dict[str, Any] = row.issuing
    numbered, rendered = now["numbered"] - started["numbered"], now["rendered"] - started["rendered"]
    done = job is None or job.state == "done"
    failed, trouble = (False, "") if job is None else (job.state == "failed", job.error)
    if done and now["numbered"] == now["rendered"]:
        return None
    return Progress(started["planned"], numbered, rendered, done, failed, trouble)


def under_way(row: Period) -> bool:
    """Whether a job is giving numbers to this month's drafts, or will. Inside ``reading()`` or ``writing()``."""
    if row.issuing is None:
        return False
    state = db.session.scalar(select(Job.state).where(Job.id == row.issuing["job"]))
    return state in {"waiting", "running"}


def so_far(month: str) -> dict[str, int]:
    """Documents of a month that have a number, and those that have a PDF."""
    rows = select(Document.state, func.count()).where(Document.month == month).group_by(Document.state)
    counts: dict[str, int] = {state: count for state, count in db.session.execute(rows)}  # noqa: C416 — rows, not pairs
    return {"numbered": sum(counts.values()), "rendered": counts.get("issued", 0)}
