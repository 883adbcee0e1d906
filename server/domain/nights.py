"""Hours at other prices as people say them: "every day from 20:00 to 8:00". A band lies within one day, so a night is two.

``bands_of`` takes apart what is said, ``hours_of`` puts bands together again. A night belongs to the day on which it begins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time

from server.domain.tariffs import Band

ALL_DAYS = tuple(range(7))
MIDNIGHT, END_OF_DAY = time(), time.max


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when on these weekdays, at these cents. Where ``ends`` is not later than ``begins``, it is the day after."""

    weekdays: tuple[int, ...]
    begins: time
    ends: time
    cents: int


def bands_of(said: Iterable[Hours]) -> tuple[Band, ...]:
    return tuple(band for hours in said for band in _apart(hours))


def hours_of(bands: Sequence[Band]) -> tuple[Hours, ...]:
    """In the order of the bands; an evening and the morning after it that cost the same are one night."""
    found: list[Hours] = []
    for band in bands:
        evening = next((one for one in found[-1:] if _goes_on(one, band)), None)
        if evening is None:
            found.append(Hours(band.weekdays, band.begins, band.ends, band.cents))
        else:
            found[-1] = Hours(evening.weekdays, evening.begins, band.ends, evening.cents)
    return tuple(found)


def _apart(hours: Hours) -> tuple[Band, ...]:
    if hours.begins < hours.ends:
        return (Band(hours.weekdays, hours.begins, hours.ends, hours.cents),)
    evening = Band(hours.weekdays, hours.begins, END_OF_DAY, hours.cents)
    if hours.ends == MIDNIGHT:
        return (evening,)
    return evening, Band(_day_after(hours.weekdays), MIDNIGHT, hours.ends, hours.cents)


def _goes_on(evening: Hours, morning: Band) -> bool:
    """Whether a band is the morning after these hours. One that would last a day or more is not a night."""
    return (
        evening.ends == END_OF_DAY
        and morning.begins == MIDNIGHT
        and morning.ends <= evening.begins
        and morning.cents == evening.cents
        and set(morning.weekdays) == set(_day_after(evening.weekdays))
    )


def _day_after(weekdays: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted((day + 1) % 7 for day in weekdays))
