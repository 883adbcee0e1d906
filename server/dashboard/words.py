"""The board's words: states, reasons, durations and times, in the language of the page being written."""

from collections.abc import Callable, Sequence
from datetime import datetime
from textwrap import wrap
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext, ngettext

from server.dashboard.board import State, Tile, planned_end
from server.web.formats import clock_time, duration, from_an_hour, language, under_an_hour
from server.web.formats import moment_at as moment
from server.web.formats import weekday as day
from wire.messages import (
    CARD_STAYS,
    IDLE_END,
    IDLE_WARNING,
    LOW_RISK_ONLY,
    PAYER_CHOICE,
    PRESS_TO_START,
    TAKE_OVER,
    DenialReason,
    EndReason,
)

__all__ = [  # what templates call besides the words below
    "clock_time", "day", "duration", "from_an_hour", "language", "moment", "planned_end", "under_an_hour",
]  # fmt: skip

NAME_LENGTH = 14  # characters of a machine's name that a tile has room for

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
    "problem": lazy_gettext("A problem was reported"),
    "bypassed": lazy_gettext("Bridged with the key-switch"),
    "out_of_service": lazy_gettext("Out of service"),
    "maintenance": lazy_gettext("Maintenance"),
    "outage": lazy_gettext("Outage"),
    DenialReason.NOT_COMMISSIONED.value: lazy_gettext("Not commissioned"),
    DenialReason.CHECK_OVERDUE.value: lazy_gettext("Legal check overdue"),
}

DENIALS = {
    DenialReason.UNKNOWN_TOKEN: lazy_gettext("unknown badge"),
    DenialReason.TOKEN_BLOCKED: lazy_gettext("badge blocked"),
    DenialReason.TOKEN_EXPIRED: lazy_gettext("badge expired"),
    DenialReason.HOLDER_BLOCKED: lazy_gettext("access blocked"),
    DenialReason.QUALIFICATION_MISSING: lazy_gettext("qualification missing"),
    DenialReason.QUALIFICATION_EXPIRED: lazy_gettext("qualification expired"),
    DenialReason.QUALIFICATION_REVOKED: lazy_gettext("qualification withdrawn"),
    DenialReason.SUPERVISED_ONLY: lazy_gettext("only with a trainer’s badge beside"),
    DenialReason.SHEET_NOT_ACCEPTED: lazy_gettext("safety sheet not accepted"),
    DenialReason.FRAME_REQUIRED: lazy_gettext("only in a declared training frame"),
    DenialReason.OUTSIDE_HOURS: lazy_gettext("outside opening hours"),
    DenialReason.BOOKED: lazy_gettext("booked"),
    DenialReason.NOT_COMMISSIONED: lazy_gettext("no commissioning record"),
    DenialReason.CHECK_OVERDUE: lazy_gettext("legal check overdue"),
    DenialReason.OUT_OF_SERVICE: lazy_gettext("machine out of service"),
    DenialReason.MAINTENANCE: lazy_gettext("machine under maintenance"),
    DenialReason.LATCHED: lazy_gettext("stop not cleared at the machine"),
    DenialReason.PROBLEM_REPORTED: lazy_gettext("somebody reported a problem"),
    DenialReason.EMERGENCY_STOP: lazy_gettext("emergency stop pressed"),
    DenialReason.BYPASSED: lazy_gettext("bridged by staff with the key-switch"),
    DenialReason.FAULT: lazy_gettext("machine has a fault"),
    DenialReason.SECOND_PERSON: lazy_gettext("no second person’s badge"),
    DenialReason.PIN_WRONG: lazy_gettext("wrong PIN of a master badge"),
    DenialReason.IN_USE: lazy_gettext("already in use"),
    DenialReason.LIST_MISSING: lazy_gettext("no access list yet"),
    DenialReason.LIST_EXPIRED: lazy_gettext("access list expired"),
    DenialReason.CLOCK_NOT_SET: lazy_gettext("agent’s clock not set"),
    DenialReason.AGENT_UPDATE_NEEDED: lazy_gettext("agent needs an update"),
    DenialReason.MEMBERSHIP_ENDED: lazy_gettext("membership ended"),
    DenialReason.TENANT_SUSPENDED: lazy_gettext("access paused"),
    DenialReason.CONTRACT_ENDED: lazy_gettext("contract ended"),
    DenialReason.BUDGET_REACHED: lazy_gettext("budget used up"),
    DenialReason.PAYER_NOT_HERE: lazy_gettext("does not pay here, or not at this hour"),
}

ENDS = {
    EndReason.HOLDER: lazy_gettext("ended by badge"),
    EndReason.STAFF: lazy_gettext("stopped by staff"),
    EndReason.MAX_DURATION: lazy_gettext("longest time reached"),
    EndReason.POWER_LOSS: lazy_gettext("agent lost power"),
    EndReason.NO_POWER: lazy_gettext("no power at the contact"),
    EndReason.OUTPUT_FAILED: lazy_gettext("agent’s output failed"),
    EndReason.SHUTDOWN: lazy_gettext("agent shut down"),
    EndReason.CARD_REMOVED: lazy_gettext("card taken out"),
    EndReason.IDLE: lazy_gettext("stood still too long"),
    EndReason.TAKEN_OVER: lazy_gettext("taken over by somebody else"),
    EndReason.EMERGENCY_STOP: lazy_gettext("emergency stop"),
    EndReason.CLASS_OVER: lazy_gettext("class over"),
}

