"""What would this change do? Who could use which machine before it and could not, or only beside a trainer, after it.

Nothing is written to find out: the facts are taken as they stand, changed as the change would change them, and judged again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from server.domain.access import Judged, judge
from server.domain.facts import Facts, MachineFact, SkillFact
from server.domain.standings import REACH
from wire.messages import Level


@dataclass(frozen=True, slots=True)
class Effect:
    """At one machine: holders who could use it no more, and who only with a trainer beside. By number."""

    machine: str
    name: str
    loses: tuple[int, ...]
    limits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    machines: tuple[Effect, ...]  # only those where somebody loses something

    @property
    def locked_out(self) -> frozenset[int]:
        """People who lose at least one machine."""
        return frozenset(holder for one in self.machines for holder in one.loses)

    @property
    def limited(self) -> frozenset[int]:
        return frozenset(holder for one in self.machines for holder in one.limits) - self.locked_out

    @property
    def losing_machines(self) -> int:
        return sum(bool(one.loses) for one in self.machines)


def effects(before: Facts, after: Facts, now: datetime, zone: ZoneInfo) -> Effects:
    """Both are facts about everybody. Only who carries a badge counts: nobody else could tap."""
    old, new = _reach(judge(before, now, zone)), _reach(judge(after, now, zone))
    names = {machine.code: machine.name for machine in (*after.machines, *before.machines)}
    found = [_effect(code, name, old.get(code, {}), new.get(code, {})) for code, name in sorted(names.items())]
    return Effects(tuple(one for one in found if one.loses or one.limits))


def with_machine(facts: Facts, machine: MachineFact) -> Facts:
    """The same lab with other rules of one machine."""
    return replace(facts, machines=tuple(machine if one.code == machine.code else one for one in facts.machines))


def with_skill(facts: Facts, skill: SkillFact) -> Facts:
    """The same lab with other rules of one skill."""
    return replace(facts, skills=tuple(skill if one.code == skill.code else one for one in facts.skills))


def _reach(judged: Judged) -> dict[str, dict[int, Level]]:
    """By machine and holder: how far everybody reaches whose badge is good."""
    good = {entry.holder for entry in judged.holders if entry.denied is None}
    return {
        machine.code: {one.holder: Level(one.level) for one in judged.rights_at(machine) if one.holder in good}
        for machine in judged.facts.machines
    }


def _effect(code: str, name: str, old: Mapping[int, Level], new: Mapping[int, Level]) -> Effect:
    limits = [one for one in old.keys() & new.keys() if _is_alone(old[one]) and not _is_alone(new[one])]
    return Effect(
        machine=code,
        name=name,
        loses=tuple(sorted(old.keys() - new.keys())),
        limits=tuple(sorted(limits)),
    )


def _is_alone(level: Level) -> bool:
    return REACH[level] > REACH[Level.SUPERVISED]
