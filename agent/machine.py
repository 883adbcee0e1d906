"""What one machine can be: all that the box knows of it, and of the session on it. Pure; ``session.step()`` moves it on."""

from dataclasses import dataclass
from enum import StrEnum

from agent.access import Denied, Grant, MasterGrant, Payer
from agent.failures import MATRIX, Column, Failure, NextStart, column_of
from agent.metering import Activity, Draw, Thresholds, is_running
from wire.messages import (
    DenialReason,
    EndReason,
    MachineState,
    OnLoss,
    Policy,
    RiskClass,
    Service,
    Stamp,
)

NEVER = 2**53  # the number of a latch whose event is not on disk yet: nothing can have cleared it
POWERED = frozenset({MachineState.RUNNING, MachineState.COOLING})


@dataclass(frozen=True, slots=True)
class Over:
    """The use has ended, and power is kept for the cool-down: what the record of the end will say."""

    ended: Stamp
    occupied_s: int
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Session:
    """One use, from energise to release. It is also what the state file keeps of it while it runs."""

    id: str
    machine: str
    holder: int
    name: str | None
    lang: str
    token: str
    payers: tuple[Payer, ...]  # those who may be charged, the default first
    revision: int
    started: Stamp
    policy: Policy  # as it was at the start: a list changes the next start, never a running machine
    paying: int = 0  # which of the payers
    payer_chosen: bool = False
    taps: int = 0
    checkpoint_s: int = 0  # seconds occupied, down to a multiple of 30
    extended: int = 0
    continues: str | None = None
    master: bool = False
    over: Over | None = None
    activity: Activity | None = None  # None: nothing was metered yet
    since: Stamp | None = None  # durations count from here; None: from the start
    before_s: int = 0  # occupied until then
    gap_s: int = 0  # of that, without an agent
    supervisor: int | None = None  # the trainer beside, of a supervised start
    companion: int | None = None  # the second person, where two are asked for
    lesson: str | None = None  # the class it was opened for
    booked_s: int | None = None  # so long after its start somebody else's booking begins
    attended_s: int = 0  # seconds occupied when another person's badge was last here
    unattended: bool = False  # nobody has come in time since, and it was told

    @property
    def payer(self) -> Payer:
        return self.payers[self.paying]

    @property
    def accompanied(self) -> bool:
        """Somebody stands beside."""
        return self.supervisor is not None or self.companion is not None


class Ask(StrEnum):
    """What the same badge again would do."""

    END = "end"
    TAKE_OVER = "take_over"
    CLEAR = "clear"  # a reported problem, by a staff badge


@dataclass(frozen=True, slots=True)
class Confirm:
    """The first tap of two: the same badge again before this moment does what was asked."""

    token: str
    until_ms: int  # mono
    ask: Ask = Ask.END


@dataclass(frozen=True, slots=True)
class Opening:
    """A start in the making: whose badge, on what terms, and who stands beside."""

    token: str
    grant: Grant
    session_id: str
    paying: int = 0
    chosen: bool = False  # even the first payer is not the default
    supervisor: int | None = None
    companion: int | None = None


@dataclass(frozen=True, slots=True)
class Armed:
    """A badge was accepted; the button starts, or the moment passes. The badge again steps to the next payer."""

    opening: Opening
    until_ms: int  # mono


class Beside(StrEnum):
    """Whose badge is asked for beside the first."""

    TRAINER = "trainer"
    SECOND = "second"  # of anybody else who may use the machine


@dataclass(frozen=True, slots=True)
class Waiting:
    """A badge was accepted; nothing starts before another person's, or the moment passes."""

    opening: Opening
    whom: Beside
    until_ms: int  # mono


@dataclass(frozen=True, slots=True)
class Menu:
    """A trainer's badge was read. The badge again starts, a learner's starts with the trainer beside, and the button begins
    signing off: then every learner's badge is noted, until the trainer's own ends it or the moment passes."""

    token: str
    trainer: int
    name: str | None
    lang: str | None
    revision: int
    until_ms: int  # mono
    grant: Grant | None  # None: nothing starts here now
    signing: bool = False
    signed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """The default payer is closed. The button has shown another one, and the badge again starts with it."""

    token: str
    grant: Grant
    until_ms: int  # mono
    paying: int | None = None  # None: none shown yet


@dataclass(frozen=True, slots=True)
class PinEntry:
    """A master badge was read; its PIN is tapped on the button, each digit as so many presses and a pause."""

    token: str
    master: MasterGrant
    session_id: str
    until_ms: int  # mono
    digits: str = ""
    presses: int = 0
    digit_ms: int | None = None  # mono: without another press by then the digit is complete


class NoticeKind(StrEnum):
    GRANTED = "granted"
    DENIED = "denied"
    ENDED = "ended"
    EXTENDED = "extended"
    PROBLEM = "problem"  # thank you, it was reported
    CLEARED = "cleared"
    LIST_EXTENDED = "list_extended"
    PIN_WRONG = "pin_wrong"
    RANDOM_ID = "random_id"
    RENEWED = "renewed"  # another person's badge beside a use
    SIGNED = "signed"  # a learner, by a trainer
    SIGNED_SELF = "signed_self"  # which nobody can


