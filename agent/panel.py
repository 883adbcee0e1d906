"""What the box shows, as a function of what its machine is: a head, two lines, what to do next, and the lamp.

Pure: the texts go through a ``translate`` that is handed in. The agent knows no time zone, so it tells durations, never
clock times. The lamp never says that a machine is safe (no green), and no state is told by the lamp alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from agent.access import Denied
from agent.failures import Failure
from agent.machine import Machine, Notice, NoticeKind, Session
from agent.records import occupied_s
from wire.messages import DenialReason, MachineState, Stamp

Translate = Callable[[str], str]


class Lamp(StrEnum):
    FREE = "white steady"
    IN_USE = "blue, slow breath"
    REFUSED = "red, two flashes, then steady"
    LOCKED = "white, one flash in 4 s"
    OFFLINE = "amber, one flash in 2 s"
    FAULT = "red, one flash a second"


@dataclass(frozen=True, slots=True)
class View:
    """What the panel is drawn from. ``note``: why staff took the machine out of service, in their words."""

    machine: Machine
    name: str
    note: str
    list_age_ms: int | None  # None: no list
    expired: bool  # the list is too old for new starts
    now: Stamp


@dataclass(frozen=True, slots=True)
class Shown:
    head: str
    right: str  # beside the head: whose turn it is
    lines: tuple[str, str]
    hint: str
    lamp: Lamp


def language(machine: Machine) -> str | None:
    """The language of the person before the panel, once a badge was read; None for the box's own."""
    notice = machine.notice
    if notice is not None and notice.denied is not None:
        return notice.denied.lang
    session = machine.session or (notice.session if notice is not None else None)  # the one that has just ended
    return session.lang if session is not None else None


def draw(view: View, translate: Translate) -> Shown:
    """Answers first, then what is wrong, then how the machine stands."""
    _ = translate
    machine = view.machine
    if machine.notice is not None:
        return _answer(view, machine.notice, _)
    if machine.session is not None:
        return _running(view, machine.session, _)
    if machine.latch is not None:
        return _locked(_("Fault"), REFUSALS[DenialReason.LATCHED], Lamp.FAULT, _)
    if machine.denies_starts:
        return _locked(_("Fault"), REFUSALS[DenialReason.FAULT], Lamp.FAULT, _)
    if machine.state is MachineState.MAINTENANCE:
        return _locked(_("Locked"), REFUSALS[DenialReason.MAINTENANCE], Lamp.LOCKED, _)
    if machine.update_needed:
        return _locked(_("Locked"), REFUSALS[DenialReason.AGENT_UPDATE_NEEDED], Lamp.LOCKED, _)
    if machine.state is MachineState.OUT_OF_SERVICE:
        return Shown(_("Locked"), "", (view.note or _("Out of service"), ""), _("Ask at the desk"), Lamp.LOCKED)
    return _free(view, _)


def _free(view: View, _: Translate) -> Shown:
    if view.list_age_ms is None:
        return _locked(_("Offline"), REFUSALS[DenialReason.LIST_MISSING], Lamp.OFFLINE, _)
    if view.expired:
        text, hint = refusal(view, Denied(frozenset({DenialReason.LIST_EXPIRED})), _)
        return Shown(_("Offline"), view.name, _lines(text), hint, Lamp.OFFLINE)
    if Failure.PEER_AWAY in view.machine.failures:
        return Shown(_("Offline"), view.name, _lines(_("Known badges\naccepted")), _("Badge here"), Lamp.OFFLINE)
    return Shown(view.name, "", (_("Free"), ""), _("Badge here"), Lamp.FREE)


def _locked(head: str, refusal: tuple[str, str], lamp: Lamp, _: Translate) -> Shown:
    return Shown(head, "", _lines(_(refusal[0])), _(refusal[1]), lamp)


def _running(view: View, session: Session, _: Translate) -> Shown:
    time = duration(occupied_s(session, view.now), _)
    name = session.name or ""
    if view.machine.state is MachineState.ENDING:
        return Shown(_("Ended"), name, (time, ""), _("Not saved: tell staff"), Lamp.FAULT)
    if view.machine.confirm is not None:
        return Shown(_("Job running"), name, (time, ""), _("Tap again: stop"), Lamp.IN_USE)
    if view.machine.past_maximum:
        return Shown(_("In use"), name, (time, _("Longest time reached")), _("Finish soon"), Lamp.IN_USE)
    return Shown(_("In use"), name, (time, ""), _("Tap: time, twice: stop"), Lamp.IN_USE)


def _answer(view: View, notice: Notice, _: Translate) -> Shown:
    match notice:
        case Notice(kind=NoticeKind.DENIED, denied=Denied() as denied):
            text, hint = refusal(view, denied, _)
            return Shown(_("Refused"), denied.name or "", _lines(text), hint, Lamp.REFUSED)
        case Notice(kind=NoticeKind.GRANTED, session=Session() as session):
            lines = (price(session.rate_cents, _), session.payer_label)
            return Shown(_("Granted"), session.name or "", lines, _("Tap: time, twice: stop"), Lamp.IN_USE)
        case Notice(session=session):
            name = (session.name or "") if session is not None else ""
            return Shown(_("Ended"), name, (duration(notice.occupied_s, _), ""), _("Badge here"), Lamp.FREE)


