"""The words about sessions: why one is free, how far its clock may be trusted, how it ended, what needs a look."""

from datetime import datetime

from flask_babel import gettext, lazy_gettext

from server.billing.pricing import Priced
from server.dashboard.words import end as end_by_agent
from server.dashboard.words import fault
from server.domain.decisions import ENTERED, Free
from server.domain.usage import SessionState
from server.domain.vat import Cell
from server.pages.prices.reckoning import exact
from server.pages.prices.sentences import counting
from server.pages.sessions.finding import Look, Show
from server.web import formats
from server.web.here import zone
from wire.messages import TimeQuality

__all__ = ["counting", "exact", "fault"]  # templates call them beside the words below

FREE = {
    Free.MACHINE_FAULT: lazy_gettext("Machine fault"),
    Free.GOODWILL: lazy_gettext("Goodwill"),
    Free.TEST: lazy_gettext("Test"),
}

SHOWN = {
    Show.ALL: lazy_gettext("All states"),
    Show.OPEN: lazy_gettext("Running"),
    Show.PROVISIONAL: lazy_gettext("Provisional end"),
    Show.ENDED: lazy_gettext("Ended"),
    Show.LOOK: lazy_gettext("Needs a look"),
}

STATES = {
    SessionState.OPEN: lazy_gettext("Running"),
    SessionState.PROVISIONAL: lazy_gettext("Provisional end"),
    SessionState.ENDED: lazy_gettext("Ended"),
}

LOOKS = {
    Look.SILENT: lazy_gettext("nothing heard of it"),
    Look.PROVISIONAL: lazy_gettext("provisional end"),
    Look.LONG: lazy_gettext("over 12 hours"),
    Look.TWO_AT_ONCE: lazy_gettext("two machines at once"),
}

QUALITIES = {
    TimeQuality.SYNCED: lazy_gettext("clock set by the network"),
    TimeQuality.ANCHORED: lazy_gettext("clock set afterwards, reckoned back"),
    TimeQuality.ESTIMATED: lazy_gettext("clock not set: the time is a guess"),
}


def free(reason: str) -> str:
    return str(FREE[Free(reason)])


def quality(of: str) -> str:
    return str(QUALITIES[TimeQuality(of)]) if of in set(TimeQuality) else of


def end(reason: str | None) -> str:
    """How it ended; nothing while it has not."""
    if reason is None:
        return ""
    return gettext("entered by hand") if reason == ENTERED else end_by_agent(reason)


def to_second(at: datetime) -> str:
    """``9:02:14`` on the lab's clock: evidence is told to the second."""
    return f"{at.astimezone(zone()):%H:%M:%S}"


def vat(priced: Priced) -> str:
    """Which VAT it bears, in short."""
    if not isinstance(priced.vat, Cell):
        return gettext("VAT not decided")
    match priced.vat.category:
        case "AE":
            return gettext("reverse charge")
        case "O":
            return gettext("outside the scope")
        case _:
            return f"{formats.number(priced.vat.rate_bp / 100)}\u00a0%"
