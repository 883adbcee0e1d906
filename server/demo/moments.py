"""The words of a demo timetable: who taps where, what staff do, what breaks, each at a whole second of virtual time."""

from dataclasses import dataclass
from enum import StrEnum

from wire.messages import DenialReason


class Ending(StrEnum):
    """How a planned visit stops."""

    HOLDER = "holder"  # two taps of the same badge
    STAFF = "staff"  # staff end it from the office
    CUT = "cut"  # forgotten; policy cuts at the maximum
    KILLED = "killed"  # the agent dies under it


class Act(StrEnum):
    """What staff do in the office."""

    BLOCK_TOKEN = "block_token"
    RETURN_TOKEN = "return_token"
    BLOCK_HOLDER = "block_holder"
    REVOKE = "revoke"
    TAKE_OUT = "take_out"
    MAINTAIN = "maintain"
    BRING_BACK = "bring_back"
    SUSPEND = "suspend"
    RESUME = "resume"
    END_SESSION = "end_session"


class Break(StrEnum):
    """What goes wrong, and how it is put right."""

    BROKER_KILLED = "broker_killed"
    BROKER_BACK = "broker_back"
    AGENT_KILLED = "agent_killed"
    AGENT_BACK = "agent_back"
    AGENT_STOPPED = "agent_stopped"
    CLOCKLESS_BOOT = "clockless_boot"
    CLOCK_SET = "clock_set"
    BACKUP = "backup"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Tap:
    """``at``: seconds since 1970. ``frames``: how often the reader repeats the badge while it is held there."""

    at: int
    machine: str
    card: str
    frames: int


@dataclass(frozen=True, slots=True)
class Staff:
    at: int
    act: Act
    holder: int | None = None
    machine: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    at: int
    what: Break
    agent: str | None = None


Moment = Tap | Staff | Fault


@dataclass(frozen=True, slots=True)
class Visit:
    """One planned session, from the tap that starts it to the second its relay opens."""

    machine: str
    holder: int
    start: int
    end: int
    ending: Ending = Ending.HOLDER

    @property
    def seconds(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Refused:
    """One tap that must be refused, for this reason and no other."""

    at: int
    machine: str
    card: str
    reason: DenialReason


@dataclass(frozen=True, slots=True)
class Plan:
    """A month, or its last days. ``moments`` are in the order in which they happen."""

    begin: int
    finish: int
    moments: tuple[Moment, ...]
    visits: tuple[Visit, ...]
    refusals: tuple[Refused, ...]
