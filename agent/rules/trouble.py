"""What goes wrong, by the failure matrix; reported problems; and what staff wish of the machine."""

from dataclasses import replace

from agent.failures import MATRIX, Failure, NextStart, Power
from agent.machine import NEVER, Latch, Machine, NoticeKind
from agent.rules.badge import judged_anew
from agent.rules.common import Next, at_rest, notice, unlatched
from agent.rules.end import finish
from agent.rules.pin import tries_anew
from agent.stimuli import (
    Draining,
    Failed,
    Latching,
    LatchRecorded,
    Mended,
    ProblemPressed,
    RandomCard,
    Record,
    Wished,
)
from wire.messages import LOW_RISK_ONLY, Bypass, EndReason, Fault, OnLoss, ProblemReported, RiskClass, Stamp


def wished(machine: Machine, stimulus: Wished, now: Stamp) -> Next:
    """Staff's wishes. Only ``end_session`` touches a running machine; the others wait for its end."""
    upto = stimulus.clear_latch_upto
    machine = replace(
        machine,
        risk=stimulus.risk,
        service=stimulus.service,
        update_needed=stimulus.update_needed,
        lacks=_lacks(machine, stimulus),
        bypass_ms=_bypass_ms(stimulus.bypass, now),
        cleared_upto=upto,
        pin=None,  # who taps it was asked by the list before, which may have been without news of this badge
    )
    machine, effects = tries_anew(machine) if stimulus.fresh else (machine, ())
    if machine.latch is not None and machine.latch.n <= upto != machine.latch.wish:
        machine, effects = unlatched(machine), (*effects, Record(latch=Latching.CLEARED))
    session = machine.session
    if machine.powered and session is not None and stimulus.end_session == session.id:
        ending, release_first = finish(machine, EndReason.STAFF, now)
        return ending, (*release_first, *effects)
    if stimulus.answer is None:
        return at_rest(machine), effects
    machine, refused = judged_anew(at_rest(machine), stimulus.answer, now)
    return machine, (*effects, *refused)


def _bypass_ms(bypass: Bypass | None, now: Stamp) -> int:
    """As a moment of this boot, which no clock that is set can move."""
    return 0 if bypass is None else now.mono_ms + bypass.until_ms - now.wall_ms


def _lacks(machine: Machine, stimulus: Wished) -> tuple[str, ...]:
    """An actuator that goes on without us is for low risk only."""
    holds_too_much = machine.on_loss is OnLoss.HOLD and stimulus.risk is not RiskClass.LOW
    return (*stimulus.lacks, LOW_RISK_ONLY) if holds_too_much else stimulus.lacks


def failed(machine: Machine, stimulus: Failed, now: Stamp) -> Next:
    """By the matrix. A failure that is known already changes nothing, so that a flapping cable does not fill the disk."""
    answer = MATRIX[stimulus.failure][machine.column]
    latches = answer.next_start is NextStart.LATCHED
    fault = Fault(machine.id, stimulus.failure, stimulus.detail[:200], stimulus.count, now)
    alarm = (fault,) if answer.alarm and stimulus.count and stimulus.failure not in machine.failures else ()
    record = Record(alarm, latch=Latching.SET if latches and alarm else Latching.STAYS)
    machine = replace(machine, failures=machine.failures | {stimulus.failure})
    if latches and (machine.latch is None or machine.latch.problem):  # a fault outweighs a reported problem
        machine = replace(machine, latch=Latch(NEVER, machine.cleared_upto))
    if machine.powered and answer.power is Power.RELEASED:
        ending, effects = finish(machine, answer.end or EndReason.OUTPUT_FAILED, now)
        *release, ended = effects
        if isinstance(ended, Record):
            ended = replace(ended, events=(*ended.events, *alarm), latch=record.latch)
        return ending, (*release, ended)
    return at_rest(machine), (record,) if alarm else ()


def mended(machine: Machine, stimulus: Mended, now: Stamp) -> Next:
    """With the server back, no PIN is waited for any more: master badges are for while it is away."""
    if stimulus.failure is Failure.PEER_AWAY:
        machine = replace(machine, pin=None)
    return at_rest(replace(machine, failures=machine.failures - {stimulus.failure})), ()


def problem_pressed(machine: Machine, stimulus: ProblemPressed, now: Stamp) -> Next:
    """Latched against the next start; what runs goes on. Pressed again while latched it only says thank you."""
    thanks = notice(NoticeKind.PROBLEM, now, lang=None if machine.session is None else machine.session.lang)
    machine = replace(machine, notice=thanks)
    if machine.latch is not None:
        return machine, ()
    session = machine.session
    running, holder = (None, None) if session is None else (session.id, session.holder)
    machine = replace(machine, latch=Latch(NEVER, machine.cleared_upto, problem=True))
    event = ProblemReported(machine.id, running, holder, now)
    return at_rest(machine), (Record((event,), latch=Latching.SET),)


def latch_recorded(machine: Machine, stimulus: LatchRecorded, now: Stamp) -> Next:
    if machine.latch is None:
        return machine, ()
    return replace(machine, latch=replace(machine.latch, n=stimulus.n)), ()


def draining(machine: Machine, stimulus: Draining, now: Stamp) -> Next:
    return at_rest(replace(machine, draining=True)), ()


def random_card(machine: Machine, stimulus: RandomCard, now: Stamp) -> Next:
    return replace(machine, notice=notice(NoticeKind.RANDOM_ID, now)), ()
