"""What the box shows, as a function of what its machine is: a head, two lines, what to do next, the lamp and the buzzer.

Pure. The lamp never says that a machine is safe (no green), and no state is told by the lamp alone.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from agent.access import Denied
from agent.failures import Failure
from agent.machine import Ask, Machine, Notice, NoticeKind, Session
from agent.records import occupied_s
from agent.rules.use import idle_s, may_extend
from agent.saying import REFUSALS, WITH_DATE, Translate, date, duration, so_far, terms
from wire.messages import DenialReason, EndReason, MachineState, Stamp

_ENDS_SOON_S = 600


class Face(StrEnum):
    """Which drawing stands before the head."""

    FREE = "free"
    GRANTED = "granted"
    IN_USE = "in_use"
    IDLE = "idle"
    COOLING = "cooling"
    REFUSED = "refused"
    LOCKED = "locked"
    OFFLINE = "offline"
    FAULT = "fault"


class Lamp(StrEnum):
    """Colour and pattern; nothing flashes more than three times a second."""

    FREE = "white steady"
    ASKING = "white, slow breath"
    IN_USE = "blue, slow breath"
    IDLE = "amber steady"
    COOLING = "blue, three seconds on and off"
    REFUSED = "red, two flashes, then steady"
    LOCKED = "white, one flash in 4 s"
    OFFLINE = "amber, one flash in 2 s"
    FAULT = "red, one flash a second"


class Sound(StrEnum):
    """What the buzzer does once when this begins."""

    NONE = ""
    GRANTED = "one long"
    REFUSED = "two low"
    FAULT = "three"
    ATTENTION = "one each minute"


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
    face: Face
    sound: Sound = Sound.NONE
    answer: int = 0  # which one, as a moment: two answers with the same words are still two


def language(machine: Machine) -> str | None:
    """The language of the person before the panel, once a badge was read; None for the box's own."""
    notice = machine.notice
    if notice is not None:
        return notice.lang
    for begun in (machine.armed, machine.offer):
        if begun is not None:
            return begun.grant.lang
    if machine.pin is not None:
        return machine.pin.master.grant.lang
    return machine.session.lang if machine.session is not None else None


def draw(view: View, translate: Translate) -> Shown:
    """Answers first, then what is half begun, then what is wrong, then how the machine stands."""
    _ = translate
    machine = view.machine
    if machine.notice is not None:
        return replace(_answer(view, machine.notice, _), answer=machine.notice.until_ms)
    if (begun := _half_begun(view, _)) is not None:
        return begun
    if machine.session is not None:
        return _in_use(view, machine.session, _)
    return _at_rest(view, _)


# --- answers ------------------------------------------------------------------------------------------------------------


def _answer(view: View, notice: Notice, _: Translate) -> Shown:
    if notice.denied is not None:
        text, hint = refusal(view, notice.denied, _)
        return _no(_("Refused"), notice.denied.name or "", text, hint)
    if notice.session is not None:
        return _about_session(view, notice, notice.session, _)
    match notice.kind:
        case NoticeKind.PROBLEM:
            text = _("Thank you\nReported")
            return Shown(_("Problem"), "", _lines(text), _("No start until checked"), Lamp.FAULT, Face.FAULT)
        case NoticeKind.LIST_EXTENDED:
            text = _("Known badges\naccepted for 12 h")
            return Shown(_("Granted"), "", _lines(text), _("Badge here"), Lamp.FREE, Face.GRANTED, Sound.GRANTED)
        case NoticeKind.PIN_WRONG:
            text, hint = REFUSALS[DenialReason.PIN_WRONG]
            return _no(_("Refused"), "", _(text), _(hint))
        case NoticeKind.RANDOM_ID:
            return _no(_("Refused"), "", _("Phone or card\nwith no fixed number"), _("Ask at the desk"))
        case _:
            return Shown(_("Free"), "", _lines(_("Report\ncleared")), _("Badge here"), Lamp.FREE, Face.FREE)


def _about_session(view: View, notice: Notice, session: Session, _: Translate) -> Shown:
    name = session.name or ""
    if notice.kind is NoticeKind.ENDED:
        return _ended(notice, session, name, _)
    if notice.kind is NoticeKind.EXTENDED:
        left = (session.policy.max_s or 0) - occupied_s(session, view.now)
        text = _("{duration} left").format(duration=duration(left, _))
        return Shown(_("Extended"), name, (text, ""), _("Tap again: stop"), Lamp.IN_USE, Face.GRANTED, Sound.GRANTED)
    lines = (terms(session.payer, _), session.payer.label)
    return Shown(
        _("Granted"), name, lines, _how(session, view.machine.has_button, _), Lamp.IN_USE, Face.GRANTED, Sound.GRANTED
    )


