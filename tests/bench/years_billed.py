"""The money of three years: the last month but one billed and paid by the services, copied to all months before it; the
last month closed, its drafts waiting."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select, update

from server.billing import service as billing
from server.billing.models import Charge, Document, Period
from server.db import db, writing
from server.demo.lab import ZONE
from server.domain.period import month_of, period_of
from tests.bench.crowd import add_rows
from tests.bench.years_evidence import Use


def bill_years(uses: list[Use], now: datetime) -> tuple[str, str]:
    """The newest month that is paid, and the one that waits."""
    waiting = _before(month_of(now, ZONE))
    paid = _before(waiting)
    billing.close_month(paid, "account:1", now, ZONE, specimen=True)
    billing.issue_month(paid, "account:1", now, ZONE, specimen=True)
    billing.close_month(waiting, "account:1", now, ZONE, specimen=True)
    with writing():
        db.session.execute(update(Document).values(state="issued", issued_at=now, paid_on=now.date()))
        _copy(paid, uses)
    return paid, waiting


def _before(month: str) -> str:
    return month_of(period_of(month, ZONE).start - timedelta(days=1), ZONE)


def _copy(paid: str, uses: list[Use]) -> None:
    """Each month before has the same documents, with its own sessions on them."""
    documents = [dict(row) for row in db.session.execute(select(Document.__table__)).mappings()]
    charged = select(Charge.__table__, Document.establishment_id).join(Document, Document.id == Charge.document_id)
    pattern = dict(db.session.execute(charged.limit(1)).mappings().one())
    establishment = pattern.pop("establishment_id")
    of_payer = dict(
        db.session.execute(select(Charge.payer_id, Document.establishment_id).join(Document).distinct()).all()
    )
    by_month: dict[str, list[Use]] = defaultdict(list)
    start = period_of(paid, ZONE).start
    for use in uses:
        if use.ended and use.ended < start:
            by_month[month_of(use.ended, ZONE)].append(use)
    ids, charge_ids = count(1_000), count(1_000_000)
    for month, own in by_month.items():
        new = _documents(documents, month, ids)
        add_rows(Document, list(new.values()))
        add_rows(Period, [_period(month)])
        on = {establishment: row["id"] for establishment, row in new.items()}
        rows = [
            _charge(pattern, use, on.get(of_payer.get(use.who.payer, establishment), on[establishment]), charge_ids)
            for use in own
        ]
        add_rows(Charge, rows)


def _documents(documents: list[dict[str, Any]], month: str, ids: "Iterator[int]") -> dict[int, dict[str, Any]]:
    series = f"OLD-{month}"
    return {
        row["establishment_id"]: row
        | {"id": next(ids), "number": f"{series}-{at:04}", "series": series, "sequence": at, "month": month}
        for at, row in enumerate(documents, 1)
    }


def _period(month: str) -> dict[str, Any]:
    closed = {"state": "closed", "closed_by": "account:1", "closed_at": period_of(month, ZONE).end}
    return {"month": month, "built_from": "", "unplaced": [], "oddities": [], "figures": {}} | closed


def _charge(pattern: dict[str, Any], use: Use, document: int, ids: "Iterator[int]") -> dict[str, Any]:
    return pattern | {
        "id": next(ids),
        "subject": use.id,
        "document_id": document,
        "payer_id": use.who.payer,
        "machine_id": use.place.machine,
        "started_at": use.began,
        "ended_at": use.ended,
        "occupied_s": use.seconds,
    }
