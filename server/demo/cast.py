"""The makers of the demo to whom something happens: a lost badge, a lapsed qualification, a tenant that is suspended.

Each has one day. In the morning the badge works, at noon something changes, in the afternoon the tap is refused.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from random import Random

from server.demo.days import Days, at
from server.demo.lab import Lab
from server.demo.lab_people import MILLING, PRINTING, Holder
from server.demo.lab_tenants import HELD_CODE, INTERNAL_CODE

SUSPENDED_CODE = "isolaine"


class Scene(StrEnum):
    LOST_BADGE = "lost_badge"
    DAY_BADGE = "day_badge"  # a lent badge whose time is over
    BARRED = "barred"
    LAPSED = "lapsed"  # the qualification had an end
    REVOKED = "revoked"
    LEFT = "left"  # the membership had an end
    SUSPENDED = "suspended"
    RECOVERED = "recovered"  # to whom something happens between a backup and its restore


SCENE_DAYS = (0.15, 0.4, 0.65, 0.9)  # of the month: changes fall together, so that few lists need sending
_HOW_MANY = {
    Scene.LOST_BADGE: 3,
    Scene.DAY_BADGE: 3,
    Scene.BARRED: 2,
    Scene.LAPSED: 4,
    Scene.REVOKED: 2,
    Scene.LEFT: 3,
    Scene.RECOVERED: 3,
}


@dataclass(frozen=True, slots=True)
class Role:
    scene: Scene
    holder: Holder
    day: date

    @property
    def noon(self) -> int:
        return at(self.day, 12)


@dataclass(frozen=True, slots=True)
class Cast:
    roles: tuple[Role, ...]
    regulars: tuple[Holder, ...]  # everybody to whom nothing happens

    def of(self, scene: Scene) -> tuple[Role, ...]:
        return tuple(role for role in self.roles if role.scene is scene)

    def until(self, scene: Scene) -> dict[int, int]:
        """The moment a holder's right ends by its own date, by the holder's key."""
        return {role.holder.key: role.noon for role in self.of(scene)}


def make_cast(lab: Lab, days: Days, seed: int) -> Cast:
    random = Random(f"cast {seed}")
    able = [holder for holder in lab.holders if _can_play(holder)]
    random.shuffle(able)
    roles = [_role(scene, index, able, days) for scene, count in _HOW_MANY.items() for index in range(count)]
    suspended = [holder for holder in lab.holders if holder.tenants[0] == SUSPENDED_CODE]
    roles += [Role(Scene.SUSPENDED, holder, days.restore_day) for holder in suspended]
    playing = {role.holder.key for role in roles}
    return Cast(tuple(roles), tuple(holder for holder in lab.holders if holder.key not in playing))


def _can_play(holder: Holder) -> bool:
    """One tenant, so that no second payer steps in, and both skills, so that nothing else refuses."""
    ordinary = len(holder.tenants) == 1 and holder.tenants[0] not in (INTERNAL_CODE, HELD_CODE, SUSPENDED_CODE)
    return ordinary and {PRINTING, MILLING} <= holder.skills


def _role(scene: Scene, index: int, able: list[Holder], days: Days) -> Role:
    day = days.restore_day if scene is Scene.RECOVERED else days.workday(SCENE_DAYS[index])
    return Role(scene, able.pop(), day)
