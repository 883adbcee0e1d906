"""What the rules of every moment use: the shape of an answer, refusing, and where a machine comes to rest."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from agent.access import Denied, Reason
from agent.failures import MATRIX, NextStart
from agent.machine import Machine, Notice, NoticeKind, Session
from agent.stimuli import Effect, Record
from wire.messages import AccessDenied, DenialReason, MachineState, Service, Stamp

NOTICE_MS = 4_000  # how long the panel shows an answer
ENDED_MS = 10_000  # and the end of a session, in its holder's language

Next = tuple[Machine, tuple[Effect, ...]]
Handler = Callable[..., Next]


def stay(machine: Machine, stimulus: Any, now: Stamp) -> Next:
    return machine, ()


def session_of(machine: Machine) -> Session:
    if machine.session is None:
        raise AssertionError(f"{machine.id} is {machine.state} without a session")
    return machine.session


def notice(kind: NoticeKind, now: Stamp, **shown: Any) -> Notice:
    lasts_ms = ENDED_MS if kind is NoticeKind.ENDED else NOTICE_MS
    return Notice(kind, now.mono_ms + lasts_ms, **shown)


def refuse(machine: Machine, token: str, denied: Denied, now: Stamp) -> Next:
    reasons = in_order(denied.reasons)
    event = AccessDenied(machine.id, token, denied.holder, reasons, denied.revision, now, denied.key_id)
    shown = notice(NoticeKind.DENIED, now, denied=denied, lang=denied.lang)
    return replace(machine, notice=shown), (Record((event,)),)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """As they stand in the list of words; what only a newer server knows comes last."""
    known = list(DenialReason)
    return tuple(
        sorted(reasons, key=lambda one: (known.index(DenialReason(one)), "") if one in known else (len(known), one))
    )


def disarmed(machine: Machine) -> Machine:
    """Without any half-made start. A machine that waited for its button is idle again."""
    state = MachineState.IDLE if machine.state is MachineState.ARMED else machine.state
    return replace(machine, state=state, armed=None, waiting=None, menu=None, offer=None, pin=None, look_ms=None)


def at_rest(machine: Machine) -> Machine:
    """Which of the resting states the wishes and latches ask for; a machine in use or ending is left alone. Signing off goes
    on out of service, where nothing starts."""
    if machine.powered or machine.state is MachineState.ENDING:
        return machine
    if machine.service is Service.MAINTENANCE:
        return replace(disarmed(machine), state=MachineState.MAINTENANCE)
    shut = machine.update_needed or bool(machine.lacks) or machine.draining
    if machine.service is not Service.IN or shut or machine.latch is not None:
        menu = None if machine.menu is None else replace(machine.menu, grant=None)
        return replace(disarmed(machine), state=MachineState.OUT_OF_SERVICE, menu=menu)
    return machine if machine.state is MachineState.ARMED else replace(machine, state=MachineState.IDLE)


def unlatched(machine: Machine) -> Machine:
    row = {failure: MATRIX[failure][machine.column].next_start for failure in machine.failures}
    lasting = frozenset(failure for failure, start in row.items() if start is not NextStart.LATCHED)
    return replace(machine, latch=None, failures=lasting)
