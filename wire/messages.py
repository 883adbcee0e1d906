"""The words of the conversation: every record that crosses the broker, and the closed lists both sides share.

Units: ``*_ms`` are milliseconds (``wall_ms`` since 1970 in UTC, ``mono_ms`` of CLOCK_BOOTTIME inside one boot), ``*_s`` whole
seconds, ``cents`` euro cents. Ids: machines and payers by their short code, sessions and outboxes by UUID, holders by number.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from wire.codec import WireError, decode, dump, encode, from_plain, to_plain

__all__ = ["WireError", "encode"]

PROTOCOL = 1
MAX_EVENT_BYTES = 32 * 1024
MAX_STATUS_BYTES = 32 * 1024
MAX_LIST_BYTES = 16 * 1024 * 1024
MAX_RECEIPT_BYTES = 64 * 1024


class DenialReason(StrEnum):
    """Why a tap does not start a machine. The first block denies outright, the second closes one payer (design rule 11)."""

    UNKNOWN_TOKEN = "unknown_token"
    TOKEN_BLOCKED = "token_blocked"
    TOKEN_EXPIRED = "token_expired"
    HOLDER_BLOCKED = "holder_blocked"
    QUALIFICATION_MISSING = "qualification_missing"
    QUALIFICATION_EXPIRED = "qualification_expired"
    QUALIFICATION_REVOKED = "qualification_revoked"
    OUTSIDE_HOURS = "outside_hours"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"
    LATCHED = "latched"
    PROBLEM_REPORTED = "problem_reported"  # somebody pressed "report a problem"
    EMERGENCY_STOP = "emergency_stop"  # pressed, or its wire is broken
    BYPASSED = "bypassed"  # staff bridges our contact with the key-switch
    FAULT = "fault"
    PIN_WRONG = "pin_wrong"  # of a master badge
    IN_USE = "in_use"
    LIST_MISSING = "list_missing"
    LIST_EXPIRED = "list_expired"
    CLOCK_NOT_SET = "clock_not_set"
    AGENT_UPDATE_NEEDED = "agent_update_needed"

    MEMBERSHIP_ENDED = "membership_ended"
    TENANT_SUSPENDED = "tenant_suspended"
    CONTRACT_ENDED = "contract_ended"
    BUDGET_REACHED = "budget_reached"


PAYER_REASONS = frozenset(
    {
        DenialReason.MEMBERSHIP_ENDED,
        DenialReason.TENANT_SUSPENDED,
        DenialReason.CONTRACT_ENDED,
        DenialReason.BUDGET_REACHED,
    }
)


class EndReason(StrEnum):
    """What ended a session (design rule 4)."""

    HOLDER = "holder"  # the holder's confirmed tap
    STAFF = "staff"  # an explicit stop by staff
    MAX_DURATION = "max_duration"  # where policy says cut
    POWER_LOSS = "power_loss"  # the agent came back and found a session it had not ended
    NO_POWER = "no_power"  # commanded on, contact open
    OUTPUT_FAILED = "output_failed"  # driving the pin raised
    SHUTDOWN = "shutdown"  # the agent was stopped in order
    CARD_REMOVED = "card_removed"  # where the card stays in
    IDLE = "idle"  # idle end by policy, read from a live meter
    TAKEN_OVER = "taken_over"  # by another holder, while idle; ends at the last activity
    EMERGENCY_STOP = "emergency_stop"


class TimeQuality(StrEnum):
    """How far a wall time may be trusted: NTP-synchronised, computed back from a later synchronisation, or guessed."""

    SYNCED = "synced"
    ANCHORED = "anchored"
    ESTIMATED = "estimated"


class RiskClass(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Service(StrEnum):
    """What staff want of a machine (a wish, carried in the list)."""

    IN = "in"
    OUT = "out"
    OUT_AFTER_JOB = "out_after_job"
    MAINTENANCE = "maintenance"


class Taken(StrEnum):
    """What staff can take away: a right of somebody's, or a machine from everybody."""

    TOKEN = "token"  # blocked: lost or withdrawn
    RETURNED_TOKEN = "returned_token"
    MASTER = "master"  # a master badge: its badge is an ordinary one now
    HOLDER = "holder"
    QUALIFICATION = "qualification"
    MEMBERSHIP = "membership"
    TENANT = "tenant"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"


