"""What the box shows, as a function of what its machine is: a head, two lines, what to do next, the lamp and the buzzer.

Pure. The lamp never says that a machine is safe (no green), and no state is told by the lamp alone.
"""

from dataclasses import dataclass, replace

from agent.access import Denied, Reason
from agent.failures import Failure
from agent.machine import Ask, Machine, Notice, NoticeKind, Session
from agent.panel_people import choice, nobody_beside, renewed, signed, somebody
from agent.records import occupied_s
from agent.rules.use import idle_s, may_extend
from agent.saying import REFUSALS, SOME_REASON, WITH_DATE, Translate, date, duration, so_far, terms
from agent.shown import Face, Lamp, Shown, Sound, turned_down, two_lines
from wire.messages import DenialReason, EndReason, MachineState, OnMaximum, Stamp

__all__ = ["Face", "Lamp", "Shown", "Sound", "View", "draw", "language", "refusal"]

_ENDS_SOON_S = 600
_BOOKED_SOON_S = 12 * 3600
_LONG_S = 99 * 3600  # of longer times nobody wants to read the end


@dataclass(frozen=True, slots=True)
class View:
    """What the panel is drawn from. ``note``: why staff took the machine out of service, in their words."""

    machine: Machine
    name: str
    note: str
    list_age_ms: int | None  # None: no list
    expired: bool  # the list is too old for new starts
    now: Stamp
    denied: tuple[Reason, ...] = ()  # what keeps everybody away from a day on


def language(machine: Machine) -> str | None:
    """The language of the person before the panel, once a badge was read; None for the box's own."""
    notice = machine.notice
    if notice is not None:
        return notice.lang
    for begun in (machine.armed, machine.waiting):
        if begun is not None:
            return begun.opening.grant.lang
    if machine.menu is not None:
        return machine.menu.lang
    if machine.offer is not None:
        return machine.offer.grant.lang
    if machine.pin is not None:
        return machine.pin.master.grant.lang
    return machine.session.lang if machine.session is not None else None


def draw(view: View, translate: Translate) -> Shown:
    """Answers first, then what is half begun, then what is wrong, then how the machine stands. That a session has ended is no
    answer while the machine may be live."""
    _ = translate
    machine, live = view.machine, may_be_live(view.machine)
    if machine.notice is not None and not (live and machine.notice.kind is NoticeKind.ENDED):
        return replace(_answer(view, machine.notice, _), answer=machine.notice.until_ms)
    if (begun := _half_begun(view, _)) is not None:
        return begun
    if live:
        hint = _("Use the main switch")
        return Shown(_("Fault"), "", (_("May be live"), ""), hint, Lamp.FAULT, Face.FAULT, Sound.FAULT)
    if machine.session is not None:
        return _in_use(view, machine.session, _)
    return _at_rest(view, _)


def may_be_live(machine: Machine) -> bool:
    """Nobody uses it, and its contact says closed; or our output did not obey, and no contact says open."""
    if machine.powered:
        return False
    open_ = machine.contact is not None and not machine.contact.on
    return Failure.CONTACT_CLOSED in machine.failures or (Failure.OUTPUT_FAILED in machine.failures and not open_)


# --- answers ------------------------------------------------------------------------------------------------------------


def _answer(view: View, notice: Notice, _: Translate) -> Shown:
    if notice.denied is not None:
        return _refused(view, notice.denied, _)
    if notice.session is not None:
        return _about_session(view, notice, notice.session, _)
    match notice.kind:
        case NoticeKind.PROBLEM:
            text = _("Thank you\nReported")
            return Shown(_("Problem"), "", two_lines(text), _("No start until checked"), Lamp.FAULT, Face.FAULT)
        case NoticeKind.LIST_EXTENDED:
            text = _("Known badges\naccepted for 12 h")
            return Shown(_("Granted"), "", two_lines(text), _("Badge here"), Lamp.FREE, Face.GRANTED, Sound.GRANTED)
        case NoticeKind.SIGNED | NoticeKind.SIGNED_SELF:
            return signed(view.machine, notice, _)
        case NoticeKind.PIN_WRONG:
            text, hint = REFUSALS[DenialReason.PIN_WRONG]
            return turned_down(_("Refused"), "", _(text), _(hint))
        case NoticeKind.RANDOM_ID:
            return turned_down(_("Refused"), "", _("Phone or card\nwith no fixed number"), _("Ask at the desk"))
        case _:
            return Shown(_("Free"), "", two_lines(_("Report\ncleared")), _("Badge here"), Lamp.FREE, Face.FREE)


def _refused(view: View, denied: Denied, _: Translate) -> Shown:
    text, hint = refusal(view, denied, _)
    menu = view.machine.menu
    if menu is not None and not menu.signing:
        hint = _("Button: sign off")
    return turned_down(_("Refused"), denied.name or "", text, hint)


