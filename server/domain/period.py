"""A period: one calendar month on the lab's clock, as the UTC moments where it begins and ends.

All arithmetic is in UTC; the lab's zone only says where a month's and a day's edges lie. A month with a clock change
is an hour shorter or longer, and nothing else notices.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

_YEARS = range(1900, 2200)  # beyond them computing with days ends
GRACE = timedelta(hours=6)  # after a month's end, for what agents still have to send


@dataclass(frozen=True, slots=True)
class Period:
    """``start`` belongs to it, ``end`` is the first moment of the next one. ``month`` is written ``2026-10``."""

    month: str
    first_day: date
    last_day: date
    start: datetime
    end: datetime
    zone: tzinfo  # of the lab's clock

    def day_of(self, moment: datetime) -> date:
        """The lab's day in which a moment lies."""
        return day_of(moment, self.zone)

    def holds(self, ended_at: datetime) -> bool:
        """A session belongs to the period in which it ends."""
        return self.start <= ended_at < self.end

    @property
    def closable_from(self) -> datetime:
        return self.end + GRACE


def period_of(month: str, zone: tzinfo) -> Period:
    """The period named ``2026-10``. ValueError for anything else, and beyond the years in which days can be computed with."""
    first = date.fromisoformat(f"{month}-01")
    if first.year not in _YEARS:
        raise ValueError(month)
    following = (first + timedelta(days=31)).replace(day=1)
    last = following - timedelta(days=1)
    return Period(month, first, last, day_start(first, zone), day_start(following, zone), zone)


def day_start(day: date, zone: tzinfo) -> datetime:
    """The UTC moment at which a day begins in the lab."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The lab's day in which a moment lies."""
    return moment.astimezone(zone).date()


def month_of(moment: datetime, zone: tzinfo) -> str:
    """The name of the period in which a moment lies."""
    return f"{day_of(moment, zone):%Y-%m}"


def before(month: str) -> str:
    """The month before one, both written ``2026-10``."""
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"