def _ended(notice: Notice, session: Session, name: str, _: Translate) -> Shown:
    time = duration(notice.occupied_s, _)
    reason = None if session.over is None else session.over.reason
    if reason == EndReason.EMERGENCY_STOP:
        return Shown(_("Ended"), name, (time, _("Emergency stop")), _("Turn it, badge again"), Lamp.FAULT, Face.FAULT)
    if reason == EndReason.NO_POWER:
        hint = _("Check stop and breaker")
        return Shown(_("Ended"), name, (time, _("No power")), hint, Lamp.FAULT, Face.FAULT, Sound.FAULT)
    return Shown(
        _("Ended"), name, (time, so_far(session.payer, notice.occupied_s, _)), _("Badge here"), Lamp.FREE, Face.FREE
    )


def _how(session: Session, has_button: bool, _: Translate) -> str:
    """How this session ends, or the payer is changed."""
    if has_button and len(session.payers) > 1 and session.policy.payer_s:
        return _("Button: other payer")
    if session.policy.removal_s is not None:
        return _("Leave the card in")
    return _("Tap: time, twice: stop")


# --- half begun ---------------------------------------------------------------------------------------------------------


def _half_begun(view: View, _: Translate) -> Shown | None:
    machine = view.machine
    if machine.armed is not None:
        payer = machine.armed.grant.payers[machine.armed.paying]
        name = machine.armed.grant.name or ""
        hint = _("Press the button")
        return Shown(_("Ready"), name, (terms(payer, _), payer.label), hint, Lamp.ASKING, Face.GRANTED)
    if machine.offer is not None and machine.offer.paying is not None:
        payer = machine.offer.grant.payers[machine.offer.paying]
        name = machine.offer.grant.name or ""
        hint = _("Badge again: start")
        return Shown(_("Payer"), name, (payer.label, terms(payer, _)), hint, Lamp.ASKING, Face.FREE)
    if machine.pin is not None:
        dots = "•" * len(machine.pin.digits) + "–" * machine.pin.presses
        name = machine.pin.master.grant.name or ""
        return Shown(_("PIN"), name, (dots, ""), _("Presses, then a pause"), Lamp.ASKING, Face.LOCKED)
    if machine.confirm is not None and machine.confirm.ask is not Ask.END:
        return _question(view, machine.confirm.ask, _)
    return None


def _question(view: View, ask: Ask, _: Translate) -> Shown:
    if ask is Ask.CLEAR:
        text = _("Problem\nreported")
        return Shown(_("Locked"), "", _lines(text), _("Tap again: clear"), Lamp.LOCKED, Face.LOCKED)
    text = _("Idle for\n{duration}").format(duration=duration(idle_s(view.machine, view.now) or 0, _))
    return Shown(_("In use"), "", _lines(text), _("Tap again: take over"), Lamp.IDLE, Face.IDLE)


# --- in use -------------------------------------------------------------------------------------------------------------


def _in_use(view: View, session: Session, _: Translate) -> Shown:
    machine, name = view.machine, session.name or ""
    seconds = session.over.occupied_s if session.over is not None else occupied_s(session, view.now)
    time, cost = duration(seconds, _), so_far(session.payer, seconds, _)
    if machine.state is MachineState.ENDING:
        return Shown(_("Ended"), name, (time, ""), _("Not saved: tell staff"), Lamp.FAULT, Face.FAULT)
    if machine.state is MachineState.COOLING:
        left_s = seconds + session.policy.cooldown_s - occupied_s(session, view.now)
        text = _("{duration} left").format(duration=duration(left_s, _))
        return Shown(_("Cooling"), name, (text, ""), _("Power stays on"), Lamp.COOLING, Face.COOLING)
    if machine.card_out_ms is not None:
        hint = _("Put the card back")
        text = _("Card removed\nends soon")
        return Shown(_("In use"), name, _lines(text), hint, Lamp.REFUSED, Face.IN_USE, Sound.ATTENTION)
    if machine.confirm is not None:
        return Shown(_("Job running"), name, (time, cost), _("Tap again: stop"), Lamp.IN_USE, Face.IN_USE)
    if machine.past_maximum:
        lines, hint = (time, _("Longest time reached")), _("Finish soon")
        return Shown(_("In use"), name, lines, hint, Lamp.IDLE, Face.IN_USE, Sound.ATTENTION)
    if (warned := _idle_warning(view, session, name, _)) is not None:
        return warned
    return Shown(_("In use"), name, (time, cost), _until(view, session, _), Lamp.IN_USE, Face.IN_USE)


