"""What the server tells an agent: the access list, by which it decides and explains, and the receipt for its events.

``cents`` are euro cents, ``*_ms`` wall time in UTC, ``*_s`` whole seconds.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from wire.codec import decode
from wire.events import Revocation
from wire.words import PROTOCOL, DenialReason, Level, OnMaximum, RiskClass, Service, Shows

MAX_LIST_BYTES = 16 * 1024 * 1024
MAX_RECEIPT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Interval:
    AS_ARRAY: ClassVar[bool] = True
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class PayerCard:
    """Who may be charged, and on what terms. ``rates`` are cents an hour by machine, with VAT where a private person
    pays; a machine without one has no price."""

    id: str
    label: str
    rates: dict[str, int] = field(default_factory=dict)
    seconds_left: int | None = None
    closed: DenialReason | str | None = None
    shows: Shows = Shows.PRICE
    machines: tuple[str, ...] | None = None  # it pays for these alone; None: for all
    open: tuple[Interval, ...] | None = None  # it pays for starts within these; None: always


@dataclass(frozen=True, slots=True)
class PayerRule:
    """Within these hours, at these machines (none: at all), this payer is the holder's default."""

    AS_ARRAY: ClassVar[bool] = True
    payer: str
    machines: tuple[str, ...]
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class HolderEntry:
    """One live token and the holder behind it. ``payers[0]`` is the default where none of ``rules`` holds; of these the
    first that does counts."""

    AS_ARRAY: ClassVar[bool] = True
    token: str
    holder: int
    name: str | None
    lang: str
    payers: tuple[str, ...]
    denied: DenialReason | str | None = None  # a reason of token or holder that holds at every machine
    rules: tuple[PayerRule, ...] = ()
    until_ms: int | None = None  # the token no longer holds from then on


@dataclass(frozen=True, slots=True)
class Authorisation:
    AS_ARRAY: ClassVar[bool] = True
    holder: int
    level: Level | str
    until_ms: int | None = None  # the level no longer holds from then on


@dataclass(frozen=True, slots=True)
class Refusal:
    AS_ARRAY: ClassVar[bool] = True
    holder: int
    reasons: tuple[DenialReason | str, ...]
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """A reason that keeps everybody from a machine from a moment on."""

    AS_ARRAY: ClassVar[bool] = True
    reason: DenialReason | str
    from_ms: int


@dataclass(frozen=True, slots=True)
class Booked:
    """Others start neither within it nor beyond its beginning. ``holder`` None: an outage, or nobody's here to know."""

    AS_ARRAY: ClassVar[bool] = True
    from_ms: int
    until_ms: int
    holder: int | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A class: within it the trainer's badge opens the machine for everybody he stands beside, and the organiser pays."""

    AS_ARRAY: ClassVar[bool] = True
    id: str
    trainer: int
    payer: str
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
    second_s: int | None = None  # a second person's badge is asked for within this time after the first
    again_s: int = (
        0  # and a second person's badge again so often; a lapse alarms and keeps the next start, and releases nothing
    )
    supervise_s: int = 0  # of a supervised use: the trainer's badge again so often; a lapse as above


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
    denied: tuple[Dated, ...] = ()
    booked: tuple[Booked, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    log_only_until_ms: int | None = None  # until then reasons of holder, hour and booking are told and deny nothing


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """Stored for good through ``through[outbox]``; the agent resends what comes after, and may resend from a lower one."""

    through: dict[str, int]


def decode_receipt(payload: bytes) -> Receipt:
    return decode(Receipt, payload, MAX_RECEIPT_BYTES)
