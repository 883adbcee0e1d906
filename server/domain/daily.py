"""Hours by day for the small picture on a document: what was measured and what is billed, on the day a session ended."""

from collections.abc import Iterable
from datetime import date

from server.domain.invoicing import Billable, Sold


def hours_by_day(items: Iterable[Billable]) -> list[tuple[date, int, int]]:
    """(day, seconds measured, seconds billed), for each day on which a session ended, in order."""
    days: dict[date, tuple[int, int]] = {}
    for one in items:
        if isinstance(one, Sold):
            measured_s, billed_s = days.get(one.item.end_day, (0, 0))
            days[one.item.end_day] = (measured_s + one.rated.measured_s, billed_s + one.rated.billed_s)
    return [(day, *days[day]) for day in sorted(days)]