def refusal(view: View, denied: Denied, _: Translate) -> tuple[str, str]:
    """What is wrong and what to do about it, for the reason that stands first in ``REFUSALS``."""
    reason = next(one for one in REFUSALS if one in denied.reasons)
    text, hint = REFUSALS[reason]
    if reason in _WITH_DATE and denied.since_ms is not None:
        text = _WITH_DATE[reason]
        return _(text).format(date=date(denied.since_ms, _)), _(hint)
    if reason is DenialReason.OUTSIDE_HOURS and denied.until_ms is not None:
        left = duration((denied.until_ms - view.now.wall_ms) // 1000, _)
        return _("Closed\nfor {duration}").format(duration=left), _(hint)
    if reason is DenialReason.LIST_EXPIRED and view.list_age_ms is not None:
        age = duration(view.list_age_ms // 1000, _)
        return _("No network\nfor {duration}").format(duration=age), _(hint)
    if reason is DenialReason.OUT_OF_SERVICE and view.note:
        return view.note, _(hint)
    if reason is DenialReason.IN_USE and view.machine.session is not None:
        return _busy(view.machine.session, view.now, _)
    return _(text), _(hint)


def _busy(session: Session, now: Stamp, _: Translate) -> tuple[str, str]:
    seconds = occupied_s(session, now)
    text = _("Already in use\nfor {duration}").format(duration=duration(seconds, _))
    longest_s = session.policy.max_s
    if longest_s is None or longest_s <= seconds:
        return text, _("Free when it ends")
    return text, _("Free within {duration}").format(duration=duration(longest_s - seconds, _))


def duration(seconds: int, _: Translate) -> str:
    if seconds < 60:
        return _("{seconds} s").format(seconds=max(0, seconds))
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return _("{hours} h {minutes:02}").format(hours=hours, minutes=minutes)
    return _("{minutes} min").format(minutes=minutes)


def date(wall_ms: int, _: Translate) -> str:
    """A day without its year. Rights end at midnight, so the last day they held is told."""
    day = datetime.fromtimestamp(wall_ms / 1000, UTC) - timedelta(hours=1)
    return _("{day} {month}").format(day=day.day, month=_(_MONTHS[day.month - 1]))


def price(rate_cents: int | None, _: Translate) -> str:
    if rate_cents is None:
        return _("No price set")
    return _("€{euros}.{cents:02} an hour").format(euros=rate_cents // 100, cents=rate_cents % 100)


def _lines(text: str) -> tuple[str, str]:
    first, _, second = text.partition("\n")
    return first, second


def _n(text: str) -> str:
    """Marks a text for the catalogues where it is not translated on the spot."""
    return text


_MONTHS = (
    _n("January"),
    _n("February"),
    _n("March"),
    _n("April"),
    _n("May"),
    _n("June"),
    _n("July"),
    _n("August"),
    _n("Sept."),
    _n("Oct."),
    _n("Nov."),
    _n("Dec."),
)

# Each refusal: what is wrong, and what to do. The order is which one to tell when several hold: the machine first, because
# whoever stands there can do nothing about themselves that would help; then what only staff can change; then the rest.
REFUSALS = {
    DenialReason.MAINTENANCE: (_n("Maintenance\nNOT locked out"), _n("Ask the technician")),
    DenialReason.LATCHED: (_n("Locked\nafter a fault"), _n("Tell the workshop")),
    DenialReason.OUT_OF_SERVICE: (_n("Out of service"), _n("Ask at the desk")),
    DenialReason.IN_USE: (_n("Already in use"), _n("Free when it ends")),
    DenialReason.FAULT: (_n("Box out of order\nNo start now"), _n("Tell the workshop")),
    DenialReason.LIST_MISSING: (_n("Box not ready\nNo list yet"), _n("Tell the workshop")),
    DenialReason.AGENT_UPDATE_NEEDED: (_n("Box needs\nan update"), _n("Tell the workshop")),
    DenialReason.CLOCK_NOT_SET: (_n("Clock not set\nNo network yet"), _n("Tell the workshop")),
    DenialReason.UNKNOWN_TOKEN: (_n("Unknown badge"), _n("Ask at the desk")),
    DenialReason.TOKEN_BLOCKED: (_n("Badge blocked"), _n("Ask at the desk")),
    DenialReason.TOKEN_EXPIRED: (_n("Badge expired"), _n("Ask at the desk")),
    DenialReason.HOLDER_BLOCKED: (_n("Access blocked"), _n("Ask at the desk")),
    DenialReason.QUALIFICATION_REVOKED: (_n("Qualification\nwithdrawn"), _n("Ask your trainer")),
    DenialReason.QUALIFICATION_EXPIRED: (_n("Qualification\nexpired"), _n("Course: ask at the desk")),
    DenialReason.QUALIFICATION_MISSING: (_n("Qualification\nmissing"), _n("Course: ask at the desk")),
    DenialReason.MEMBERSHIP_ENDED: (_n("Access ended"), _n("Ask your company")),
    DenialReason.TENANT_SUSPENDED: (_n("Access paused"), _n("Ask at the desk")),
    DenialReason.CONTRACT_ENDED: (_n("Contract ended"), _n("Ask your company")),
    DenialReason.BUDGET_REACHED: (_n("Budget used up"), _n("Ask your company")),
    DenialReason.OUTSIDE_HOURS: (_n("Closed"), _n("Hours at the desk")),
    DenialReason.LIST_EXPIRED: (_n("No network"), _n("Tell the workshop")),
}
_WITH_DATE = {
    DenialReason.QUALIFICATION_EXPIRED: _n("Qualification\nexpired on {date}"),
    DenialReason.MEMBERSHIP_ENDED: _n("Access ended\non {date}"),
}
