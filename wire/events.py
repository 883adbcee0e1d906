"""What an agent tells and the server keeps: numbered facts, each complete in itself, and the envelope around them.

Units: ``*_ms`` are milliseconds (``wall_ms`` since 1970 in UTC, ``mono_ms`` of CLOCK_BOOTTIME inside one boot), ``*_s`` whole
seconds. Ids: machines and payers by their short code, sessions and outboxes by UUID, holders by number.
"""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from wire.codec import decode, dump, from_plain, to_plain
from wire.words import PROTOCOL, DenialReason, EndReason, Taken, TimeQuality

MAX_EVENT_BYTES = 32 * 1024
LONGEST_S = 10 * 366 * 24 * 3600  # beyond this a number of seconds is nonsense


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
    supervisor: int | None = None  # the trainer beside, of a supervised start
    companion: int | None = None  # the second person, where two are asked for
    lesson: str | None = None  # the class it was opened for

    def __post_init__(self) -> None:
        _check_uuid(self.session)
        _check_other_session("continues", self.continues)


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
    supervisor: int | None = None
    companion: int | None = None
    lesson: str | None = None

    def __post_init__(self) -> None:
        _check_uuid(self.session)
        _check_other_session("continues", self.continues)
        if min(self.occupied_s, self.powered_s, self.taps) < 0:
            raise ValueError("negative duration or count")
        for name, seconds in (("cooldown_s", self.cooldown_s), ("gap_s", self.gap_s), ("measured_s", self.measured_s)):
            _check_seconds(name, seconds or 0)


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
    enforced: bool = True  # False: told only, and the machine started (the list said log only)


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

    def __post_init__(self) -> None:
        _check_uuid(self.session)
        _check_seconds("gap_s", self.gap_s)


@dataclass(frozen=True, slots=True)
class ProblemReported:
    """Somebody pressed "report a problem": latches the machine against the next start, and stops nothing."""

    KIND: ClassVar[str] = "problem_reported"
    machine: str
    session: str | None  # that ran then
    holder: int | None  # of that session: whom to ask, not who pressed
    at: Stamp

    def __post_init__(self) -> None:
        _check_other_session("session", self.session)


@dataclass(frozen=True, slots=True)
class LatchCleared:
    """A staff badge at the machine cleared a reported problem."""

    KIND: ClassVar[str] = "latch_cleared"
    machine: str
    holder: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class SignOff:
    """At the machine: a trainer's badge, the button, a learner's badge. Evidence that both were there, of nothing else."""

    KIND: ClassVar[str] = "sign_off"
    machine: str
    trainer: int
    learner: int
    revision: int
    at: Stamp


@dataclass(frozen=True, slots=True)
class Unattended:
    """The second person, or the trainer of a supervised use, did not come back in time: keeps the next start (latches the
    machine), and stops nothing."""

    KIND: ClassVar[str] = "unattended"
    machine: str
    session: str
    holder: int  # of that session
    at: Stamp

    def __post_init__(self) -> None:
        _check_uuid(self.session)


@dataclass(frozen=True, slots=True)
class ListExtended:
    """A master badge let the expired list of one machine hold a while longer: once a list."""

    KIND: ClassVar[str] = "list_extended"
    machine: str
    holder: int
    revision: int
    until_ms: int
    at: Stamp

    def __post_init__(self) -> None:
        if self.until_ms < 0:
            raise ValueError("until_ms: time before its own start")


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
    | SignOff
    | Unattended
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
        SignOff,
        Unattended,
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


def _check_uuid(text: str) -> None:
    try:
        if str(UUID(text)) == text:
            return
    except ValueError:
        pass
    raise ValueError("not a UUID in its canonical form")


def _check_other_session(name: str, session: str | None) -> None:
    if session is not None:
        try:
            _check_uuid(session)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def _check_seconds(name: str, seconds: int) -> None:
    if not 0 <= seconds <= LONGEST_S:
        raise ValueError(f"{name}: a number of seconds out of range")
