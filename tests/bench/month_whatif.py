"""What a month would have come to under a draft: 10 000 sessions of 500 tenants, rated at the prices in force and once more
under a list in which every price is another; as ``work`` does it, its result and how far it is written as it goes.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from datetime import time as clock
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from server.billing import price_drafts, whatif
from server.billing.tariffs import load_tariffs
from server.db import make_app, reading
from server.demo.lab import ZONE
from server.domain.tariffs import Band, Basis, Part, Rule
from server.domain.whatif import Change
from server.migrations import upgrade
from tests.bench.figures import Figure, Lines
from tests.bench.month_rated import TENANTS, furnish

SESSIONS = 10_000
_MONTH, _NOW = "2026-10", datetime(2026, 11, 3, 9, tzinfo=UTC)
_WEEK = (0, 1, 2, 3, 4)


def measure(quick: bool) -> Lines:
    sessions = SESSIONS // 10 if quick else SESSIONS
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        changes, worked_out_s, shown_s = apart.submit(_take, sessions).result()
    yield f"what a month of {sessions:,} sessions, {TENANTS} tenants, would come to under a draft of {changes} prices"
    yield Figure("read, rated twice, compared and stored", worked_out_s, "s")
    yield Figure("found again for a page", shown_s * 1000, "ms")


def _take(sessions: int) -> tuple[int, float, float]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'lab.db'}"
        upgrade(url)
        with make_app(url).app_context():
            furnish(sessions)
            draft, changes = _draft()
            whatif.ask(draft, _MONTH, _NOW, ZONE, specimen=False)
            began = time.perf_counter()
            whatif.work_out(draft, _MONTH, ZONE, specimen=False)
            done = time.perf_counter()
            found = whatif.found(draft, _MONTH, ZONE, specimen=False)
            shown = time.perf_counter()
            assert found is not None
            assert found.result is not None
            assert found.result["sessions"] == sessions
            return changes, done - began, shown - done


def _draft() -> tuple[int, int]:
    """Every price another: by day and night."""
    by: Any = {"actor": "bench", "now": _NOW}
    with reading():
        scopes = {tariff.scope for tariff in load_tariffs()}
    draft: int = price_drafts.begin_draft("All of it", **by).id
    by_day = Band(_WEEK, clock(8), clock(20), 3300)
    rule = Rule((Part(Basis.OCCUPIED, 2700, step_s=300, bands=(by_day,)),))
    for scope in scopes:
        price_drafts.put_change(draft, Change(scope, rule), **by)
    return draft, len(scopes)
