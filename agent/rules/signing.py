"""A trainer's badge at a machine at rest: it starts, starts a learner beside the trainer, or signs learners off.

To sign off is to note that both were there. Nobody signs off themselves, by whatever badge.
"""

from dataclasses import replace

from agent.access import Answer, Denied, Grant, Reason, stands_by
from agent.machine import Machine, Menu, NoticeKind, Opening
from agent.rules.beside import begin, supervised_by
from agent.rules.common import Next, notice, refuse
from agent.stimuli import Pressed, Record, Tapped
from wire.messages import DenialReason, Level, SignOff, Stamp

MENU_MS = 10_000
SIGNING_MS = 30_000
_NO_GOOD = {
    DenialReason.UNKNOWN_TOKEN,
    DenialReason.TOKEN_BLOCKED,
    DenialReason.TOKEN_EXPIRED,
    DenialReason.HOLDER_BLOCKED,
}


def offers(machine: Machine, answer: Answer) -> bool:
    """This badge has a choice here. One that opens a class has none, and one that may not start can only sign off."""
    if stands_by(answer) is not Level.TRAINER:
        return False
    return answer.lesson is None if isinstance(answer, Grant) else machine.has_button


def offered(machine: Machine, stimulus: Tapped, now: Stamp) -> Machine:
    answer = stimulus.answer
    grant = answer if isinstance(answer, Grant) else None
    until_ms = now.mono_ms + MENU_MS
    menu = Menu(stimulus.token, answer.holder or 0, answer.name, answer.lang, answer.revision, until_ms, grant)
    return replace(machine, menu=menu)


def chosen(machine: Machine, menu: Menu, stimulus: Tapped, now: Stamp) -> Next | None:
    """The trainer's badge again, or a learner's; None for any other, which begins anew."""
    answer = stimulus.answer
    if menu.grant is None or not isinstance(answer, Grant):
        return None
    opening = Opening(stimulus.token, answer, stimulus.session_id)
    if stimulus.token == menu.token:
        return begin(machine, opening, now)
    if answer.asks_trainer and answer.holder != menu.trainer:
        return begin(machine, supervised_by(opening, menu.trainer), now)
    return None


def pressed(machine: Machine, stimulus: Pressed, now: Stamp) -> Next:
    menu = machine.menu
    if menu is None:
        return machine, ()
    return replace(machine, menu=_longer(replace(menu, signing=True, grant=None), now), notice=None), ()


def tapped_while_signing(machine: Machine, menu: Menu, stimulus: Tapped, now: Stamp) -> Next:
    """A learner's badge; the trainer's own ends it."""
    answer = stimulus.answer
    if stimulus.token == menu.token:
        return replace(machine, menu=None, notice=None), ()
    machine = replace(machine, menu=_longer(menu, now))
    if answer.holder == menu.trainer:
        told = notice(NoticeKind.SIGNED_SELF, now, lang=answer.lang, name=answer.name)
        return replace(machine, notice=told), ()
    if answer.holder is None or (isinstance(answer, Denied) and not answer.good):
        return refuse(machine, stimulus.token, _only_the_badge(answer), now)
    return _signed(machine, menu, answer, answer.holder, now)


# --- parts of these -----------------------------------------------------------------------------------------------------


def _signed(machine: Machine, menu: Menu, answer: Answer, learner: int, now: Stamp) -> Next:
    """A badge that comes twice is noted once."""
    told = notice(NoticeKind.SIGNED, now, lang=menu.lang, name=answer.name)
    machine = replace(machine, notice=told)
    if learner in menu.signed or machine.menu is None:
        return machine, ()
    machine = replace(machine, menu=replace(machine.menu, signed=(*menu.signed, learner)))
    return machine, (Record((SignOff(machine.id, menu.trainer, learner, menu.revision, now),)),)


def _only_the_badge(answer: Answer) -> Denied:
    """What is wrong with the badge: that the machine is closed too is nothing to the learner."""
    reasons: frozenset[Reason] = frozenset({DenialReason.UNKNOWN_TOKEN})
    if isinstance(answer, Denied) and answer.holder is not None:
        reasons = (answer.reasons & _NO_GOOD) or frozenset({DenialReason.HOLDER_BLOCKED})
    key_id = answer.key_id
    return Denied(reasons, answer.revision, answer.holder, answer.name, answer.lang, key_id=key_id)


def _longer(menu: Menu, now: Stamp) -> Menu:
    return replace(menu, until_ms=now.mono_ms + SIGNING_MS)
