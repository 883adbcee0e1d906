"""Document numbers: one series a seller, year and kind, without gaps, with dates that never go back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

_STATEMENT = re.compile(r"(DEMO-)?R-\d{4}-\d{2}-")


@dataclass(frozen=True, slots=True)
class Last:
    """The last number given in a series. ``sequence`` 0 and no day: none yet."""

    sequence: int
    day: date | None


@dataclass(frozen=True, slots=True)
class Number:
    """A number to be given: ``F-2026-0001`` is sequence 1 of series ``F-2026``. A statement is known by its series, which is
    the month and the tenant; a second one of the same month has a figure behind: ``R-2026-10-acme``, ``R-2026-10-acme-2``."""

    series: str
    sequence: int

    def __str__(self) -> str:
        if _STATEMENT.match(self.series):
            return self.series if self.sequence == 1 else f"{self.series}-{self.sequence}"
        return f"{self.series}-{self.sequence:04}"


@dataclass(frozen=True, slots=True)
class DateGoesBack:
    """A document may not be dated before the last one of its series."""

    series: str
    last: date
    day: date

    def __str__(self) -> str:
        return f"the last document of series {self.series} is dated {self.last}; {self.day} would go back"


def series_name(prefix: str, day: date, specimen: bool) -> str:
    """The series of a document issued on a day. A specimen never takes a number of a real series."""
    return f"{'DEMO-' if specimen else ''}{prefix}-{day.year}"


def statement_series(month: str, tenant: str, specimen: bool) -> str:
    """Of the statements a tenant gets for a month, which are no invoices and take no number of theirs."""
    return f"{'DEMO-' if specimen else ''}R-{month}-{tenant}"


def credit_prefix(prefix: str) -> str:
    """How the series of credit notes begins, beside that of the invoices: ``A`` beside ``F``, ``LAB-A`` beside ``LAB``."""
    return "A" if prefix == "F" else f"{prefix}-A"


def following(series: str, last: Last, day: date) -> Number | DateGoesBack:
    """The number after the last one."""
    if last.day is not None and day < last.day:
        return DateGoesBack(series, last.day, day)
    return Number(series, last.sequence + 1)


def faults(series: str, given: Iterable[tuple[int, date]]) -> list[str]:
    """What is wrong with a series, in sentences: gaps, and dates that go back. Empty when all is well."""
    found: list[str] = []
    expected, last_day = 1, date.min
    for sequence, day in sorted(given):
        if sequence != expected:
            found.append(f"series {series} jumps from {expected - 1} to {sequence}")
        if day < last_day:
            found.append(f"{Number(series, sequence)} is dated {day}, before the one it follows ({last_day})")
        expected, last_day = sequence + 1, day
    return found
