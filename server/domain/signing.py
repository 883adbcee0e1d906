"""A sign-off: a trainer's badge, the button and a learner's badge at a machine. It proves that both were there, of content
nothing: for medium and high risk it counts once the trainer has ticked the checklist, and is supervised use until then.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wire.messages import RiskClass


class State(StrEnum):
    DONE = "done"
    PENDING = "pending"  # until the trainer has ticked the checklist, or until his time is over
    LAPSED = "lapsed"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a sign-off gave nothing, or less than it was meant to."""

    SELF = "self"
    NO_MACHINE = "no_machine"
    NO_LEARNER = "no_learner"
    NOT_A_TRAINER = "not_a_trainer"
    HELD_ALREADY = "held_already"
    NOT_GIVEN = "not_given"  # something it needs is missing, or it was revoked since


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known when a sign-off arrives. ``lacking``: skills the machine asks for and the learner does not hold alone;
    ``teachable``: those that this trainer may give."""

    trainer: int
    learner: int
    machine_is_known: bool
    learner_is_known: bool
    risk: RiskClass | None
    lacking: Collection[str]
    teachable: Collection[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``skills`` are given: alone where the state is done, supervised where it is pending."""

    state: State
    reason: Reason | None = None
    skills: tuple[str, ...] = ()


def judge(asked: Asked) -> Verdict:
    """Nobody certifies himself (people are compared, not badges), and nobody gives what is not his to give."""
    if asked.trainer == asked.learner:
        return Verdict(State.REFUSED, Reason.SELF)
    if not asked.machine_is_known or asked.risk is None:
        return Verdict(State.REFUSED, Reason.NO_MACHINE)
    if not asked.learner_is_known:
        return Verdict(State.REFUSED, Reason.NO_LEARNER)
    if not asked.teachable:
        return Verdict(State.REFUSED, Reason.NOT_A_TRAINER)
    if not asked.lacking:
        return Verdict(State.DONE, Reason.HELD_ALREADY)
    skills = tuple(sorted(set(asked.lacking) & set(asked.teachable)))
    if not skills:
        return Verdict(State.REFUSED, Reason.NOT_A_TRAINER)
    return Verdict(State.DONE if asked.risk is RiskClass.LOW else State.PENDING, None, skills)


def state_at(state: str, due_at: datetime | None, now: datetime) -> State:
    """What became of it by now: nobody has to be awake for one to lapse."""
    if state == State.PENDING and due_at is not None and due_at <= now:
        return State.LAPSED
    return State(state)


def is_whole(ticked: Mapping[str, Collection[int]], points: Mapping[str, int]) -> bool:
    """Whether every point of every checklist is ticked; of none at all there is nothing to tick, and it is not."""
    return bool(points) and all(
        count > 0 and set(ticked.get(skill, ())) >= set(range(count)) for skill, count in points.items()
    )
