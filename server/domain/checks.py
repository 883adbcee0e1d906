"""Checks that come back: of which kind, when the next one is due, and when one waits for somebody. Pure."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

REMIND = timedelta(days=30)


class CheckKind(StrEnum):
    """Who asks for it. Only what the law asks for keeps people from the machine."""

    LEGAL = "legal"
    MAKER = "maker"
    OWN = "own"


class CheckResult(StrEnum):
    PASSED = "passed"
    RESERVES = "reserves"  # fit for use, and something to be put right by a day
    FAILED = "failed"


def next_due(done_on: date, months: int, days: int) -> date:
    """So many months and days after a check. The 31st of January and a month is the last of February."""
    count = done_on.month - 1 + months
    year, month = done_on.year + count // 12, count % 12 + 1
    day = min(done_on.day, monthrange(year, month)[1])
    return date(year, month, day) + timedelta(days=days)


def overdue_at(due_on: date, zone: ZoneInfo) -> datetime:
    """The end of its last day on the lab's clock, in UTC."""
    return datetime.combine(due_on + timedelta(days=1), time(), zone).astimezone(UTC)


def waits(due_on: date, today: date) -> bool:
    """Whether it is time to think of it: 30 days before."""
    return due_on - REMIND <= today
