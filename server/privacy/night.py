"""What one run of the retention job goes by: the moment, the rules in force, what is held; and what a class answers."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Protocol

from server.domain.retention import Kept, Rule, over_before
from server.privacy.holds import Held, held_now
from server.privacy.rules import rules

AT_ONCE = 100  # rows a transaction: some milliseconds, so that a badge's event never waits


@dataclass(frozen=True, slots=True)
class Place:
    """Where the job runs: the lab's zone, whether simulated sessions are invoiced there, where backups lie."""

    zone: tzinfo
    demo: bool
    backups_dir: Path


@dataclass(frozen=True, slots=True)
class Night:
    now: datetime
    place: Place
    rules: dict[Kept, Rule]

    def over_before(self, kept: Kept) -> datetime:
        """What is older than this moment is over."""
        return over_before(self.rules[kept], self.now, self.place.zone)

    def held(self) -> Held:
        """Read anew in each transaction, inside it: a hold that is placed meanwhile counts at once."""
        return held_now()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows would go, and since when the oldest stands there."""

    rows: int
    oldest: datetime | None = None


NOTHING = Waiting(0)


class Sweep(Protocol):
    """One class: what is over, and a step that makes at most ``AT_ONCE`` rows of it go and says how many went. A step looks for
    them in a read, which keeps nobody waiting; its write asks again by their keys, because a hold may stand since."""

    def waiting(self, night: Night) -> Waiting: ...
    def step(self, night: Night) -> int: ...


def night_of(now: datetime, place: Place) -> Night:
    return Night(now, place, {kept: one.rule for kept, one in rules().items()})
