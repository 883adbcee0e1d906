"""From the click that issues a month to its PDFs: numbers, then pages, given and set by ``prolab work`` while somebody waits.

Each document is held against the norm before it gets its number, unless that was done since the month was closed, and once more
with its number. The click is what the page does with it: it asks for the job.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from server.billing.issuing import Seen, ask_to_issue
from server.billing.models import Draft, Period
from server.billing.months import close_month
from server.db import reading
from server.demo.lab import ZONE
from tests.bench.figures import Figure, Lines
from tests.bench.lab import BenchLab, Database, bench_lab
from tests.bench.month import INVOICES, furnish_months

_POLL_S = 0.005
_AIM_FIRST_S = 3.0


def measure(quick: bool) -> Lines:
    for database in Database:
        with bench_lab(database=database) as lab:
            months = furnish_months(1 if quick else 3)
            lab.start_part("work")
            taken = [_issued(lab, month) for month in months]
        first, last = (sorted(one[which] for one in taken)[len(taken) // 2] for which in (0, 1))
        yield Figure(f"{database}: click → first PDF", first, "s", _AIM_FIRST_S)
        yield Figure(f"{database}: click → all {INVOICES} PDFs", last, "s")


def _issued(lab: BenchLab, month: str) -> tuple[float, float]:
    """Seconds to the first page and to the last, of a month that was looked at since it was closed."""
    now = datetime.now(UTC)
    close_month(month, "bench", now, ZONE, specimen=True)
    _until(lambda: _unchecked(month) == 0)
    documents = Path(lab.site.directory) / "documents"
    known = _pages(documents)
    with reading() as session:
        ready = select(func.count(), func.sum(Draft.gross_cents)).where(Draft.month == month, Draft.held == "")
        number, gross = session.execute(ready).one()
    assert number == INVOICES, f"{number} drafts can be issued"
    began = time.monotonic()
    ask_to_issue(month, Seen(number, int(gross)), "bench", now, ZONE, specimen=True)
    first = _until(lambda: _pages(documents) > known) - began
    return first, _until(lambda: _pages(documents) == known + INVOICES) - began


def _pages(documents: Path) -> int:
    return sum(1 for _ in documents.glob("*.pdf"))


def _unchecked(month: str) -> int:
    wanted = select(func.count()).select_from(Draft).where(Draft.month == month, Draft.held == "")
    with reading() as session:
        closed = session.get(Period, month) is not None
        return (session.scalar(wanted.where(Draft.checked_sha256.is_(None))) or 0) if closed else 1


def _until(done: object) -> float:
    """The moment at which it is so."""
    assert callable(done)
    while not done():
        time.sleep(_POLL_S)
    return time.monotonic()
