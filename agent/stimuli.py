"""What can happen to a machine, and what the box can be told to do about it: into and out of ``session.step()``. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

from agent.access import Answer, MasterGrant
from agent.failures import Failure
from agent.machine import Memory, PinEntry, Session
from wire.messages import Body, Bypass, RiskClass, Service

# --- what can happen ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tapped:
    """A badge was presented. ``session_id`` is the name a session would get. ``answer`` does not know what runs here."""

    token: str
    answer: Answer
    session_id: str
    staff: bool = False  # this badge clears reported problems here
    master: MasterGrant | None = None  # what it could do with its PIN


@dataclass(frozen=True, slots=True)
class Lying:
    """A card was there already when its reader began to look. ``holder``: whose it is, as far as the list knows."""

    token: str
    holder: int | None


@dataclass(frozen=True, slots=True)
class Removed:
    """The card that was presented last was taken away."""


@dataclass(frozen=True, slots=True)
class RandomCard:
    """A card that makes up another number each time."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """The box's button."""


@dataclass(frozen=True, slots=True)
class ProblemPressed:
    """The "report a problem" button."""


@dataclass(frozen=True, slots=True)
class PinChecked:
    ok: bool


class Sense(StrEnum):
    CONTACT = "contact"  # on: the machine's power is closed
    ESTOP = "estop"
    KEY = "key"  # on: our contact is bridged


@dataclass(frozen=True, slots=True)
class Felt:
    """An input stands so now."""

    sense: Sense
    on: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """One reading of the meter."""

    watts: float
    wh: float | None


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Wished:
    """A list came into force: what staff want of this machine now."""

    risk: RiskClass
    service: Service
    update_needed: bool
    end_session: str | None
    clear_latch_upto: int
    lacks: tuple[str, ...] = ()
    bypass: Bypass | None = None
    fresh: bool = True  # the server has just sent it; not what a restart finds on disk
    answer: Answer | None = None  # to the badge that has begun something here: the new list may say otherwise


@dataclass(frozen=True, slots=True)
class Failed:
    """``count``: how often since it was last told; 0 where it is too soon to tell again."""

    failure: Failure
    detail: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Mended:
    failure: Failure


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The start could not be written; the relay was not touched."""


@dataclass(frozen=True, slots=True)
class EndRecorded:
    """The end is on disk."""


@dataclass(frozen=True, slots=True)
class LatchRecorded:
    n: int  # number of the event


@dataclass(frozen=True, slots=True)
class Draining:
    """An update waits: no new start, and the agent ends with the last session."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The agent is being stopped in order."""


Stimulus = (
    Tapped
    | Lying
    | Removed
    | RandomCard
    | Pressed
    | ProblemPressed
    | PinChecked
    | Felt
    | Measured
    | Ticked
    | Wished
    | Failed
    | Mended
    | NotRecorded
    | EndRecorded
    | LatchRecorded
    | Draining
    | Stopping
)

# --- what the box then does, in this order ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    pass


@dataclass(frozen=True, slots=True)
class Energise:
    pass


@dataclass(frozen=True, slots=True)
class CheckPin:
    """Comparing takes the site key, which only the shell has. The answer comes as ``PinChecked``."""

    entry: PinEntry


class Row(StrEnum):
    """What becomes of the machine's row of the running session in the state file."""

    STAYS = "stays"
    PUT = "put"
    DROP = "drop"


class Latching(StrEnum):
    STAYS = "stays"
    SET = "set"  # by the last event of this record
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Record:
    """One transaction: events and rows together. If ``first``, nothing after it happens unless it is on disk."""

    events: tuple[Body, ...] = ()
    row: Row = Row.STAYS
    session: Session | None = None
    latch: Latching = Latching.STAYS
    memory: Memory | None = field(default=None)
    first: bool = False


Effect = Release | Energise | CheckPin | Record
