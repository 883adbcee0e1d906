"""A badge at a machine at rest: the answer, the payer at the button, who else is asked for, what staff clear."""

from dataclasses import replace

from agent.access import Answer, Denied, Grant, stands_by
from agent.machine import Ask, Confirm, Machine, NoticeKind, Offer, Opening
from agent.rules import beside, pin, signing
from agent.rules.common import Next, at_rest, disarmed, notice, refuse, unlatched
from agent.stimuli import Latching, Pressed, Record, Tapped
from wire.messages import DenialReason, LatchCleared, Level, MachineState, Stamp

OFFER_MS = 15_000
CLEAR_MS = 5_000


def tapped_at_rest(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    offer, waiting, menu = machine.offer, machine.waiting, machine.menu
    if waiting is not None:
        return beside.tapped_while_waiting(machine, waiting, stimulus, now)
    if menu is not None and menu.signing:
        return signing.tapped_while_signing(machine, menu, stimulus, now)
    machine = disarmed(machine)
    if menu is not None and (begun := signing.chosen(machine, menu, stimulus, now)) is not None:
        return begun
    answer = stimulus.answer
    if isinstance(answer, Denied):
        return _denied(machine, offer, stimulus, answer, now)
    if signing.offers(machine, answer):
        return replace(signing.offered(machine, stimulus, now), notice=None), ()
    return granted(machine, stimulus, answer, now)


def granted(machine: Machine, stimulus: Tapped, grant: Grant, now: Stamp, *, chosen: bool = False) -> Next:
    return beside.begin(machine, Opening(stimulus.token, grant, stimulus.session_id, chosen=chosen), now)


def tapped_while_armed(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """The badge again steps to the next payer; whoever stands beside may badge again; another badge begins anew."""
    armed, answer = machine.armed, stimulus.answer
    if armed is None:
        return tapped_at_rest(machine, stimulus, now)
    opening = armed.opening
    if answer.holder is not None and answer.holder in (opening.supervisor, opening.companion):
        return machine, ()
    if opening.token != stimulus.token or isinstance(answer, Denied):
        return tapped_at_rest(machine, stimulus, now)
    opening = replace(opening, grant=answer, paying=(opening.paying + 1) % len(answer.payers))
    until_ms = now.mono_ms + (answer.policy.press_s or 0) * 1000
    return replace(machine, armed=replace(armed, opening=opening, until_ms=until_ms)), ()


def judged_anew(machine: Machine, answer: Answer, now: Stamp) -> Next:
    """A new list, while somebody waits for a trainer, a second person or the button: what was taken away starts nothing."""
    begun, menu = machine.armed or machine.waiting, machine.menu
    if menu is not None:
        keeps = stands_by(answer) is Level.TRAINER and (menu.grant is None or isinstance(answer, Grant))
        return (machine if keeps else disarmed(machine)), ()
    if begun is None:
        return machine, ()
    opening = begun.opening
    if isinstance(answer, Grant):
        return (machine if _asks_for(answer) == _asks_for(opening.grant) else disarmed(machine)), ()
    if answer.reasons <= machine.hindrances(now) or (opening.chosen and answer.otherwise is not None):
        return machine, ()
    return refuse(disarmed(machine), opening.token, answer, now)


def _asks_for(grant: Grant) -> tuple[bool, bool]:
    """A trainer, and a second person."""
    return grant.asks_trainer, grant.policy.second_s is not None


def tapped_while_closed(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    """Out of service, maintenance or ending: no badge starts anything, whatever the list says (design rule 11). A staff
    badge, twice, clears a reported problem; a trainer may sign off where it is out of service."""
    menu, answer = machine.menu, stimulus.answer
    if menu is not None and menu.signing:
        return signing.tapped_while_signing(machine, menu, stimulus, now)
    if stimulus.staff and machine.latch is not None and machine.latch.problem:
        return _clearing(machine, stimulus, now)
    denied = answer
    if isinstance(denied, Grant):
        reasons = frozenset({_WHILE_CLOSED[machine.state]})
        denied = Denied(
            reasons, denied.revision, denied.holder, denied.name, denied.lang, level=denied.level, good=True
        )
    machine, effects = refuse(replace(machine, menu=None), stimulus.token, denied, now)
    if machine.state is MachineState.OUT_OF_SERVICE and signing.offers(machine, denied):
        machine = signing.offered(machine, replace(stimulus, answer=denied), now)
    return machine, effects


_WHILE_CLOSED = {
    MachineState.ENDING: DenialReason.FAULT,
    MachineState.OUT_OF_SERVICE: DenialReason.OUT_OF_SERVICE,
    MachineState.MAINTENANCE: DenialReason.MAINTENANCE,
}


def pressed_at_rest(machine: Machine, stimulus: Pressed, now: Stamp) -> Next:
    """One press of a PIN's digit, signing off, or the next payer after a closed one."""
    if machine.pin is not None:
        return pin.pressed(machine, machine.pin, now)
    if machine.menu is not None:
        return signing.pressed(machine, stimulus, now)
    if machine.offer is None:
        return machine, ()
    offer = machine.offer
    paying = 0 if offer.paying is None else (offer.paying + 1) % len(offer.grant.payers)
    offer = replace(offer, paying=paying, until_ms=now.mono_ms + OFFER_MS)
    return replace(machine, offer=offer, notice=None), ()


# --- parts of these -----------------------------------------------------------------------------------------------------


def _denied(machine: Machine, offer: Offer | None, stimulus: Tapped, denied: Denied, now: Stamp) -> Next:
    """Another payer chosen at the button, a master badge that asks for its PIN, or the reason why not."""
    grant = denied.otherwise
    if grant is not None and machine.has_button:
        if offer is not None and offer.token == stimulus.token and offer.paying is not None:
            chosen = offer.grant.payers[offer.paying]
            if chosen in grant.payers:
                return _chosen(machine, stimulus, grant, grant.payers.index(chosen), now)
        machine = replace(machine, offer=Offer(stimulus.token, grant, now.mono_ms + OFFER_MS))
        return refuse(machine, stimulus.token, denied, now)
    if (asking := pin.asked(machine, stimulus, now)) is not None:
        return asking, ()
    if signing.offers(machine, denied):
        machine = signing.offered(machine, stimulus, now)
    return refuse(machine, stimulus.token, denied, now)


def _chosen(machine: Machine, stimulus: Tapped, grant: Grant, paying: int, now: Stamp) -> Next:
    """None of these payers is the default, so whichever is charged was chosen: it stands first from here on."""
    payers = (grant.payers[paying], *grant.payers[:paying], *grant.payers[paying + 1 :])
    return granted(machine, stimulus, replace(grant, payers=payers), now, chosen=True)


def _clearing(machine: Machine, stimulus: Tapped, now: Stamp) -> Next:
    confirm = machine.confirm
    if confirm is None or confirm.token != stimulus.token or confirm.until_ms < now.mono_ms:
        asked = Confirm(stimulus.token, now.mono_ms + CLEAR_MS, Ask.CLEAR)
        return replace(machine, confirm=asked, notice=None), ()
    holder = stimulus.answer.holder or 0
    told = notice(NoticeKind.CLEARED, now, lang=stimulus.answer.lang)
    cleared = replace(unlatched(machine), confirm=None, notice=told)
    return at_rest(cleared), (Record((LatchCleared(machine.id, holder, now),), latch=Latching.CLEARED),)
