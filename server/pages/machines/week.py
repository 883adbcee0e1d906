"""The form of a week: for each weekday any number of openings, typed as pairs of times. Midnight is where a day ends.

Two buttons change what is typed without storing it: one more opening for a day, and a day copied to Monday to Friday.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import time
from itertools import pairwise
from typing import Any

from flask_babel import gettext
from wtforms import Field

from server.machines.models import OpeningHours
from server.machines.service import END_OF_DAY, Hours
from server.pages.machines.words import time_of_day, weekday
from server.web.forms import Form

WORKING_DAYS = range(5)
_TIME = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2})|[:.h])?", re.IGNORECASE)


class Openings(Field):
    """The openings of one day. ``data`` are pairs of times; ``typed`` what stands in the inputs, pair by pair."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.data: list[tuple[time, time]] = []
        self.typed: list[tuple[str, str]] = []
        super().__init__(*args, **options)

    def process_data(self, value: Sequence[tuple[time, time]] | None) -> None:
        self.data = sorted(value or [])
        self.typed = [(time_of_day(opens), time_of_day(closes)) for opens, closes in self.data]

    def process_formdata(self, valuelist: list[str]) -> None:
        """From the inputs, a time each; or from one text, as the page about two editors sends it."""
        times = (
            [one for text in valuelist for one in text.replace("–", " ").split(" ")]
            if len(valuelist) == 1
            else valuelist
        )
        self.typed = [
            (opens, closes) for opens, closes in zip(times[::2], times[1::2], strict=False) if opens or closes
        ]
        self.data = sorted(_read(opens, closes) for opens, closes in self.typed)
        for (_, closes), (opens, _) in pairwise(self.data):
            if opens < closes:
                begin, end = time_of_day(opens), time_of_day(closes)
                raise ValueError(
                    gettext(
                        "Two openings overlap: one ends at %(end)s, the next begins at %(begin)s.", begin=begin, end=end
                    )
                )

    def _value(self) -> str:
        return " ".join(f"{time_of_day(opens)}–{time_of_day(closes)}" for opens, closes in self.data)


class WeekForm(Form):
    """Seven days, ``day0`` to ``day6``. Their names are given when the form is made: they depend on the language."""

    day0, day1, day2, day3, day4, day5, day6 = (Openings() for _ in range(7))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for number, field in enumerate(self.days):
            field.label.text = weekday(number)

    @property
    def days(self) -> list[Openings]:
        return [self[f"day{number}"] for number in range(7)]

    def hours(self) -> list[Hours]:
        return [Hours(number, *pair) for number, field in enumerate(self.days) for pair in field.data]

    def copy(self, number: int) -> None:
        """What is typed for one day, for Monday to Friday."""
        for other in WORKING_DAYS:
            self.days[other].typed = list(self.days[number].typed)

    def add_to(self, number: int) -> None:
        self.days[number].typed.append(("", ""))


def week_data(hours: Iterable[OpeningHours | Hours]) -> dict[str, list[tuple[time, time]]]:
    """What the form shows for hours that stand."""
    days: dict[str, list[tuple[time, time]]] = {f"day{number}": [] for number in range(7)}
    for one in hours:
        days[f"day{one.weekday}"].append((one.opens, one.closes))
    return {name: sorted(pairs) for name, pairs in days.items()}


def _read(opens: str, closes: str) -> tuple[time, time]:
    begin, end = clock_time(opens), clock_time(closes)
    if end == time():
        end = END_OF_DAY
    if begin is None or end is None:
        raise ValueError(gettext("Type from when to when, such as 08:00 to 12:00."))
    if begin >= end:
        raise ValueError(gettext("It must close later the same day; 24:00 is midnight."))
    return begin, end


def clock_time(typed: str) -> time | None:
    """``8``, ``08:00`` or ``8h30``; 24:00 is read as midnight. None for anything else."""
    found = _TIME.fullmatch(typed.strip())
    if found is None:
        return None
    hours, minutes = int(found[1]), int(found[2] or 0)
    if (hours, minutes) == (24, 0):
        return time()
    return time(hours, minutes) if hours < 24 and minutes < 60 else None
