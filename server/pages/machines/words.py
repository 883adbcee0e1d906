"""What machines are said to be, in the language of the page: risk classes, service, weekdays, opening hours."""

from collections.abc import Iterable
from datetime import time
from typing import Literal

from babel.dates import get_day_names
from flask_babel import gettext, lazy_gettext

from server.domain.facts import Minors
from server.machines.models import OpeningHours
from server.machines.service import END_OF_DAY, Hours
from server.web.formats import duration, language, number
from wire.messages import (
    LatchCleared,
    ListExtended,
    OnMaximum,
    Policy,
    ProblemReported,
    RiskClass,
    Service,
    SessionAdopted,
)

_GIGABYTE = 1000  # megabytes

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
MINORS = {
    Minors.YES: lazy_gettext("may use it as everybody else"),
    Minors.FRAMED: lazy_gettext("only in a declared training frame, supervised"),
    Minors.NO: lazy_gettext("may not use it"),
}
MINORS_OR_USUAL = (
    ("", lazy_gettext("as usual in its risk class")),
    *((one.value, said) for one, said in MINORS.items()),
)

TOLD = {
    ProblemReported.KIND: lazy_gettext("A problem was reported"),
    LatchCleared.KIND: lazy_gettext("Problem cleared by a staff badge"),
    SessionAdopted.KIND: lazy_gettext("Went on without its agent"),
    ListExtended.KIND: lazy_gettext("Access list extended by a master badge"),
}

ALWAYS = tuple(Hours(number, time(), END_OF_DAY) for number in range(7))  # what a category without hours looks like


def told(kind: str) -> str:
    """What a box told, in a few words."""
    return str(TOLD.get(kind, kind))


def more_rules(policy: Policy) -> list[tuple[str, str]]:
    """The rules of a machine beyond its longest session, as far as they are set: what it is, and what it says."""
    rules: list[tuple[str, int | None]] = [
        (gettext("Button to start"), policy.press_s),
        (gettext("Choice of the payer"), policy.payer_s),
        (gettext("Card stays in"), policy.removal_s),
        (gettext("Longer by a tap"), policy.extend_s),
        (gettext("Warns when it stands still"), policy.idle_warn_s),
        (gettext("Ends when it stands still"), policy.idle_end_s),
        (gettext("Others may take over"), policy.takeover_s),
        (gettext("Power kept afterwards"), policy.cooldown_s),
        (gettext("Goes on after a power cut"), policy.continue_s),
        (gettext("Second person’s badge within"), policy.second_s),
        (gettext("Second person again every"), policy.again_s),
        (gettext("Trainer’s badge again every"), policy.supervise_s),
    ]
    said = [(name, _length(seconds)) for name, seconds in rules if seconds]
    if policy.removal_s == 0:
        said.append((gettext("Card stays in"), gettext("ends at once")))
    return [
        (name, f"{text} × {policy.extend_times}" if name == gettext("Longer by a tap") else text) for name, text in said
    ]


def disk(free_mb: int | None) -> str:
    if free_mb is None:
        return gettext("not known")
    if free_mb < _GIGABYTE:
        return gettext("%(size)s MB", size=number(free_mb))
    return gettext("%(size)s GB", size=number(round(free_mb / _GIGABYTE, 1)))


def _length(seconds: int) -> str:
    return duration(seconds) if seconds >= 60 else gettext("%(seconds)s s", seconds=seconds)


def weekday(day: int, width: Literal["wide", "abbreviated", "short"] = "wide") -> str:
    """``lundi``; 0 is Monday."""
    return str(get_day_names(width, "stand-alone", locale=language())[day])


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
