"""A start: the button where it is asked for, the record, the relay."""

from dataclasses import replace

from agent.access import Denied, Grant
from agent.failures import Failure
from agent.machine import Armed, Machine, Memory, NoticeKind, Opening, Session
from agent.records import start_of
from agent.rules.common import Next, at_rest, disarmed, in_order, notice, refuse, session_of
from agent.stimuli import Energise, NotRecorded, Pressed, Record, Release, Row
from wire.messages import AccessDenied, Body, DenialReason, MachineState, Stamp


def go(machine: Machine, opening: Opening, now: Stamp) -> Next:
    """Nobody else is waited for: the button, or the start itself."""
    press_s = opening.grant.policy.press_s
    if press_s is None:
        return start(machine, opening, now)
    armed = Armed(opening, now.mono_ms + press_s * 1000)
    return replace(machine, state=MachineState.ARMED, armed=armed, notice=None), ()


def pressed_while_armed(machine: Machine, stimulus: Pressed, now: Stamp) -> Next:
    """What has come in the way since the badge was read is told instead of a start."""
    armed = machine.armed
    if armed is None:
        return machine, ()
    machine, opening = disarmed(machine), armed.opening
    if machine.hindrances(now):
        return hindered(machine, opening, now)
    return start(machine, opening, now)


def hindered(machine: Machine, opening: Opening, now: Stamp) -> Next:
    grant = opening.grant
    denied = Denied(machine.hindrances(now), grant.revision, grant.holder, grant.name, grant.lang, key_id=grant.key_id)
    return refuse(machine, opening.token, denied, now)


def start(machine: Machine, opening: Opening, now: Stamp, *, master: bool = False) -> Next:
    """Evidence first: the record, then the relay (design rule 3). What was only told stands before the start itself."""
    grant = opening.grant
    session = Session(
        id=opening.session_id,
        machine=machine.id,
        holder=grant.holder,
        name=grant.name,
        lang=grant.lang,
        token=opening.token,
        payers=grant.payers,
        revision=grant.revision,
        started=now,
        policy=grant.policy,
        paying=opening.paying,
        payer_chosen=opening.chosen or opening.paying > 0,
        continues=_continued(machine.memory, grant, now),
        master=master,
        supervisor=opening.supervisor,
        companion=opening.companion,
        lesson=grant.lesson,
        booked_s=grant.booked_s,
    )
    running = replace(
        machine,
        state=MachineState.RUNNING,
        session=session,
        notice=notice(NoticeKind.GRANTED, now, session=session, lang=session.lang),
        failures=machine.failures - {Failure.CONTACT_OPEN},
        past_maximum=False,
        look_ms=now.mono_ms if session.accompanied else None,
        card_out_ms=now.mono_ms if grant.policy.removal_s is not None and machine.lying != opening.token else None,
        switched_ms=now.mono_ms,
    )
    events: tuple[Body, ...] = (*_told(machine, opening, now), start_of(session))
    return running, (Record(events, Row.PUT, session, first=True), Energise())


def start_not_recorded(machine: Machine, stimulus: NotRecorded, now: Stamp) -> Next:
    """What cannot be written does not start. The denial is shown, and not recorded: there is nothing to record it with."""
    session = session_of(machine)
    denied = Denied(frozenset({DenialReason.FAULT}), session.revision, session.holder, session.name, session.lang)
    shown = notice(NoticeKind.DENIED, now, denied=denied, lang=session.lang)
    return at_rest(replace(machine, state=MachineState.IDLE, session=None, notice=shown, look_ms=None)), (Release(),)


# --- parts of these -----------------------------------------------------------------------------------------------------


def _told(machine: Machine, opening: Opening, now: Stamp) -> tuple[AccessDenied, ...]:
    """What would have denied, where staff only look on."""
    grant, reasons = opening.grant, in_order(opening.grant.told)
    if not reasons:
        return ()
    told = AccessDenied(
        machine.id, opening.token, grant.holder, reasons, grant.revision, now, grant.key_id, enforced=False
    )
    return (told,)


def _continued(memory: Memory, grant: Grant, now: Stamp) -> str | None:
    """The session that a power loss ended here, where the same holder comes back in time: a class, within that class."""
    loss = memory.loss
    if loss is None or (loss.holder, loss.lesson) != (grant.holder, grant.lesson):
        return None
    return loss.session if now.wall_ms - loss.ended_ms <= grant.policy.continue_s * 1000 else None
