"""How far building a large month's drafts has come, by its steps. And how far issuing a month has: documents with a number, and documents whose PDF is written, of so many.

A month remembers the job that issues it and how many documents it had before; the rest is counted.
"""

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Building:
    """The drafts of a month on their way: how many steps of so many are behind."""

    step: int
    failed: bool
    trouble: str


def building(month: str) -> Building | None:
    """None when no job builds this month's drafts, or has not stopped over it."""
    with reading() as session:
        row = session.get(Period, month)
        if row is None or row.building is None or is_built(row):
            return None
        job = session.get(Job, row.building["job"])
        step = row.building["step"]
    return None if job is None else Building(step, job.state == "failed", job.error)


def is_building(row: Period) -> bool:
    """Whether a job builds them, or will. Inside ``reading()`` or ``writing()``."""
    return row.building is not None and _state(row.building) in {"waiting", "running"}


def is_built(row: Period) -> bool:
    """Whether the last job has. Inside ``reading()`` or ``writing()``."""
    return row.building is None or _state(row.building) in {"done", None}


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
    return row.issuing is not None and _state(row.issuing) in {"waiting", "running"}


def _state(asked: Mapping[str, Any]) -> str | None:
    found: str | None = db.session.scalar(select(Job.state).where(Job.id == asked["job"]))
    return found


def so_far(month: str) -> dict[str, int]:
    """Documents of a month that have a number, and those that have a PDF."""
    rows = select(Document.state, func.count()).where(Document.month == month).group_by(Document.state)
    counts: dict[str, int] = {state: count for state, count in db.session.execute(rows)}  # noqa: C416 — rows, not pairs
    return {"numbered": sum(counts.values()), "rendered": counts.get("issued", 0)}
