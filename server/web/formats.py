"""Amounts, durations, days and times as people write them, in the language of the page: the filters of all templates.

Every number is whole: cents, seconds. The font has neither the narrow no-break space nor arrows, see ``_font_ready``.
"""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from flask_babel import get_locale, gettext

from server.web.here import now, zone

_WEEKDAYS = {"fr": "EEEE d MMMM", "de": "EEE, d. MMMM", "en": "EEE d MMMM"}
_DAYS = {"fr": "d MMMM y", "de": "d. MMMM y", "en": "d MMMM y"}
_SHORT = {"fr": "d MMM", "de": "d. MMM", "en": "d MMM"}
_SHORT_WITH_YEAR = {"fr": "d MMM y", "de": "d. MMM y", "en": "d MMM y"}


def language() -> str:
    """The language of the page being written: ``fr``, ``de`` or ``en``."""
    locale = get_locale()
    assert locale is not None, "no page is being written"
    return locale.language


def money(cents: int | None) -> str:
    """``1 284,50 €``. Nothing for None, which is not 0."""
    if cents is None:
        return ""
    return _font_ready(format_currency(Decimal(cents) / 100, "EUR", locale=language()))


def number(value: float | Decimal | None) -> str:
    return "" if value is None else _font_ready(format_decimal(value, locale=language()))


def duration(seconds: float | None) -> str:
    """``42 min``, from the hour on ``1 h 48`` (German ``1:48 h``). The same two texts are given to the browser."""
    if seconds is None:
        return ""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return under_an_hour().format(minutes=minutes)
    return from_an_hour().format(hours=minutes // 60, minutes=f"{minutes % 60:02}")


def under_an_hour() -> str:
    return gettext("{minutes} min")


def from_an_hour() -> str:
    return gettext("{hours} h {minutes}")


def day(of: date | datetime | None) -> str:
    """``12 mars 2026``."""
    return _written(of, _DAYS)


def weekday(of: date | datetime | None) -> str:
    """``mardi 18 novembre``: for what lies near."""
    return _written(of, _WEEKDAYS)


def short_day(of: date | datetime | None) -> str:
    """``14 oct.``, with the year where it is another one: for narrow columns."""
    on = _local_day(of)
    if on is None:
        return ""
    return _written(on, _SHORT if on.year == now().astimezone(zone()).year else _SHORT_WITH_YEAR)


def month(period: str | date | None) -> str:
    """``octobre 2026``, of "2026-10" or of a day in it."""
    if period is None:
        return ""
    first = date.fromisoformat(f"{period}-01") if isinstance(period, str) else period
    return _font_ready(format_date(first, "LLLL y", language()))


def clock(at: datetime | None) -> str:
    """``14:26`` on the lab's clock."""
    return "" if at is None else clock_time(at, zone())


def moment(at: datetime | None) -> str:
    """``14:26``, with the date before it unless it is today's."""
    return "" if at is None else moment_at(at, zone(), now())


def clock_time(at: datetime, there: ZoneInfo) -> str:
    return f"{at.astimezone(there):%H:%M}"


def moment_at(at: datetime, there: ZoneInfo, today: datetime) -> str:
    """As ``moment``, for what is written outside of a request."""
    local, current = at.astimezone(there), today.astimezone(there)
    if local.date() == current.date():
        return clock_time(at, there)
    pattern = _pattern(_SHORT if local.year == current.year else _SHORT_WITH_YEAR, local.date())
    return _font_ready(format_datetime(local, f"{pattern}, HH:mm", tzinfo=there, locale=language()))


def _written(of: date | datetime | None, patterns: dict[str, str]) -> str:
    on = _local_day(of)
    return "" if on is None else _font_ready(format_date(on, _pattern(patterns, on), language()))


def _pattern(patterns: dict[str, str], on: date) -> str:
    """The French say "1er janvier", and of the other days the bare number."""
    pattern = patterns[language()]
    return pattern.replace("d ", "d'er' ", 1) if language() == "fr" and on.day == 1 else pattern


def _local_day(of: date | datetime | None) -> date | None:
    return of.astimezone(zone()).date() if isinstance(of, datetime) else of


def _font_ready(text: str) -> str:
    """The narrow no-break space is not in the font; a minus is no hyphen."""
    return text.replace("\u202f", "\u00a0").replace("-", "\u2212")
