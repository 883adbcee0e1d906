"""Turns what hardware reports into what can happen to a machine: a badge with its answer, an input with its meaning. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from agent.access import Answer, Denied, InForce, Local, against_badge, decide
from agent.hardware import Input, Moved
from agent.machine import Machine
from agent.masters import master_grant
from agent.stimuli import Felt, Pressed, ProblemPressed, Sense, Stimulus, Tapped
from agent.tokens import Seen
from wire.messages import Stamp

_SENSES = {Input.CONTACT: Sense.CONTACT, Input.ESTOP: Sense.ESTOP, Input.BYPASS: Sense.KEY}
_PRESSES: dict[Input, type[Pressed | ProblemPressed]] = {Input.BUTTON: Pressed, Input.PROBLEM: ProblemPressed}


def tapped(
    in_force: InForce | None,
    seen: Seen,
    machines: Mapping[str, Machine],
    machine_id: str,
    away_ms: int | None,
    session_id: str,
    now: Stamp,
) -> Tapped:
    """``away_ms``: how long the server has been gone, None while it is there."""
    machine, token = machines[machine_id], seen.token
    answer = replace(answer_to(in_force, token, machine, now), key_id=seen.key_id)
    busy = masters_busy(machines)
    master = None
    if isinstance(answer, Denied):
        master = master_grant(in_force, token, machine_id, now, _local(machine, now), away_ms, busy)
    return Tapped(token, answer, session_id, _is_staff(in_force, machine_id, token, answer.holder, now), master)


def answer_to(in_force: InForce | None, token: str, machine: Machine, now: Stamp) -> Answer:
    return decide(in_force, token, machine.id, now, _local(machine, now))


def _local(machine: Machine, now: Stamp) -> Local:
    memory = machine.memory
    return Local(machine.hindrances(now), memory.extended_revision, memory.extended_until_ms)


def felt(moved: Moved) -> Stimulus | None:
    """What an input that moved means; None for a button that was let go."""
    if moved.input in _SENSES:
        return Felt(_SENSES[moved.input], moved.on)
    return _PRESSES[moved.input]() if moved.on else None


def masters_busy(machines: Mapping[str, Machine]) -> bool:
    """A master badge is at work on this agent: one session at a time."""
    return any(machine.session is not None and machine.session.master for machine in machines.values())


def _is_staff(in_force: InForce | None, machine_id: str, token: str, holder: int | None, now: Stamp) -> bool:
    """A badge of staff that is good: a blocked one is nobody's."""
    if in_force is None:
        return False
    badge = in_force.index.holders.get(token)
    if badge is None or against_badge(badge, now) is not None:
        return False
    rights = in_force.index.machines.get(machine_id)
    return rights is not None and holder is not None and holder in rights.entry.staff