def _idle_warning(view: View, session: Session, name: str, _: Translate) -> Shown | None:
    policy, idle = session.policy, idle_s(view.machine, view.now)
    if idle is None or policy.idle_warn_s is None or idle < policy.idle_warn_s:
        return None
    text = _("Idle for\n{duration}").format(duration=duration(idle, _))
    hint = _("Tap twice: stop")
    if policy.idle_end_s is not None:
        hint = _("Ends in {duration}").format(duration=duration(policy.idle_end_s - idle, _))
    return Shown(_("Idle"), name, _lines(text), hint, Lamp.IDLE, Face.IDLE, Sound.ATTENTION)


def _until(view: View, session: Session, _: Translate) -> str:
    """What a tap does, and near the longest time how much is left of it."""
    longest_s = session.policy.max_s
    left_s = None if longest_s is None else longest_s - occupied_s(session, view.now)
    if left_s is None or left_s > _ENDS_SOON_S:
        return _("Leave the card in") if session.policy.removal_s is not None else _("Tap: time, twice: stop")
    if may_extend(session, view.now):
        more = duration(session.policy.extend_s, _)
        return _("Tap: {duration} more").format(duration=more)
    return _("{duration} left").format(duration=duration(left_s, _))


# --- at rest ------------------------------------------------------------------------------------------------------------


def _at_rest(view: View, _: Translate) -> Shown:
    machine = view.machine
    if Failure.CONTACT_CLOSED in machine.failures:
        hint = _("Use the main switch")
        return Shown(_("Fault"), "", (_("May be live"), ""), hint, Lamp.FAULT, Face.FAULT, Sound.FAULT)
    reasons = machine.hindrances(view.now)
    for reason in (one for one in REFUSALS if one in reasons):
        fault = reason in (DenialReason.LATCHED, DenialReason.FAULT, DenialReason.EMERGENCY_STOP)
        if fault:
            return _locked(_("Fault"), REFUSALS[reason], Lamp.FAULT, Face.FAULT, _)
        return _locked(_("Locked"), REFUSALS[reason], Lamp.LOCKED, Face.LOCKED, _)
    if machine.state is MachineState.MAINTENANCE:
        return _locked(_("Locked"), REFUSALS[DenialReason.MAINTENANCE], Lamp.LOCKED, Face.LOCKED, _)
    if machine.update_needed:
        return _locked(_("Locked"), REFUSALS[DenialReason.AGENT_UPDATE_NEEDED], Lamp.LOCKED, Face.LOCKED, _)
    if machine.state is MachineState.OUT_OF_SERVICE:
        lines = (view.note or _("Out of service"), "")
        return Shown(_("Locked"), "", lines, _("Ask at the desk"), Lamp.LOCKED, Face.LOCKED)
    return _free(view, _)


def _free(view: View, _: Translate) -> Shown:
    if view.list_age_ms is None:
        return _locked(_("Offline"), REFUSALS[DenialReason.LIST_MISSING], Lamp.OFFLINE, Face.OFFLINE, _)
    if view.expired:
        text, hint = refusal(view, Denied(frozenset({DenialReason.LIST_EXPIRED})), _)
        return Shown(_("Offline"), view.name, _lines(text), hint, Lamp.OFFLINE, Face.OFFLINE)
    if Failure.PEER_AWAY in view.machine.failures:
        lines, hint = _lines(_("Known badges\naccepted")), _("Badge here")
        return Shown(_("Offline"), view.name, lines, hint, Lamp.OFFLINE, Face.OFFLINE)
    return Shown(view.name, "", (_("Free"), ""), _("Badge here"), Lamp.FREE, Face.FREE)


def _locked(head: str, refusal: tuple[str, str], lamp: Lamp, face: Face, _: Translate) -> Shown:
    return Shown(head, "", _lines(_(refusal[0])), _(refusal[1]), lamp, face)


def _no(head: str, name: str, text: str, hint: str) -> Shown:
    return Shown(head, name, _lines(text), hint, Lamp.REFUSED, Face.REFUSED, Sound.REFUSED)


def refusal(view: View, denied: Denied, _: Translate) -> tuple[str, str]:
    """What is wrong and what to do about it, for the reason that stands first in ``REFUSALS``."""
    reason = next(one for one in REFUSALS if one in denied.reasons)
    text, hint = REFUSALS[reason]
    if reason in WITH_DATE and denied.since_ms is not None:
        text = WITH_DATE[reason]
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
    if view.machine.offer is not None:
        return _(text), _("Button: other payer")
    return _(text), _(hint)


def _busy(session: Session, now: Stamp, _: Translate) -> tuple[str, str]:
    seconds = occupied_s(session, now)
    text = _("Already in use\nfor {duration}").format(duration=duration(seconds, _))
    longest_s = session.policy.max_s
    if longest_s is None or longest_s <= seconds:
        return text, _("Free when it ends")
    return text, _("Free within {duration}").format(duration=duration(longest_s - seconds, _))


def _lines(text: str) -> tuple[str, str]:
    first, _, second = text.partition("\n")
    return first, second
