"""The days of the demo's month on the lab's clock: which it covers, and a moment on one of them in seconds since 1970."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from server.demo.lab import ZONE

MONTH = "2026-10"
DAYS_IN_MONTH = 31
_LAST = date(2026, 10, 31)


@dataclass(frozen=True, slots=True)
class Days:
    """The last ``count`` days of the month, and the evening before them. Raises ValueError below two: all that is to
    happen does not fit into one."""

    count: int

    def __post_init__(self) -> None:
        if not 2 <= self.count <= DAYS_IN_MONTH:
            raise ValueError(f"between 2 and {DAYS_IN_MONTH} days")

    @property
    def first(self) -> date:
        return _LAST - timedelta(days=self.count - 1)

    @property
    def price_change(self) -> date:
        return self.first + timedelta(days=self.count // 2)

    @property
    def restore_day(self) -> date:
        """The day on which yesterday's backup comes back."""
        return self.workday(0.7) if self.count > 2 else _LAST

    def all(self) -> list[date]:
        return [self.first + timedelta(days=index) for index in range(self.count)]

    def workday(self, fraction: float) -> date:
        """The first day from this fraction of the days on when everything is open, else the last Saturday."""
        later = self.all()[int(fraction * self.count) :]
        return next((day for day in later if day.weekday() < 5), _LAST)


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> int:
    """That moment on the lab's clock, in seconds since 1970."""
    return int(datetime.combine(day, time(hour, minute, second), ZONE).timestamp())


BEFORE = timedelta(days=1)
MONTH_ENDS = at(_LAST + timedelta(days=1), 0)
