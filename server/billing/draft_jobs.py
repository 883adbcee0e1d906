"""Large months are drafted by ``work``: what takes longer than a page should wait is asked for here, and the page shows how far it is.

A month remembers the job that builds its drafts. Small ones are built at once, by whoever asks.
"""

from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import select

from server.billing import months, progress
from server.billing.freshness import came_in, made_of
from server.billing.models import Period
from server.db import reading, writing
from server.domain.period import day_of
from server.jobs import service as jobs

JOB = "draft_month"
LARGE = 5_000  # sessions: about a second here, and a few on a small computer


def is_large(month: str, zone: tzinfo, specimen: bool) -> bool:
    with reading():
        return came_in(months.period_named(month, zone), specimen).sessions > LARGE


def ask(month: str, *, closing: bool, actor: str, now: datetime, zone: tzinfo) -> None:
    """Have ``work`` build the drafts, and close the month before that. BillingError as ``close_month`` and ``build_drafts``; nothing
    where it is on its way."""
    if closing:
        months.refuse_early(month, now, zone)
    months.refuse_without_seller(now, zone)
    with writing():
        row = months.period_row(month)
        if progress.is_building(row) and not closing:
            return
        row.building = {"job": jobs.enqueue(JOB, {"month": month, "closing": closing, "actor": actor}, now), "step": 0}


def refresh(month: str, now: datetime, zone: tzinfo, specimen: bool) -> None:
    """As ``months.refresh``; a large month is asked for, once, and its page shows the drafts as they were until then."""
    if not is_large(month, zone, specimen):
        months.refresh(month, now, zone, specimen)
        return
    with reading() as session:
        row = session.get(Period, month)
        if row is not None and (progress.under_way(row) or not progress.is_built(row)):
            return
        is_old = row is None or row.built_from != made_of(months.period_named(month, zone), specimen, day_of(now, zone))
    if is_old:
        ask(month, closing=False, actor="", now=now, zone=zone)


def do(args: dict[str, Any], now: datetime, zone: tzinfo, specimen: bool) -> None:
    """The job. It may run twice: drafts are thrown away and built anew, and a month is closed once."""

    def tell(step: int) -> None:
        with writing() as session:
            row = session.scalars(select(Period).where(Period.month == args["month"]).with_for_update()).one_or_none()
            if row is not None and row.building is not None:
                row.building = {**row.building, "step": step}

    if args["closing"]:
        months.close_month(args["month"], args["actor"], now, zone, specimen, tell)
    else:
        months.build_drafts(args["month"], now, zone, specimen, tell)
