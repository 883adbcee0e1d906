"""When a skill that is given now lapses by the catalogue's rules: after so many days, or at the end of a day of the year."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_DAY_ENDS = timedelta(hours=22)  # UTC: at midnight on the clocks of France in summer, an hour before it in winter


@dataclass(frozen=True, slots=True)
class Lapsing:
    """``ends_on``: month and day, 08-31. It counts on that day still."""

    lasts_days: int | None = None
    ends_on: str | None = None
    idle_days: int | None = None


def lapse_of(rule: Lapsing, given: datetime) -> datetime | None:
    """When it lapses whether it is used or not; None for never."""
    ends = [given + timedelta(days=rule.lasts_days)] if rule.lasts_days else []
    if rule.ends_on:
        ends.append(_next(rule.ends_on, given))
    return min(ends, default=None)


def idle_end(rule: Lapsing, last_used: datetime) -> datetime | None:
    """When it lapses unless it is used again; None for never."""
    return last_used + timedelta(days=rule.idle_days) if rule.idle_days else None


def is_day_of_year(text: str) -> bool:
    """29 February is none: it is missing in three years of four."""
    try:
        date.fromisoformat(f"2001-{text}")
    except ValueError:
        return False
    return len(text) == len("08-31")


def _next(ends_on: str, given: datetime) -> datetime:
    """The first end of that day which comes after ``given``."""
    month, day = (int(part) for part in ends_on.split("-"))
    year = given.astimezone(UTC).year
    ends = (datetime(one, month, day, tzinfo=UTC) + _DAY_ENDS for one in (year, year + 1))
    return next(end for end in ends if end > given)
