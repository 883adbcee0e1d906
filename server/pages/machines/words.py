"""What machines are said to be, in the language of the page: risk classes, service, weekdays, opening hours."""

from collections.abc import Iterable
from datetime import time
from typing import Literal

from babel.dates import get_day_names
from flask_babel import gettext, lazy_gettext

from server.machines.models import OpeningHours
from server.machines.service import END_OF_DAY, Hours
from server.web.formats import language
from wire.messages import OnMaximum, RiskClass, Service

RISKS = {
    RiskClass.LOW: lazy_gettext("Low"),
    RiskClass.MEDIUM: lazy_gettext("Medium"),
    RiskClass.HIGH: lazy_gettext("High"),
}
SERVICES = {
    Service.IN: lazy_gettext("In service"),
    Service.OUT: lazy_gettext("Out of service"),
    Service.OUT_AFTER_JOB: lazy_gettext("Out of service after the session"),
    Service.MAINTENANCE: lazy_gettext("Maintenance"),
}
MAXIMUMS = {
    OnMaximum.WARN: lazy_gettext("Warn at the panel, and go on"),
    OnMaximum.CUT: lazy_gettext("Cut the power"),
}

ALWAYS = tuple(Hours(number, time(), END_OF_DAY) for number in range(7))  # what a category without hours looks like


def weekday(number: int, width: Literal["wide", "abbreviated", "short"] = "wide") -> str:
    """``lundi``; 0 is Monday."""
    return str(get_day_names(width, "stand-alone", locale=language())[number])


def time_of_day(at: time) -> str:
    """``08:00``; the end of the day is written ``24:00``."""
    return "24:00" if at == END_OF_DAY else f"{at:%H:%M}"


def opening(hours: Iterable[OpeningHours | Hours]) -> str:
    """``lun–ven 08:00–20:00, sam 09:00–17:00``: days in a row with the same hours stand together."""
    days: dict[int, str] = {}
    for one in sorted(hours, key=lambda one: (one.weekday, one.opens)):
        span = f"{time_of_day(one.opens)}–{time_of_day(one.closes)}"
        days[one.weekday] = f"{days[one.weekday]} {span}" if one.weekday in days else span
    runs: list[tuple[list[int], str]] = []
    for day, said in days.items():
        if runs and runs[-1][1] == said and runs[-1][0][-1] == day - 1:
            runs[-1][0].append(day)
        else:
            runs.append(([day], said))
    return ", ".join(f"{_days(run)} {said}" for run, said in runs) or gettext("always open")


def _days(run: list[int]) -> str:
    first, last = weekday(run[0], "abbreviated"), weekday(run[-1], "abbreviated")
    return first if first == last else f"{first}–{last}"