# What a box has no part for, by the feature that asks for it; one that only a newer agent knows is shown as it came.
LACKS = {
    LOW_RISK_ONLY: lazy_gettext("an actuator for more than low risk: its plug goes on without its agent"),
    PRESS_TO_START: lazy_gettext("no button to start"),
    PAYER_CHOICE: lazy_gettext("no button to choose the payer"),
    CARD_STAYS: lazy_gettext("no reader that notices when a card is taken out"),
    IDLE_WARNING: lazy_gettext("no meter to warn when it stands still"),
    IDLE_END: lazy_gettext("no meter to end when it stands still"),
    TAKE_OVER: lazy_gettext("no meter to let others take over"),
}

# Codes that agents use today; one that only a newer agent knows is shown as it came.
FAULTS = {
    "reader_dead": lazy_gettext("badge reader dead"),
    "state_unwritable": lazy_gettext("agent cannot write to its disk"),
    "peer_away": lazy_gettext("no connection to the server"),
    "effect_failed": lazy_gettext("error in the agent"),
    "output_failed": lazy_gettext("agent’s output failed"),
    "loop_hung": lazy_gettext("agent hung"),
    "killed": lazy_gettext("agent ended suddenly"),
    "meter_silent": lazy_gettext("meter does not answer"),
    "power_without_session": lazy_gettext("draws power, and nobody uses it"),
    "session_without_power": lazy_gettext("in use, and draws no power"),
    "key_undeclared": lazy_gettext("key-switch turned, and nobody declared a bypass"),
    "wire_contradicted": lazy_gettext("a wire says no power, the meter says it works"),
    "panel_failed": lazy_gettext("display, lamp or buzzer fails"),
    "reader_reset": lazy_gettext("badge reader had forgotten its settings"),
    "random_id": lazy_gettext("phone or card without a number of its own"),
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


def lack(feature: str) -> str:
    """What is missing from a box: "no button to start"."""
    return str(LACKS[feature]) if feature in LACKS else _as_it_came(feature)


def fault(code: str) -> str:
    return str(FAULTS[code]) if code in FAULTS else _as_it_came(code)


def limit(seconds: int) -> str:
    """A planned time: ``4 h`` where it is full hours."""
    return hours(seconds // 3600) if seconds % 3600 == 0 else duration(seconds)


def hour(number: int) -> str:
    """An hour of the clock."""
    return gettext("%(hour)s:00", hour=number)


def hours(number: int) -> str:
    return gettext("%(hours)s h", hours=number)


def since(start: datetime, until: datetime) -> str:
    return duration((until - start).total_seconds())


def share(tile: Tile, now: datetime) -> str:
    """How much of the longest session has passed, of a bar 100 long."""
    assert tile.started
    assert tile.limit_s
    passed = ((tile.until or now) - tile.started).total_seconds()
    return f"{min(100, max(0, 100 * passed / tile.limit_s)):.1f}"


def milliseconds(at: datetime) -> int:
    """For the browser, which counts minutes itself."""
    return int(at.timestamp() * 1000)


def _as_it_came(code: str) -> str:
    return code.replace("_", " ")


_ABOVE_NOTES = frozenset({"problem", "bypassed"})


def detail(tile: Tile, now: datetime, zone: ZoneInfo) -> str:
    """The second line of a tile at which nobody works: the fault, what locks it, when it was last heard, or what is booked."""
    if tile.state is State.FAULT:
        return fault(tile.why)
    if tile.state is State.LOCK:
        return lock(tile.why) if tile.why in _ABOVE_NOTES else tile.note or lock(tile.why)
    if tile.state is State.COOL:
        return gettext("Power still on")
    if tile.why == "armed":
        return gettext("Badge read, press the button")
    if tile.silent and tile.seen:
        return gettext("seen at %(time)s", time=moment(tile.seen, zone, now))
    if tile.silent:
        return gettext("never seen")
    return booked(tile, now, zone) if tile.state in {State.FREE, State.BOOK} else ""


def booked(tile: Tile, now: datetime, zone: ZoneInfo) -> str:
    """What is kept there next, or just now: nobody reads for whom."""
    if tile.booked is None:
        return ""
    begins, ends = (moment(at, zone, now) for at in (tile.booked.begins, tile.booked.ends))
    if tile.booked.is_outage:
        return gettext("outage %(begins)s–%(ends)s", begins=begins, ends=ends)
    return gettext("reserved %(begins)s–%(ends)s", begins=begins, ends=ends)


def short(name: str) -> str:
    """A machine's name as it fits on a tile; the whole of it stands on the machine's own page."""
    return lines(name, NAME_LENGTH, 1)[0]


def lines(text: str, width: int, most: int) -> list[str]:
    """Cut into so many lines of so many characters; what does not fit ends in "…"."""
    found = wrap(text, width)
    if len(found) <= most:
        return found
    last = " ".join(found[most - 1 :])
    return [*found[: most - 1], f"{last[: width - 1].rstrip()}…"]
