"""The board's words: states, reasons, durations and times, in the language of the page being written."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask_babel import get_locale, gettext, lazy_gettext, ngettext

from server.dashboard.board import State, Tile
from wire.messages import DenialReason, EndReason

STATES = {
    State.FREE: lazy_gettext("Free"),
    State.USE: lazy_gettext("In use"),
    State.IDLE: lazy_gettext("Idle, on"),
    State.COOL: lazy_gettext("Cooling down"),
    State.BOOK: lazy_gettext("Booked"),
    State.LOCK: lazy_gettext("Locked"),
    State.OFF: lazy_gettext("Offline"),
    State.FAULT: lazy_gettext("Fault"),
}

LOCKS = {
    "latched": lazy_gettext("Stop to be cleared at the machine"),
    "out_of_service": lazy_gettext("Out of service"),
    "maintenance": lazy_gettext("Maintenance"),
}

DENIALS = {
    DenialReason.UNKNOWN_TOKEN: lazy_gettext("unknown badge"),
    DenialReason.TOKEN_BLOCKED: lazy_gettext("badge blocked"),
    DenialReason.TOKEN_EXPIRED: lazy_gettext("badge expired"),
    DenialReason.HOLDER_BLOCKED: lazy_gettext("access blocked"),
    DenialReason.QUALIFICATION_MISSING: lazy_gettext("qualification missing"),
    DenialReason.QUALIFICATION_EXPIRED: lazy_gettext("qualification expired"),
    DenialReason.QUALIFICATION_REVOKED: lazy_gettext("qualification withdrawn"),
    DenialReason.OUTSIDE_HOURS: lazy_gettext("outside opening hours"),
    DenialReason.OUT_OF_SERVICE: lazy_gettext("machine out of service"),
    DenialReason.MAINTENANCE: lazy_gettext("machine under maintenance"),
    DenialReason.LATCHED: lazy_gettext("stop not cleared at the machine"),
    DenialReason.FAULT: lazy_gettext("machine has a fault"),
    DenialReason.IN_USE: lazy_gettext("already in use"),
    DenialReason.LIST_MISSING: lazy_gettext("no access list yet"),
    DenialReason.LIST_EXPIRED: lazy_gettext("access list expired"),
    DenialReason.CLOCK_NOT_SET: lazy_gettext("agent’s clock not set"),
    DenialReason.AGENT_UPDATE_NEEDED: lazy_gettext("agent needs an update"),
    DenialReason.MEMBERSHIP_ENDED: lazy_gettext("membership ended"),
    DenialReason.TENANT_SUSPENDED: lazy_gettext("access paused"),
    DenialReason.CONTRACT_ENDED: lazy_gettext("contract ended"),
    DenialReason.BUDGET_REACHED: lazy_gettext("budget used up"),
}

ENDS = {
    EndReason.HOLDER: lazy_gettext("ended by badge"),
    EndReason.STAFF: lazy_gettext("stopped by staff"),
    EndReason.MAX_DURATION: lazy_gettext("longest time reached"),
    EndReason.POWER_LOSS: lazy_gettext("agent lost power"),
    EndReason.NO_POWER: lazy_gettext("no power at the contact"),
    EndReason.OUTPUT_FAILED: lazy_gettext("agent’s output failed"),
    EndReason.SHUTDOWN: lazy_gettext("agent shut down"),
}

# Codes that agents use today; one that only a newer agent knows is shown as it came.
FAULTS = {
    "reader_dead": lazy_gettext("badge reader dead"),
    "state_unwritable": lazy_gettext("agent cannot write to its disk"),
    "peer_away": lazy_gettext("no connection to the server"),
    "effect_failed": lazy_gettext("error in the agent"),
    "output_failed": lazy_gettext("agent’s output failed"),
    "agent_dead": lazy_gettext("agent hung"),
    "contact_open": lazy_gettext("contact open although switched on"),
    "contact_closed": lazy_gettext("contact closed although switched off"),
    "mains_back": lazy_gettext("power came back after a cut"),
    "frame_refused": lazy_gettext("badge frame not readable"),
    "link_failed": lazy_gettext("connection to the broker failed"),
    "name_taken_over": lazy_gettext("another agent has the same name"),
    "list_unreadable": lazy_gettext("access list cannot be read"),
    "list_foreign": lazy_gettext("access list of another agent"),
    "list_wrong_key": lazy_gettext("access list with another site key"),
    "receipt_unreadable": lazy_gettext("receipt cannot be read"),
    "publish_refused": lazy_gettext("broker refuses what the agent sends"),
}

_COUNTED: dict[State, Callable[[int], str]] = {
    State.FREE: lambda number: ngettext("free", "free", number),
    State.USE: lambda number: ngettext("in use", "in use", number),
    State.IDLE: lambda number: ngettext("idle, on", "idle, on", number),
    State.COOL: lambda number: ngettext("cooling down", "cooling down", number),
    State.BOOK: lambda number: ngettext("booked", "booked", number),
    State.LOCK: lambda number: ngettext("locked", "locked", number),
    State.OFF: lambda number: ngettext("offline", "offline", number),
    State.FAULT: lambda number: ngettext("fault", "faults", number),
}

_DATES = {"fr": "EEEE d MMMM", "de": "EEE, d. MMMM", "en": "EEE d MMMM"}


def language() -> str:
    """The language of the page being written: ``fr``, ``de`` or ``en``."""
    locale = get_locale()
    assert locale is not None, "no page is being written"
    return locale.language


def counted(state: State, number: int) -> str:
    """The word behind a figure: "8 free", "1 fault"."""
    return _COUNTED[state](number)


def denial(reason: str) -> str:
    """A refusal in words; a reason only a newer agent knows is shown as it came."""
    return str(DENIALS[DenialReason(reason)]) if reason in DENIALS else _as_it_came(reason)


def denials(reasons: Sequence[str]) -> str:
    return ", ".join(map(denial, reasons))


def end(reason: str) -> str:
    return str(ENDS[EndReason(reason)]) if reason in ENDS else _as_it_came(reason)


def lock(why: str) -> str:
    return str(LOCKS[why])


def fault(code: str) -> str:
    return str(FAULTS[code]) if code in FAULTS else _as_it_came(code)


def duration(seconds: float) -> str:
    """``42 min``, from the hour on ``1 h 48`` (German ``1:48 h``). The same two texts are given to the browser."""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return under_an_hour().format(minutes=minutes)
    return from_an_hour().format(hours=minutes // 60, minutes=f"{minutes % 60:02}")


def limit(seconds: int) -> str:
    """A planned time: ``4 h`` where it is full hours."""
    return hours(seconds // 3600) if seconds % 3600 == 0 else duration(seconds)


def hour(number: int) -> str:
    """An hour of the clock."""
    return gettext("%(hour)s:00", hour=number)


def hours(number: int) -> str:
    return gettext("%(hours)s h", hours=number)


def under_an_hour() -> str:
    return gettext("{minutes} min")


def from_an_hour() -> str:
    return gettext("{hours} h {minutes}")


def since(start: datetime, until: datetime) -> str:
    return duration((until - start).total_seconds())


def share(tile: Tile, now: datetime) -> str:
    """How much of the longest session has passed, of a bar 100 long."""
    assert tile.started
    assert tile.limit_s
    passed = ((tile.until or now) - tile.started).total_seconds()
    return f"{min(100, max(0, 100 * passed / tile.limit_s)):.1f}"


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """The time of day, with the date before it unless it is today's."""
    if at.astimezone(zone).date() == now.astimezone(zone).date():
        return clock_time(at, zone)
    return _font_ready(format_datetime(at, "d MMM, HH:mm", tzinfo=zone, locale=language()))


def day(of: date) -> str:
    return _font_ready(format_date(of, _DATES[language()], language()))


def milliseconds(at: datetime) -> int:
    """For the browser, which counts minutes itself."""
    return int(at.timestamp() * 1000)


def _as_it_came(code: str) -> str:
    return code.replace("_", " ")


def _font_ready(text: str) -> str:
    """The narrow no-break space is not in the font."""
    return text.replace("\u202f", "\u00a0")
