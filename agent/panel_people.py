"""What the box shows about other persons: a trainer or a second one who is waited for or missed, and learners signed off. Pure."""

from agent.machine import Beside, Machine, Menu, Notice, NoticeKind, Session, Waiting
from agent.rules.beside import asked_again, left_s, warns
from agent.saying import Translate, duration
from agent.shown import Face, Lamp, Shown, Sound, turned_down, two_lines
from wire.messages import RiskClass, Stamp


def somebody(waiting: Waiting, now: Stamp, _: Translate) -> Shown:
    """A badge was accepted, and another person's is asked for."""
    left = max(0, -(-(waiting.until_ms - now.mono_ms) // 1000))
    hint = _("Then it starts")
    if waiting.opening.grant.policy.press_s is not None:
        hint = _("Then the button")
    name = waiting.opening.grant.name or ""
    return Shown(_("Waits"), name, _badge_within(waiting.whom, left, _), hint, Lamp.ASKING, Face.GRANTED)


def _badge_within(whom: Beside, seconds: int, _: Translate) -> tuple[str, str]:
    left = duration(seconds, _)
    if whom is Beside.TRAINER:
        return two_lines(_("Trainer's badge\nwithin {duration}").format(duration=left))
    return two_lines(_("Second person\nwithin {duration}").format(duration=left))


def choice(menu: Menu, has_button: bool, _: Translate) -> Shown:
    """A trainer's badge: what it can do here."""
    name = menu.name or ""
    if menu.signing:
        hint = _("Own badge: end")
        return Shown(_("Sign off"), name, two_lines(_("Badge of\nthe learner")), hint, Lamp.ASKING, Face.GRANTED)
    hint = _("Learner: their badge")
    if menu.grant is None:
        return Shown(_("Trainer"), name, ("", ""), _("Button: sign off"), Lamp.ASKING, Face.LOCKED)
    text = _("Tap again: start")
    if has_button:
        text = _("Tap again: start\nButton: sign off")
    return Shown(_("Trainer"), name, two_lines(text), hint, Lamp.ASKING, Face.GRANTED)


def nobody_beside(session: Session, now: Stamp, _: Translate) -> Shown | None:
    """Somebody is missed soon, or was. The machine goes on: what is told is who has to come."""
    name = session.name or ""
    whom, left = asked_again(session), left_s(session, now)
    if whom is None or left is None:
        return None
    if session.unattended:
        hint = _("Trainer's badge now") if whom is Beside.TRAINER else _("Second badge now")
        text = _("Nobody beside\nStaff is told")
        return Shown(_("In use"), name, two_lines(text), hint, Lamp.REFUSED, Face.IN_USE, Sound.ATTENTION)
    if not warns(session, now):
        return None
    lines, hint = _badge_within(whom, max(0, left), _), _("Or staff is told")
    return Shown(_("In use"), name, lines, hint, Lamp.IDLE, Face.IN_USE, Sound.ATTENTION)


def _next_time(session: Session, now: Stamp, _: Translate) -> str:
    """When somebody's badge is asked for again."""
    left = left_s(session, now)
    if left is None:
        return _("Tap: time, twice: stop")
    return _("Again in {duration}").format(duration=duration(left, _))


def renewed(notice: Notice, session: Session, now: Stamp, _: Translate) -> Shown:
    text = _("Thank you\nNoted")
    hint = _next_time(session, now, _)
    return Shown(_("In use"), notice.name or "", two_lines(text), hint, Lamp.IN_USE, Face.GRANTED, Sound.GRANTED)


def signed(machine: Machine, notice: Notice, _: Translate) -> Shown:
    """Where more is at risk than a print, it counts once the trainer has ticked the checklist."""
    name = notice.name or ""
    if notice.kind is NoticeKind.SIGNED_SELF:
        return turned_down(_("Refused"), name, _("Nobody signs\nthemselves off"), _("A learner's badge"))
    text = _("Noted")
    if machine.risk is not RiskClass.LOW:
        text = _("Noted\nThen the checklist")
    hint = _("Next, or yours: end")
    return Shown(_("Signed off"), name, two_lines(text), hint, Lamp.ASKING, Face.GRANTED, Sound.GRANTED)
