"""What bookings are said to be, in the language of the page."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext

from server.domain.bookings import Outcome, Span
from server.domain.calendar import Hour
from server.pages.bookings.reads import Kept
from server.web import formats
from server.web.here import zone

OUTCOMES = {
    Outcome.KEPT: lazy_gettext("kept"),
    Outcome.MISSED: lazy_gettext("missed"),
    Outcome.EXCUSED: lazy_gettext("excused: the machine could not be used"),
}


def hour(column: Hour) -> str:
    return f"{column.hour:02}"


def who(kept: Kept) -> str:
    """Who is there, for those who may know; else that it is taken."""
    if kept.is_outage:
        return kept.note
    if kept.is_mine:
        return gettext("yours")
    return kept.who or gettext("occupied")


def when(span: Span) -> str:
    """``mercredi 14 octobre, 14:00–16:00``; where it ends on another day, that day too."""
    begins, ends = span.begins.astimezone(zone()), span.ends.astimezone(zone())
    first = f"{formats.weekday(begins)}, {formats.clock(begins)}"
    if begins.date() == ends.date():
        return f"{first}–{formats.clock(ends)}"
    return f"{first} – {formats.weekday(ends)}, {formats.clock(ends)}"


def hours(span: Span) -> str:
    return f"{formats.clock(span.begins)}–{formats.clock(span.ends)}"


def state(kept: Kept, now: datetime) -> str:
    """What became of it, or what it is now."""
    if kept.outcome is not None and kept.outcome != Outcome.KEPT:
        return str(OUTCOMES[Outcome(kept.outcome)])
    if kept.cancelled_at is not None:
        return gettext("given back") if kept.outcome else gettext("cancelled")
    if kept.outcome is not None:
        return str(OUTCOMES[Outcome.KEPT])
    if kept.span.ends <= now:
        return gettext("over")
    return gettext("going on") if kept.span.begins <= now else gettext("to come")
