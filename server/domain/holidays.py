"""The public holidays of Alsace, year by year. Pure.

Those of the whole country stand in article L3133-1 of the French labour code; Good Friday and the 26th of December are
added by the local law of Alsace-Moselle (ordinance of 16 August 1892, article L3134-13 of the labour code). Good Friday is
a holiday there in places with a Protestant church or a mixed church, as in Mulhouse. Easter: the anonymous Gregorian
algorithm (Meeus, Astronomical Algorithms, chapter 8). Thirteen days, of which five move: a library of the holidays of all
countries would be one more thing to keep up with, and has no German names for these.
"""

from datetime import date, timedelta
from enum import StrEnum


class Holiday(StrEnum):
    NEW_YEAR = "new_year"
    GOOD_FRIDAY = "good_friday"
    EASTER_MONDAY = "easter_monday"
    LABOUR_DAY = "labour_day"
    VICTORY_1945 = "victory_1945"
    ASCENSION = "ascension"
    WHIT_MONDAY = "whit_monday"
    NATIONAL_DAY = "national_day"
    ASSUMPTION = "assumption"
    ALL_SAINTS = "all_saints"
    ARMISTICE_1918 = "armistice_1918"
    CHRISTMAS = "christmas"
    ST_STEPHEN = "st_stephen"


_FIXED = {
    Holiday.NEW_YEAR: (1, 1),
    Holiday.LABOUR_DAY: (5, 1),
    Holiday.VICTORY_1945: (5, 8),
    Holiday.NATIONAL_DAY: (7, 14),
    Holiday.ASSUMPTION: (8, 15),
    Holiday.ALL_SAINTS: (11, 1),
    Holiday.ARMISTICE_1918: (11, 11),
    Holiday.CHRISTMAS: (12, 25),
    Holiday.ST_STEPHEN: (12, 26),
}
_AFTER_EASTER = {
    Holiday.GOOD_FRIDAY: -2,
    Holiday.EASTER_MONDAY: 1,
    Holiday.ASCENSION: 39,
    Holiday.WHIT_MONDAY: 50,
}


def holidays_of(year: int) -> list[tuple[date, Holiday]]:
    """Every day of that year, in order."""
    easter = easter_sunday(year)
    fixed = [(date(year, month, day), holiday) for holiday, (month, day) in _FIXED.items()]
    moving = [(easter + timedelta(days=days), holiday) for holiday, days in _AFTER_EASTER.items()]
    return sorted([*fixed, *moving])


def easter_sunday(year: int) -> date:
    """Of the Gregorian calendar."""
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    golden = year % 19
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quarter, left = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quarter - epact - left) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)
