"""What one machine can be, what can happen to it, and what the box can be told to do: the words that ``session.step()`` uses."""

from dataclasses import dataclass
from enum import StrEnum

from agent.access import Denied, Grant
from agent.failures import MATRIX, Column, Failure, NextStart, column_of
from wire.messages import Body, MachineState, OnLoss, Policy, RiskClass, Service, Stamp

NEVER = 2**53  # the number of a latch whose event is not on disk yet: nothing can have cleared it


@dataclass(frozen=True, slots=True)
class Session:
    """One use, from energise to release. It is also what the state file keeps of it while it runs."""

    id: str
    machine: str
    holder: int
    name: str | None
    lang: str
    token: str
    payer: str
    payer_label: str
    rate_cents: int | None
    revision: int
    started: Stamp
    policy: Policy  # as it was at the start: a list changes the next start, never a running machine
    taps: int = 0
    checkpoint_s: int = 0  # seconds occupied, down to a multiple of 30


@dataclass(frozen=True, slots=True)
class Confirm:
    """The first tap of two: the same badge again before this moment ends the session."""

    token: str
    until_ms: int  # mono


class NoticeKind(StrEnum):
    GRANTED = "granted"
    DENIED = "denied"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Notice:
    """An answer that the panel shows for a moment."""

    kind: NoticeKind
    until_ms: int  # mono
    denied: Denied | None = None
    session: Session | None = None
    occupied_s: int = 0


@dataclass(frozen=True, slots=True)
class Latch:
    """A stop that only staff clears, by a wish for ``n`` or more that is newer than ``wish``, the one that stood then:
    numbers begin anew with each outbox, and an old wish must not clear a new latch."""

    n: int  # number of the event that latched it
    wish: int


@dataclass(frozen=True, slots=True)
class Machine:
    """All that is known of one machine. ``session`` stays while the end is not on disk yet."""

    id: str
    on_loss: OnLoss = OnLoss.OFF
    risk: RiskClass = RiskClass.HIGH  # until a list says otherwise
    state: MachineState = MachineState.IDLE
    since_ms: int = 0  # wall time of the last change of state
    service: Service = Service.IN  # what staff want
    update_needed: bool = False
    latch: Latch | None = None
    cleared_upto: int = 0  # staff's last wish about latches
    failures: frozenset[Failure] = frozenset()  # those that last
    session: Session | None = None
    confirm: Confirm | None = None
    notice: Notice | None = None
    past_maximum: bool = False

    @property
    def column(self) -> Column:
        return column_of(self.risk, self.on_loss)

    @property
    def denies_starts(self) -> bool:
        return any(MATRIX[one][self.column].next_start is NextStart.DENIED for one in self.failures)


# --- stimuli: what can happen -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tapped:
    """A badge was presented. ``session_id`` is the name a session would get."""

    token: str
    answer: Grant | Denied
    session_id: str


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
class Stopping:
    """The agent is being stopped in order."""


Stimulus = Tapped | Ticked | Wished | Failed | Mended | NotRecorded | EndRecorded | LatchRecorded | Stopping


# --- effects: what the box then does, in this order ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    pass


@dataclass(frozen=True, slots=True)
class Energise:
    pass


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
    """One transaction: events and the running row together. If ``first``, nothing after it happens unless it is on disk."""

    events: tuple[Body, ...] = ()
    row: Row = Row.STAYS
    session: Session | None = None
    latch: Latching = Latching.STAYS
    first: bool = False


Effect = Release | Energise | Record
