"""What stands on a bill for what is billed beside sessions, in the three languages of documents.

Pure. A document is written in its reader's language and not in that of whoever makes it, so these words are no gettext.
"""

from collections.abc import Mapping
from datetime import date, datetime

from server.domain.period import Period
from server.domain.supplies import LANGUAGES, Price, What

Labels = dict[str, str]

_OPERATOR = {"fr": "Temps d’opérateur", "de": "Arbeitszeit des Personals", "en": "Operator’s time"}
_COURSE = {"fr": "Formation : %s", "de": "Kurs: %s", "en": "Course: %s"}
_BOOKINGS = {
    What.KEPT: {"fr": "Réservation, %s", "de": "Buchung, %s", "en": "Booking, %s"},
    What.LATE: {
        "fr": "Réservation annulée tardivement, %s",
        "de": "Zu spät stornierte Buchung, %s",
        "en": "Booking cancelled late, %s",
    },
    What.MISSED: {
        "fr": "Réservation non honorée, %s",
        "de": "Nicht wahrgenommene Buchung, %s",
        "en": "Missed booking, %s",
    },
}
_CORRECTION = {"fr": "Rectification", "de": "Berichtigung", "en": "Correction"}
_SHARE = {
    "fr": "%(label)s (%(days)s jours sur %(of)s, à %(price)s par mois)",
    "de": "%(label)s (%(days)s von %(of)s Tagen, zu %(price)s im Monat)",
    "en": "%(label)s (%(days)s of %(of)s days, at %(price)s a month)",
}
_FREE = {
    "fr": "%(label)s (%(minutes)s min, dont %(free)s gratuites)",
    "de": "%(label)s (%(minutes)s Min., davon %(free)s frei)",
    "en": "%(label)s (%(minutes)s min, %(free)s of them free)",
}


def in_all(labels: Mapping[str, str]) -> Labels:
    """A label in every language: where one was not written, the French stands in its place."""
    return {language: labels.get(language) or labels["fr"] for language in LANGUAGES}


def of_operator(minutes: int, price: Price | None) -> Labels:
    """With its free minutes, where there are some: they are seen, as whatever is given."""
    free = min(minutes, price.free_s // 60) if price is not None else 0
    if not free:
        return dict(_OPERATOR)
    return {
        language: words % {"label": _OPERATOR[language], "minutes": minutes, "free": free}
        for language, words in _FREE.items()
    }


def of_course(title: str) -> Labels:
    return {language: words % title for language, words in _COURSE.items()}


def of_booking(what: str, machine: str, begins: datetime, period: Period) -> Labels:
    """With machine and day, never with the hour: who looks at a bill need not know when somebody was expected."""
    days = _days(period.day_of(begins))
    return {language: words % f"{machine} ({days[language]})" for language, words in _BOOKINGS[What(what)].items()}


def of_share(labels: Mapping[str, str], days: int, cents: int, period: Period) -> Labels:
    """The arithmetic of a month that is not whole stands in the words themselves."""
    whole = in_all(labels)
    if days == period.last_day.day:
        return whole
    told = {"days": days, "of": period.last_day.day}
    return {
        language: _SHARE[language] % {**told, "label": whole[language], "price": _euros(cents, language)}
        for language in LANGUAGES
    }


def of_correction(labels: Mapping[str, str], machine: str, day: date) -> Labels:
    """Of an adjustment: what it corrects, and of which day. A session has no label: its machine is named."""
    what = in_all(labels) if labels else dict.fromkeys(LANGUAGES, machine)
    days = _days(day)
    return {language: f"{_CORRECTION[language]}, {what[language]} ({days[language]})" for language in LANGUAGES}


def _euros(cents: int, language: str) -> str:
    amount = f"{cents // 100}.{cents % 100:02}"
    return f"€{amount}" if language == "en" else f"{amount.replace('.', ',')} €"


def _days(day: date) -> Labels:
    return {"fr": f"{day:%d/%m/%Y}", "de": f"{day:%d.%m.%Y}", "en": f"{day.day} {day:%B %Y}"}
