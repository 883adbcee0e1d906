"""May this badge start this machine now, who pays, and if not, why: all reasons, from the list the agent holds.

Facts were judged by the server and stand in the list; moments (opening hours, the end of a right, the age of the list) are
judged here. Reasons deny by set: every one that holds is named, and a start needs an empty set (design rule 11).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from wire.messages import (
    FEATURES,
    AccessList,
    Authorisation,
    DenialReason,
    HolderEntry,
    MachineEntry,
    Master,
    PayerCard,
    Policy,
    Refusal,
    Revocation,
    RiskClass,
    Service,
    Shows,
    Stamp,
    TimeQuality,
    WrappedKey,
)


@dataclass(frozen=True, slots=True)
class Payer:
    """One who may be charged here. ``rate_cents`` an hour, or None: no price is set, which the panel says before it costs
    an argument."""

    id: str
    label: str
    rate_cents: int | None
    seconds_left: int | None = None
    shows: Shows = Shows.PRICE


@dataclass(frozen=True, slots=True)
class Grant:
    """``payers``: those who are open, the default first."""

    holder: int
    name: str | None
    lang: str
    payers: tuple[Payer, ...]
    revision: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class Denied:
    """``since_ms`` and ``until_ms``: wall times at which the reason began and may end, where the list tells them.

    ``otherwise``: what would be granted if another payer than the default, which is closed, were chosen at the button.
    """

    reasons: frozenset[DenialReason]
    revision: int = 0
    holder: int | None = None
    name: str | None = None
    lang: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    otherwise: Grant | None = None
    key_id: str = ""  # of the site key under which the badge is told


@dataclass(frozen=True, slots=True)
class MasterGrant:
    """What a master badge could do here with its PIN: let the expired list hold until then, or else start."""

    holder: int
    pin: str
    grant: Grant
    extend_until_ms: int | None  # wall


@dataclass(frozen=True, slots=True)
class Local:
    """What the agent knows of a machine without any list."""

    hindrances: frozenset[DenialReason] = frozenset()
    extended_revision: int = 0  # a master badge let this list hold until then
    extended_until_ms: int = 0  # wall


_NOTHING_LOCAL = Local()


@dataclass(frozen=True, slots=True)
class Rights:
    """One machine of a list, its people laid out for look-up."""

    entry: MachineEntry
    may: dict[int, Authorisation]
    may_not: dict[int, Refusal]


@dataclass(frozen=True, slots=True)
class Index:
    """An access list laid out for look-up, once when it arrives: a tap then costs the same with 10 000 holders."""

    agent: str
    revision: int
    issued_ms: int
    key_id: str
    payers: dict[str, PayerCard]
    holders: dict[str, HolderEntry]
    machines: dict[str, Rights]
    revoked: tuple[Revocation, ...]
    masters: dict[str, Master]
    masters_after_ms: int
    keys: tuple[WrappedKey, ...] = ()  # newer than those of the settings


@dataclass(frozen=True, slots=True)
class InForce:
    """The list an agent enforces, and when it came, which is what its age is counted from while the clock is not set."""

    index: Index
    received: Stamp


def index(access_list: AccessList) -> Index:
    return Index(
        agent=access_list.agent,
        revision=access_list.revision,
        issued_ms=access_list.issued_ms,
        key_id=access_list.key_id,
        payers={card.id: card for card in access_list.payers},
        holders={entry.token: entry for entry in access_list.holders},
        machines={entry.machine: _rights(entry) for entry in access_list.machines},
        revoked=access_list.revoked,
        masters={master.token: master for master in access_list.masters},
        masters_after_ms=access_list.masters_after_s * 1000,
        keys=access_list.keys,
    )


def decide(in_force: InForce | None, token: str, machine: str, now: Stamp, local: Local) -> Grant | Denied:
    """The answer to one tap. ``token`` is the card's fingerprint. It does not know whether the machine is in use."""
    rights = None if in_force is None else in_force.index.machines.get(machine)
    if in_force is None or rights is None:
        return Denied(local.hindrances | {DenialReason.LIST_MISSING})
    listed = in_force.index
    holder = listed.holders.get(token)
    common = local.hindrances.union(machine_reasons(in_force, rights.entry, now, local))
    if holder is None:
        reasons = common | {DenialReason.UNKNOWN_TOKEN}
        return Denied(reasons, listed.revision, until_ms=next_opening(rights.entry, now))
    reasons = common.union(_holder_reasons(rights, holder, now))
    closed = _default_closed(listed, holder)
    payers = tuple(_payers(listed, holder, machine))
    granted = Grant(holder.holder, holder.name, holder.lang, payers, listed.revision, rights.entry.policy)
    if not reasons and closed is None:
        return granted
    refusal = rights.may_not.get(holder.holder)
    return Denied(
        reasons if closed is None else reasons | {closed},
        listed.revision,
        holder.holder,
        holder.name,
        holder.lang,
        since_ms=None if refusal is None else refusal.since_ms,
        until_ms=next_opening(rights.entry, now),
        otherwise=granted if payers and not reasons else None,
    )


