"""Whether a class may be held as it is planned: how long, at how many machines, at which risk, and not twice at one machine."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.refusals import Refusal
from wire.messages import RiskClass

LONGEST = timedelta(hours=8)
USUAL_MACHINES, USUAL_RISK = 6, RiskClass.MEDIUM
_ORDER = (RiskClass.LOW, RiskClass.MEDIUM, RiskClass.HIGH)


@dataclass(frozen=True, slots=True)
class Place:
    """A machine of the plan. ``is_trainers``: the trainer may teach there."""

    code: str
    name: str
    risk: RiskClass
    is_trainers: bool


@dataclass(frozen=True, slots=True)
class Planned:
    trainer: int
    machines: frozenset[str]
    begins: datetime
    ends: datetime

    def overlaps(self, other: "Planned") -> bool:
        return self.begins < other.ends and other.begins < self.ends


def refusal(
    plan: Planned, places: Iterable[Place], others: Collection[Planned], most: int, risk: RiskClass, now: datetime
) -> Refusal | None:
    """The first thing that stands against it. ``others`` are the classes that are prepared already."""
    if plan.ends <= plan.begins or plan.ends <= now:
        return Refusal("The class would end before it begins, or is over already.")
    if plan.ends - plan.begins > LONGEST:
        return Refusal("A class lasts eight hours at most.")
    if not plan.machines:
        return Refusal("Choose at least one machine.")
    at_once = [other for other in others if other.overlaps(plan)]
    with_others = plan.machines.union(*(other.machines for other in at_once if other.trainer == plan.trainer))
    if len(with_others) > most:
        return Refusal("A trainer looks after %(most)s machines at once at most.", most=most)
    taken = frozenset[str]().union(*(other.machines for other in at_once))
    return next((told for place in places if (told := _at(place, taken, risk)) is not None), None)


def _at(place: Place, taken: Collection[str], risk: RiskClass) -> Refusal | None:
    if _ORDER.index(place.risk) > _ORDER.index(risk):
        return Refusal("%(machine)s is too dangerous for a class.", machine=place.name)
    if not place.is_trainers:
        return Refusal("%(machine)s: this person may not teach there.", machine=place.name)
    if place.code in taken:
        return Refusal("%(machine)s has another class at that time.", machine=place.name)
    return None


@dataclass(frozen=True, slots=True)
class CourseToCome:
    """A date of a course, for the trainers' digest. ``trainer`` None: nobody yet, so everybody is told."""

    title: str
    begins_at: datetime
    trainer: int | None
    taken: int
    capacity: int