def _about_session(view: View, notice: Notice, session: Session, _: Translate) -> Shown:
    name = session.name or ""
    if notice.kind is NoticeKind.ENDED:
        return _ended(notice, session, name, _)
    if notice.kind is NoticeKind.EXTENDED:
        left = (session.policy.max_s or 0) - occupied_s(session, view.now)
        text = _("{duration} left").format(duration=duration(left, _))
        return Shown(_("Extended"), name, (text, ""), _("Tap again: stop"), Lamp.IN_USE, Face.GRANTED, Sound.GRANTED)
    if notice.kind is NoticeKind.RENEWED:
        return renewed(notice, session, view.now, _)
    lines = (terms(session.payer, _), session.payer.label)
    if session.booked_s is not None and session.booked_s <= _BOOKED_SOON_S:
        hint = _("Booked in {duration}").format(duration=duration(session.booked_s, _))
        return Shown(_("Granted"), name, lines, hint, Lamp.IN_USE, Face.GRANTED, Sound.GRANTED)
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
    if reason == EndReason.CLASS_OVER:
        return Shown(_("Ended"), name, (time, _("The class is over")), _("Badge here"), Lamp.FREE, Face.FREE)
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
    if machine.waiting is not None:
        return somebody(machine.waiting, view.now, _)
    if machine.menu is not None:
        return choice(machine.menu, machine.has_button, _)
    if machine.armed is not None:
        opening = machine.armed.opening
        payer = opening.grant.payers[opening.paying]
        name = opening.grant.name or ""
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
        return Shown(_("Locked"), "", two_lines(text), _("Tap again: clear"), Lamp.LOCKED, Face.LOCKED)
    text = _("Idle for\n{duration}").format(duration=duration(idle_s(view.machine, view.now) or 0, _))
    return Shown(_("In use"), "", two_lines(text), _("Tap again: take over"), Lamp.IDLE, Face.IDLE)


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
        return Shown(_("In use"), name, two_lines(text), hint, Lamp.REFUSED, Face.IN_USE, Sound.ATTENTION)
    if machine.confirm is not None:
        return Shown(_("Job running"), name, (time, cost), _("Tap again: stop"), Lamp.IN_USE, Face.IN_USE)
    if (warned := _warning(view, session, name, time, _)) is not None:
        return warned
    head = _("In use") if session.lesson is None else _("Class")
    return Shown(head, name, (time, cost), _until(view, session, _), Lamp.IN_USE, Face.IN_USE)


def _warning(view: View, session: Session, name: str, time: str, _: Translate) -> Shown | None:
    """Somebody who is missed comes before time that is up, and that before an idle machine."""
    if (missing := nobody_beside(session, view.now, _)) is not None:
        return missing
    if view.machine.past_maximum:
        lines, hint = (time, _("Longest time reached")), _("Finish soon")
        if session.booked_s is not None and session.policy.max_s == session.booked_s:
            lines = (time, _("Booked from now on"))
        return Shown(_("In use"), name, lines, hint, Lamp.IDLE, Face.IN_USE, Sound.ATTENTION)
    return _idle_warning(view, session, name, _)


def _idle_warning(view: View, session: Session, name: str, _: Translate) -> Shown | None:
    policy, idle = session.policy, idle_s(view.machine, view.now)
    if idle is None or policy.idle_warn_s is None or idle < policy.idle_warn_s:
        return None
    text = _("Idle for\n{duration}").format(duration=duration(idle, _))
    hint = _("Tap twice: stop")
    if policy.idle_end_s is not None:
        hint = _("Ends in {duration}").format(duration=duration(policy.idle_end_s - idle, _))
    return Shown(_("Idle"), name, two_lines(text), hint, Lamp.IDLE, Face.IDLE, Sound.ATTENTION)


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
    for reason in (one for one in REFUSALS if one in view.denied):
        return _locked(_("Locked"), REFUSALS[reason], Lamp.LOCKED, Face.LOCKED, _)
    return _free(view, _)


def _free(view: View, _: Translate) -> Shown:
    if view.list_age_ms is None:
        return _locked(_("Offline"), REFUSALS[DenialReason.LIST_MISSING], Lamp.OFFLINE, Face.OFFLINE, _)
    if view.expired:
        text, hint = refusal(view, Denied(frozenset({DenialReason.LIST_EXPIRED})), _)
        return Shown(_("Offline"), view.name, two_lines(text), hint, Lamp.OFFLINE, Face.OFFLINE)
    if Failure.PEER_AWAY in view.machine.failures:
        lines, hint = two_lines(_("Known badges\naccepted")), _("Badge here")
        return Shown(_("Offline"), view.name, lines, hint, Lamp.OFFLINE, Face.OFFLINE)
    return Shown(view.name, "", (_("Free"), ""), _("Badge here"), Lamp.FREE, Face.FREE)


def _locked(head: str, refusal: tuple[str, str], lamp: Lamp, face: Face, _: Translate) -> Shown:
    return Shown(head, "", two_lines(_(refusal[0])), _(refusal[1]), lamp, face)


def refusal(view: View, denied: Denied, _: Translate) -> tuple[str, str]:
    """What is wrong and what to do about it, for the reason that stands first in ``REFUSALS``."""
    reason = next((one for one in REFUSALS if one in denied.reasons), None)
    text, hint = SOME_REASON if reason is None else REFUSALS[reason]
    if reason in WITH_DATE and denied.since_ms is not None:
        text = WITH_DATE[reason]
        return _(text).format(date=date(denied.since_ms, _)), _(hint)
    if reason is DenialReason.OUTSIDE_HOURS and denied.until_ms is not None:
        left = duration((denied.until_ms - view.now.wall_ms) // 1000, _)
        return _("Closed\nfor {duration}").format(duration=left), _(hint)
    if reason is DenialReason.BOOKED and denied.until_ms is not None:
        left = duration((denied.until_ms - view.now.wall_ms) // 1000, _)
        return _("Booked\nfor {duration}").format(duration=left), _(hint)
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
    longest_s = _at_most_s(session)
    if longest_s is None or not 0 < longest_s - seconds <= _LONG_S:
        return text, _("Free when it ends")
    return text, _("Free within {duration}").format(duration=duration(longest_s - seconds, _))


def _at_most_s(session: Session) -> int | None:
    """With all that taps may add; None where nothing but its holder ends it."""
    policy = session.policy
    if policy.max_s is None or policy.on_max is not OnMaximum.CUT:
        return None
    return policy.max_s + policy.extend_s * max(0, policy.extend_times - session.extended)