def machine_reasons(
    in_force: InForce, entry: MachineEntry, now: Stamp, local: Local = _NOTHING_LOCAL
) -> Iterator[DenialReason]:
    """What keeps everybody from this machine now."""
    if entry.service in (Service.OUT, Service.OUT_AFTER_JOB):
        yield DenialReason.OUT_OF_SERVICE
    if entry.service is Service.MAINTENANCE:
        yield DenialReason.MAINTENANCE
    if lacks_feature(entry):
        yield DenialReason.AGENT_UPDATE_NEEDED
    if entry.risk is RiskClass.HIGH and now.quality is TimeQuality.ESTIMATED:
        yield DenialReason.CLOCK_NOT_SET
    if validity_left_ms(in_force, entry, now) <= 0 and not extended(in_force, local, now):
        yield DenialReason.LIST_EXPIRED
    if entry.open is not None and not any(span.from_ms <= now.wall_ms < span.until_ms for span in entry.open):
        yield DenialReason.OUTSIDE_HOURS


def lacks_feature(entry: MachineEntry) -> bool:
    """True when a rule of this machine is one this agent does not know: then nobody may start it (design §3, growth)."""
    return not FEATURES.issuperset(entry.requires)


def validity_left_ms(in_force: InForce, entry: MachineEntry, now: Stamp) -> int:
    """How long new starts may still rely on the list, by the clock; or, while it is not set, by the time since it came."""
    if now.quality is not TimeQuality.ESTIMATED:
        return entry.valid_until_ms - now.wall_ms
    return entry.valid_until_ms - in_force.index.issued_ms - age_ms(in_force, now)


def extended(in_force: InForce, local: Local, now: Stamp) -> bool:
    """True while a master badge lets this list hold beyond its end."""
    return local.extended_revision == in_force.index.revision and now.wall_ms < local.extended_until_ms


def age_ms(in_force: InForce, now: Stamp) -> int:
    """Time since the list came: exact within one boot, else by wall clocks that never go back."""
    came = in_force.received
    if came.boot == now.boot:
        return now.mono_ms - came.mono_ms
    return max(0, now.wall_ms - came.wall_ms)


def next_opening(entry: MachineEntry, now: Stamp) -> int | None:
    return min((span.from_ms for span in entry.open or () if span.from_ms > now.wall_ms), default=None)


def _default_closed(listed: Index, holder: HolderEntry) -> DenialReason | None:
    """Why the holder's default payer cannot be charged. No other steps in by itself: nobody is billed by fallback."""
    default = listed.payers.get(holder.payers[0]) if holder.payers else None
    return DenialReason.MEMBERSHIP_ENDED if default is None else default.closed


def _payers(listed: Index, holder: HolderEntry, machine: str) -> Iterator[Payer]:
    for payer in holder.payers:
        card = listed.payers.get(payer)
        if card is not None and card.closed is None:
            yield payer_here(card, machine)


def payer_here(card: PayerCard, machine: str) -> Payer:
    return Payer(card.id, card.label, card.rates.get(machine), card.seconds_left, card.shows)


def _rights(entry: MachineEntry) -> Rights:
    return Rights(
        entry=replace(entry, may=(), may_not=()),
        may={one.holder: one for one in entry.may},
        may_not={one.holder: one for one in entry.may_not},
    )


def _holder_reasons(rights: Rights, holder: HolderEntry, now: Stamp) -> Iterable[DenialReason]:
    if holder.denied is not None:
        yield holder.denied
    right = rights.may.get(holder.holder)
    if (refusal := rights.may_not.get(holder.holder)) is not None:
        yield from refusal.reasons or (DenialReason.QUALIFICATION_MISSING,)
    elif right is None:
        yield DenialReason.QUALIFICATION_MISSING
    elif right.until_ms is not None and right.until_ms <= now.wall_ms:
        yield DenialReason.QUALIFICATION_EXPIRED