@dataclass(frozen=True, slots=True)
class Notice:
    """An answer that the panel shows for a moment. ``lang`` of whom it answers."""

    kind: NoticeKind
    until_ms: int  # mono
    denied: Denied | None = None
    session: Session | None = None
    occupied_s: int = 0
    lang: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Latch:
    """A stop that only staff clears, by a wish for ``n`` or more that is newer than ``wish``, the one that stood then:
    numbers begin anew with each outbox, and an old wish must not clear a new latch."""

    n: int  # number of the event that latched it
    wish: int
    problem: bool = False  # somebody reported one: a staff badge clears it too


@dataclass(frozen=True, slots=True)
class Sensed:
    """How an input stands, and since when."""

    on: bool
    since_ms: int  # mono


@dataclass(frozen=True, slots=True)
class Loss:
    """The last session here, if a power loss ended it."""

    session: str
    holder: int
    ended_ms: int  # wall
    lesson: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What must outlive sessions and power cuts, kept as one row."""

    loss: Loss | None = None
    proven_open_ms: int | None = None  # wall: the contact was seen to open on our release
    extended_revision: int = 0  # of the list that a master badge let hold longer
    extended_until_ms: int = 0  # wall
    wrong_pins: int = 0  # of master badges, since the server was last heard of


_NOTHING_DRAWN = Draw()


@dataclass(frozen=True, slots=True)
class Machine:
    """All that is known of one machine. ``session`` stays while the end is not on disk yet."""

    id: str
    on_loss: OnLoss = OnLoss.OFF
    risk: RiskClass = RiskClass.HIGH  # until a list says otherwise
    thresholds: Thresholds | None = None  # None: no meter
    has_button: bool = True
    own_start: bool = False  # an open contact is normal while in use
    contact_ms: int = 500  # how long the contact may still be closed after a release
    state: MachineState = MachineState.IDLE
    since_ms: int = 0  # wall time of the last change of state
    switched_ms: int = 0  # mono: when the output was last switched
    service: Service = Service.IN  # what staff want
    update_needed: bool = False
    lacks: tuple[str, ...] = ()  # features its rules ask for and the box has no part for
    draining: bool = False  # an update waits for the end of what runs
    bypass_ms: int = 0  # mono: until when staff have declared a bypass
    latch: Latch | None = None
    cleared_upto: int = 0  # staff's last wish about latches
    failures: frozenset[Failure] = frozenset()  # those that last
    session: Session | None = None
    armed: Armed | None = None
    waiting: Waiting | None = None
    menu: Menu | None = None
    offer: Offer | None = None
    pin: PinEntry | None = None
    confirm: Confirm | None = None
    notice: Notice | None = None
    look_ms: int | None = None  # mono: what the panel counts down to zero is due to be drawn again
    past_maximum: bool = False
    lying: str | None = None  # token of the card that lies on the reader, as far as it can tell
    card_out_ms: int | None = None  # mono: the session's card was removed
    contact: Sensed | None = None
    estop: Sensed | None = None
    key: Sensed | None = None  # the bypass key-switch
    contradicted: bool = False  # a wire and the meter disagree, and it was told
    draw: Draw = _NOTHING_DRAWN  # power without a session, a session without power
    memory: Memory = Memory()

    @property
    def column(self) -> Column:
        return column_of(self.risk, self.on_loss)

    @property
    def begun_by(self) -> str | None:
        """The badge that a start or a trainer's choice has begun with."""
        for begun in (self.armed, self.waiting):
            if begun is not None:
                return begun.opening.token
        return None if self.menu is None else self.menu.token

    @property
    def powered(self) -> bool:
        """What our output was told. What the machine makes of it, the contact tells."""
        return self.state in POWERED

    def runs(self, now: Stamp) -> bool | None:
        """By the meter; None without one, or while it is silent."""
        activity = None if self.session is None else self.session.activity
        return None if activity is None else is_running(activity, now.mono_ms)

    def bypassed(self, now: Stamp) -> bool:
        return now.mono_ms < self.bypass_ms or (self.key is not None and self.key.on)

    def hindrances(self, now: Stamp) -> frozenset[DenialReason]:
        """What keeps everybody from starting here that no list knows of. No badge passes these (design rule 11)."""
        holds = {
            DenialReason.PROBLEM_REPORTED: self.latch is not None and self.latch.problem,
            DenialReason.LATCHED: self.latch is not None and not self.latch.problem,
            DenialReason.EMERGENCY_STOP: self.estop is not None and self.estop.on,
            DenialReason.BYPASSED: self.bypassed(now),
            DenialReason.FAULT: any(MATRIX[one][self.column].next_start is NextStart.DENIED for one in self.failures),
            DenialReason.AGENT_UPDATE_NEEDED: bool(self.lacks) or self.draining,
        }
        return frozenset(reason for reason, held in holds.items() if held)
