"""What would this change do? Asked before it is saved, in words: whom it locks out of which machines, by name.

told = what_if(lambda facts: with_skill(facts, changed))
if told.locks_out and not confirmed(): show the form again with ``effects.html``
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import request

from server.db import reading
from server.domain.effects import Effects, effects
from server.domain.facts import Facts
from server.pages.people.names import Named, named, natural
from server.pages.rights_now import judged_now
from server.web.here import now, zone

CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Whom:
    """One machine, and who could use it no more, or only with a trainer beside."""

    code: str
    name: str
    loses: list[Named]
    limits: list[Named]


@dataclass(frozen=True, slots=True)
class Told:
    effects: Effects
    machines: list[Whom]

    @property
    def locks_out(self) -> bool:
        return bool(self.effects.locked_out or self.effects.limited)


def what_if(change: Callable[[Facts], Facts]) -> Told:
    """``change`` is given the facts as they stand and returns them as they would be."""
    before = judged_now().facts
    found = effects(before, change(before), now(), zone())
    with reading():
        people = named(found.locked_out | found.limited)
    machines = [
        Whom(one.machine, one.name, _by_name(people, one.loses), _by_name(people, one.limits)) for one in found.machines
    ]
    return Told(found, sorted(machines, key=lambda one: natural(one.name)))


def confirmed() -> bool:
    """Whether who sends this form has read what it does."""
    return CONFIRMED in request.form


def _by_name(people: dict[int, Named], holders: tuple[int, ...]) -> list[Named]:
    return sorted((people[holder] for holder in holders), key=lambda one: (one.family, one.given))