class OnMaximum(StrEnum):
    WARN = "warn"
    CUT = "cut"


class Shows(StrEnum):
    """What the panel may tell bystanders about a payer's terms."""

    PRICE = "price"
    TIME_LEFT = "time_left"
    NOTHING = "nothing"


class OnLoss(StrEnum):
    """What the actuator does when its agent dies: fall open, or hold by itself."""

    OFF = "off"
    HOLD = "hold"


class MachineState(StrEnum):
    IDLE = "idle"
    ARMED = "armed"  # a badge was accepted; the box's button has not been pressed yet
    RUNNING = "running"
    COOLING = "cooling"  # the use is over, power is kept for extraction or nozzle
    ENDING = "ending"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"


# Policy features this version of the wire names. An agent that does not know one takes that machine out of service.
CONFIRMED_END = "confirmed_end"
MAXIMUM_WARN = "maximum_warn"
MAXIMUM_CUT = "maximum_cut"
OPENING_HOURS = "opening_hours"
PRESS_TO_START = "press_to_start"
CARD_STAYS = "card_stays"
IDLE_WARNING = "idle_warning"
IDLE_END = "idle_end"
COOL_DOWN = "cool_down"
TAKE_OVER = "take_over"
EXTENSION = "extension"
PAYER_CHOICE = "payer_choice"
CONTINUATION = "continuation"
BYPASS = "bypass"
FEATURES = frozenset(
    {
        CONFIRMED_END,
        MAXIMUM_WARN,
        MAXIMUM_CUT,
        OPENING_HOURS,
        PRESS_TO_START,
        CARD_STAYS,
        IDLE_WARNING,
        IDLE_END,
        COOL_DOWN,
        TAKE_OVER,
        EXTENSION,
        PAYER_CHOICE,
        CONTINUATION,
        BYPASS,
    }
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment on one agent: exact within its boot, and the wall time it had then."""

    boot: str
    mono_ms: int
    wall_ms: int
    quality: TimeQuality

    def __post_init__(self) -> None:
        if self.mono_ms < 0 or self.wall_ms < 0:
            raise ValueError("time before its own start")


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """Power was about to be given: written and on disk before the relay closes."""

    KIND: ClassVar[str] = "session_started"
    session: str
    machine: str
    holder: int
    token: str
    payer: str
    payer_chosen: bool
    revision: int
    started: Stamp
    continues: str | None = None  # the session that a power loss ended shortly before: no second set-up fee
    master: bool = False  # started with a master badge and its PIN

    def __post_init__(self) -> None:
        _check_uuid(self.session)


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """Everything a charge depends on, in one record (the start need not have arrived)."""

    KIND: ClassVar[str] = "session_ended"
    session: str
    machine: str
    holder: int
    payer: str
    revision: int
    started: Stamp
    ended: Stamp
    occupied_s: int
    powered_s: int
    running_s: int | None  # None: not measured, never 0 for silence
    wh: int | None
    reason: EndReason | str
    taps: int  # presentations at this reader from the start (which is not counted) to the end
    payer_chosen: bool = False  # at the machine, instead of the default
    cooldown_s: int = 0  # of powered_s: after the use was over
    gap_s: int = 0  # of occupied_s: the agent was away and the actuator held
    measured_s: int | None = None  # covered by a live meter; running_s says something about these alone
    continues: str | None = None
    master: bool = False

    def __post_init__(self) -> None:
        _check_uuid(self.session)
        if min(self.occupied_s, self.powered_s, self.taps, self.cooldown_s, self.gap_s) < 0:
            raise ValueError("negative duration or count")


@dataclass(frozen=True, slots=True)
class AccessDenied:
    KIND: ClassVar[str] = "access_denied"
    machine: str
    token: str
    holder: int | None
    reasons: tuple[DenialReason | str, ...]
    revision: int
    at: Stamp
    key_id: str = ""  # of the site key behind ``token``; empty: from before keys were changed


@dataclass(frozen=True, slots=True)
class Fault:
    """Something on the agent's side went wrong. ``code`` is a short name; ``count`` how often since the last report."""

    KIND: ClassVar[str] = "fault"
    machine: str | None
    code: str
    detail: str
    count: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class RunningSession:
    session: str
    machine: str
    occupied_s: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hourly while anything runs: the last second the server knows of each open session (design rule 9)."""

    KIND: ClassVar[str] = "checkpoint"
    running: tuple[RunningSession, ...]
    at: Stamp


@dataclass(frozen=True, slots=True)
class AgentStarted:
    KIND: ClassVar[str] = "agent_started"
    version: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Gap:
    """The state file could not be read and was set aside: what it had not sent is lost, and is counted here."""

    KIND: ClassVar[str] = "gap"
    lost_outbox: str | None
    reason: str
    at: Stamp


@dataclass(frozen=True, slots=True)
class Revocation:
    """Something that staff took away. It travels down in the list and comes back as an event, so that a server restored
    from an older backup learns of it again from its agents (design rule 8)."""

    kind: Taken | str
    ref: str  # a holder's number, the code of a tenant or machine, else the UUID of that row: no personal data
    at_ms: int  # when staff decided it


@dataclass(frozen=True, slots=True)
class RevocationsInForce:
    """Revocations this agent now enforces and had not reported before."""

    KIND: ClassVar[str] = "revocations_in_force"
    revision: int
    revoked: tuple[Revocation, ...]
    at: Stamp


@dataclass(frozen=True, slots=True)
class SessionAdopted:
    """The agent was away for ``gap_s``, the actuator proved that it held throughout, and the session goes on."""

    KIND: ClassVar[str] = "session_adopted"
    session: str
    machine: str
    gap_s: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class ProblemReported:
    """Somebody pressed "report a problem": latches the machine against the next start, and stops nothing."""

    KIND: ClassVar[str] = "problem_reported"
    machine: str
    session: str | None  # that ran then
    holder: int | None  # of that session: whom to ask, not who pressed
    at: Stamp


@dataclass(frozen=True, slots=True)
class LatchCleared:
    """A staff badge at the machine cleared a reported problem."""

    KIND: ClassVar[str] = "latch_cleared"
    machine: str
    holder: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class ListExtended:
    """A master badge let the expired list of one machine hold a while longer: once a list."""

    KIND: ClassVar[str] = "list_extended"
    machine: str
    holder: int
    revision: int
    until_ms: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class TokenRekeyed:
    """A badge was known by an older site key: from now on it is to be known by the newest, ``key_id``."""

    KIND: ClassVar[str] = "token_rekeyed"
    old: str
    new: str
    key_id: str
    at: Stamp


Body = (
    SessionStarted
    | SessionEnded
    | AccessDenied
    | Fault
    | Checkpoint
    | AgentStarted
    | Gap
    | RevocationsInForce
    | SessionAdopted
    | ProblemReported
    | LatchCleared
    | ListExtended
    | TokenRekeyed
)
KINDS: dict[str, type[Body]] = {
    kind.KIND: kind
    for kind in (
        SessionStarted,
        SessionEnded,
        AccessDenied,
        Fault,
        Checkpoint,
        AgentStarted,
        Gap,
        RevocationsInForce,
        SessionAdopted,
        ProblemReported,
        LatchCleared,
        ListExtended,
        TokenRekeyed,
    )
}


@dataclass(frozen=True, slots=True)
class First:
    """What an event was known by first. It was then saved from a damaged file, and has the identity of a new one."""

    AS_ARRAY: ClassVar[bool] = True
    outbox: str
    n: int

    def __post_init__(self) -> None:
        _check_uuid(self.outbox)
        if self.n < 1:
            raise ValueError("numbers start at 1")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every event is wrapped in: readable even when what is inside is not. (outbox, n) is the event's identity."""

    outbox: str
    n: int
    kind: str
    body: Any  # parsed JSON
    simulated: bool = False
    v: int = PROTOCOL
    was: First | None = None  # stored under this already: a duplicate

    def __post_init__(self) -> None:
        _check_uuid(self.outbox)
        if self.n < 1:
            raise ValueError("numbers start at 1")
        if self.was is not None and self.was.outbox == self.outbox:
            raise ValueError("saved from its own outbox")
        if not 0 < len(self.kind) <= 64:
            raise ValueError("kind of 1 to 64 characters")


def encode_event(outbox: str, n: int, body: Body, simulated: bool) -> bytes:
    return encode_envelope(Envelope(outbox, n, body.KIND, to_plain(body), simulated))


def encode_envelope(envelope: Envelope) -> bytes:
    """``was`` is left out where it says nothing, which is always but after a damaged file."""
    plain = to_plain(envelope)
    if envelope.was is None:
        del plain["was"]
    return dump(plain)


def decode_envelope(payload: bytes) -> Envelope:
    """The envelope, its body still unread. Raises WireError."""
    return decode(Envelope, payload, MAX_EVENT_BYTES)


def decode_body(envelope: Envelope) -> Body | None:
    """The record inside, or None for a kind only a newer agent knows. Raises WireError with the field."""
    kind = KINDS.get(envelope.kind)
    return None if kind is None else from_plain(kind, envelope.body, "body")


# --- status -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MachineStatus:
    machine: str
    state: MachineState | str
    since_ms: int  # wall time of the last change of state
    session: str | None = None
    checkpoint_s: int | None = None  # seconds occupied at the last 30-second checkpoint
    latched: bool = False
    faults: tuple[str, ...] = ()
    problem: bool = False  # latched because somebody reported one
    running: bool | None = None  # by the meter; None: no meter, or a silent one
    proven_open_ms: int | None = None  # wall time at which the contact was last seen to open on our release
    lacks: tuple[str, ...] = ()  # features its rules ask for and its box has no part for


@dataclass(frozen=True, slots=True)
class Status:
    """Retained, and the last will (``online`` false). ``boot`` lets the server ignore the late will of an old connection."""

    agent: str
    online: bool
    boot: str
    version: str = ""
    protocol: int = PROTOCOL
    revision: int = 0  # of the list in force
    outbox: str | None = None
    last_n: int = 0
    at_ms: int = 0
    synced: bool = False
    understands: tuple[str, ...] = ()
    machines: tuple[MachineStatus, ...] = ()
    disk_free_mb: int | None = None  # to the hundred


def decode_status(payload: bytes) -> Status:
    return decode(Status, payload, MAX_STATUS_BYTES)


# --- access list ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PayerCard:
    """Who may be charged, and on what terms. ``rates`` are cents an hour by machine; a machine without one has no price."""

    id: str
    label: str
    rates: dict[str, int] = field(default_factory=dict)
    seconds_left: int | None = None
    closed: DenialReason | None = None
    shows: Shows = Shows.PRICE


@dataclass(frozen=True, slots=True)
class HolderEntry:
    """One live token and the holder behind it. ``payers[0]`` is the default."""

    AS_ARRAY: ClassVar[bool] = True
    token: str
    holder: int
    name: str | None
    lang: str
    payers: tuple[str, ...]
    denied: DenialReason | None = None  # a reason of token or holder that holds at every machine


@dataclass(frozen=True, slots=True)
class Authorisation:
    AS_ARRAY: ClassVar[bool] = True
    holder: int
    level: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    AS_ARRAY: ClassVar[bool] = True
    holder: int
    reasons: tuple[DenialReason, ...]
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    AS_ARRAY: ClassVar[bool] = True
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A machine's rules. What is off (None or 0) is not named in ``requires``."""

    confirm_s: int = 5  # the same badge again within this time ends
    max_s: int | None = None
    on_max: OnMaximum = OnMaximum.WARN
    press_s: int | None = None  # the box's button is pressed within this time after the badge, or nothing starts
    removal_s: int | None = None  # the card stays in; so long after it was removed the session ends
    idle_warn_s: int | None = None
    idle_end_s: int | None = None
    cooldown_s: int = 0  # power is kept so long after the use
    takeover_s: int | None = None  # idle for so long, another qualified holder may take over
    extend_s: int = 0  # how much a tap near the longest time adds to it
    extend_times: int = 0
    payer_s: int = 0  # so long after the start the button steps through the holder's payers
    continue_s: int = 0  # a start within this time of a power loss continues that session


@dataclass(frozen=True, slots=True)
class Bypass:
    """Staff bridges our contact with the key-switch: no fault, no sessions, until then."""

    who: str  # as staff wish to be named on the panel
    until_ms: int


@dataclass(frozen=True, slots=True)
class Master:
    """A badge that starts a low- or medium-risk machine while the agent is cut off, together with its PIN."""

    AS_ARRAY: ClassVar[bool] = True
    token: str
    holder: int
    pin: str  # ``tokens.pin_digest``
    payer: str  # who is charged: the lab itself, as a rule


@dataclass(frozen=True, slots=True)
class MachineEntry:
    """One gated machine: what staff want of it, its rules, and who may and may not."""

    machine: str
    name: str
    risk: RiskClass
    valid_until_ms: int
    service: Service = Service.IN
    note: str = ""  # why it is out of service, for the panel
    end_session: str | None = None
    clear_latch_upto: int = 0
    requires: tuple[str, ...] = ()
    policy: Policy = Policy()
    open: tuple[Interval, ...] | None = None  # None: always
    may: tuple[Authorisation, ...] = ()
    may_not: tuple[Refusal, ...] = ()
    bypass: Bypass | None = None
    staff: tuple[int, ...] = ()  # holders whose badge clears a reported problem here


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A site key that only who has the key ``under`` can read (``tokens.unwrap``). The newest comes first."""

    id: str
    under: str
    wrapped: str


@dataclass(frozen=True, slots=True)
class AccessList:
    """All one agent needs to decide and to explain. Facts were judged by the server; moments are the agent's."""

    agent: str
    revision: int
    issued_ms: int
    key_id: str
    payers: tuple[PayerCard, ...]
    holders: tuple[HolderEntry, ...]
    machines: tuple[MachineEntry, ...]
    revoked: tuple[Revocation, ...] = ()
    masters: tuple[Master, ...] = ()
    masters_after_s: int = 600  # a master badge counts once the agent has been cut off for so long
    keys: tuple[WrappedKey, ...] = ()  # newer than those an agent was set up with
    v: int = PROTOCOL


def decode_access_list(payload: bytes) -> AccessList:
    return decode(AccessList, payload, MAX_LIST_BYTES)


# --- receipt ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt:
    """Stored for good through ``through[outbox]``; the agent resends what comes after, and may resend from a lower one."""

    through: dict[str, int]


def decode_receipt(payload: bytes) -> Receipt:
    return decode(Receipt, payload, MAX_RECEIPT_BYTES)


def _check_uuid(text: str) -> None:
    try:
        if str(UUID(text)) == text:
            return
    except ValueError:
        pass
    raise ValueError("not a UUID in its canonical form")
