"""When somebody is reminded that a qualification lapses: 30, 7 and 1 days before, each once."""

from datetime import datetime, timedelta

DAYS_BEFORE = (30, 7, 1)


def reminder_due(ends: datetime, now: datetime, idle_days: int | None = None) -> int | None:
    """The reminder for which it is time, in days before the end; None before the first of them, and once it is over.
    Whoever missed one, because it was given for a short while, is not told of it afterwards. ``idle_days``: it ends
    because nobody uses it for so long. Then only the second half of them counts: who uses it often is left in peace."""
    if ends <= now:
        return None
    before = (days for days in DAYS_BEFORE if idle_days is None or 2 * days <= idle_days)
    return min((days for days in before if ends - now <= timedelta(days=days)), default=None)


def week_of(moment: datetime) -> str:
    """``2026-W45``: a digest is written once a week."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"
