"""Keeps the drafts of past months up with what comes in, so that nobody has to open a month to see that it has something to bill.

That is a session that came in late, for somebody who has no document of its month yet, or in a month in which nothing else ran
and which bills what the one before has left; and what is agreed by the month, where no machine ran at all.
"""

import logging
from datetime import datetime, tzinfo

from server.billing import progress
from server.billing.errors import BillingError
from server.billing.freshness import came_in
from server.billing.late import MONTHS_BACK
from server.billing.models import Period
from server.billing.months import build_drafts, period_named
from server.db import reading
from server.domain.period import before, month_of

log = logging.getLogger(__name__)


def follow(now: datetime, zone: tzinfo, specimen: bool) -> list[str]:
    """Build the drafts of past months anew where something came in since. Returns these months, the oldest first."""
    return [one for one in _over(now, zone) if _has_news(one, zone, specimen) and _is_built(one, now, zone, specimen)]


def _over(now: datetime, zone: tzinfo) -> list[str]:
    found = [before(month_of(now, zone))]
    while len(found) <= MONTHS_BACK:
        found.append(before(found[-1]))
    return found[::-1]


def _has_news(month: str, zone: tzinfo, specimen: bool) -> bool:
    with reading() as session:
        came = came_in(period_named(month, zone), specimen)
        row = session.get(Period, month)
        if row is None:
            return bool(came.sessions or came.before)
        return not progress.under_way(row) and not row.built_from.startswith(f"{came} ")


def _is_built(month: str, now: datetime, zone: tzinfo, specimen: bool) -> bool:
    try:
        build_drafts(month, now, zone, specimen)
    except BillingError as error:  # nobody sells yet: whoever opens the month reads that
        log.info("%s has no drafts: %s", month, error)
        return False
    return True
