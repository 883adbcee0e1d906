"""A stretch of days that a list is asked for: a month, a quarter or a year, written ``2026-10``, ``2026-Q4``, ``2026``."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_WRITTEN = re.compile(r"(2[0-9]{3})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?")


@dataclass(frozen=True, slots=True)
class Stretch:
    """``last`` belongs to it."""

    name: str
    first: date
    last: date

    @property
    def months(self) -> tuple[str, ...]:
        """The months in it, the first first."""
        ahead = range((self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1)
        return tuple(f"{_later(self.first, count):%Y-%m}" for count in ahead)


def stretch_of(name: str) -> Stretch | None:
    """None for what is not written like one."""
    found = _WRITTEN.fullmatch(name)
    if found is None:
        return None
    year, month, quarter = found.groups()
    begin = int(month) if month else 3 * int(quarter) - 2 if quarter else 1
    length = 1 if month else 3 if quarter else 12
    first = date(int(year), begin, 1)
    return Stretch(name, first, _later(first, length) - timedelta(days=1))


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _later(first: date, months: int) -> date:
    """The same day some months later; days are firsts of their months."""
    ahead = first.month - 1 + months
    return date(first.year + ahead // 12, ahead % 12 + 1, 1)
