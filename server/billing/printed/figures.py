"""Amounts, times and days as they read in print, in French, German and English; never by the reader's own settings."""

from datetime import date
from decimal import Decimal

SPACE = "\u00a0"  # the space inside numbers: one that does not break
MONTHS = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_MARKS = {"fr": (SPACE, ","), "de": (".", ","), "en": (",", ".")}  # between thousands, before decimals


def euros(cents: int, language: str = "fr") -> str:
    """``1 284,50 €``, ``1.284,50 €``, ``€1,284.50``; minus is U+2212."""
    return _money(Decimal(cents) / 100, 2, language)


def price(cents: Decimal, language: str = "fr") -> str:
    """A price may have fractions of a cent: ``0,025 €``."""
    amount = cents / 100
    exponent = amount.normalize().as_tuple().exponent
    return _money(amount, max(2, -exponent if isinstance(exponent, int) else 2), language)


def _money(amount: Decimal, places: int, language: str) -> str:
    minus = "−" if amount < 0 else ""
    figures = _figures(abs(amount), places, language)
    return f"{minus}€{figures}" if language == "en" else f"{minus}{figures}{SPACE}€"


def number(value: Decimal, language: str = "fr") -> str:
    """With as many decimals as it has."""
    exponent = value.normalize().as_tuple().exponent
    minus = "−" if value < 0 else ""
    return minus + _figures(abs(value), max(0, -exponent if isinstance(exponent, int) else 0), language)


def _figures(value: Decimal, places: int, language: str) -> str:
    thousands, point = _MARKS[language]
    return f"{value:,.{places}f}".translate({ord(","): thousands, ord("."): point})


def hours(seconds: int, language: str = "fr") -> str:
    """``42 h 00``, in German ``42:00 h``; the last minute begun counting half up."""
    minutes = (seconds + 30) // 60
    whole = number(Decimal(minutes // 60), language)
    rest = f"{minutes % 60:02}"
    return f"{whole}:{rest}{SPACE}h" if language == "de" else f"{whole}{SPACE}h{SPACE}{rest}"


def percent(basis_points: int, language: str = "fr") -> str:
    """``5,5 %``; in English without the space."""
    return number(Decimal(basis_points) / 100, language) + ("%" if language == "en" else f"{SPACE}%")


def long_day(day: date, language: str = "fr") -> str:
    """``1er octobre 2026``."""
    return f"{_day(day, language)}{SPACE}{MONTHS[language][day.month - 1]}{SPACE}{day.year}"


def span(first: date, last: date, language: str = "fr") -> str:
    """``1er au 31 octobre 2026``; what both have in common stands once."""
    to = {"fr": "au", "de": "bis", "en": "to"}[language]
    if (first.year, first.month) == (last.year, last.month):
        return f"{_day(first, language)} {to} {long_day(last, language)}"
    if first.year == last.year:
        return f"{_day(first, language)}{SPACE}{MONTHS[language][first.month - 1]} {to} {long_day(last, language)}"
    return f"{long_day(first, language)} {to} {long_day(last, language)}"


def _day(day: date, language: str) -> str:
    match language:
        case "fr":
            return "1er" if day.day == 1 else str(day.day)
        case "de":
            return f"{day.day}."
        case _:
            return str(day.day)


def grouped(text: str, *sizes: int) -> str:
    """``FR7630006…`` in groups; the last size repeats."""
    parts, at, rest = [], 0, list(sizes)
    while at < len(text):
        size = rest.pop(0) if len(rest) > 1 else rest[0]
        parts.append(text[at : at + size])
        at += size
    return SPACE.join(parts)
